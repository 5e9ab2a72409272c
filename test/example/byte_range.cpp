#include <byte_range.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace {

using file_server::byte_range;
using file_server::decide_range;
using file_server::range_decision;
using file_server::range_kind;

constexpr auto huge = "99999999999999999999999999";
constexpr auto most = std::numeric_limits<std::uint64_t>::max();

range_decision part(std::uint64_t first, std::uint64_t length)
{
    return {range_kind::part, {first, length}};
}

range_decision whole(std::uint64_t size)
{
    return {range_kind::whole, {0, size}};
}

range_decision const unsatisfiable{range_kind::unsatisfiable, {}};

} // namespace

BOOST_AUTO_TEST_SUITE(byte_ranges)

BOOST_AUTO_TEST_CASE(first_and_last_are_both_included)
{
    BOOST_CHECK(decide_range("bytes=0-0", 10) == part(0, 1));
    BOOST_CHECK(decide_range("bytes=2-5", 10) == part(2, 4));
    BOOST_CHECK(decide_range("bytes=0-9", 10) == part(0, 10));
    BOOST_CHECK(decide_range("bytes=9-9", 10) == part(9, 1));
}

BOOST_AUTO_TEST_CASE(what_reaches_behind_the_end_is_cut)
{
    BOOST_CHECK(decide_range("bytes=5-10", 10) == part(5, 5));
    BOOST_CHECK(decide_range(std::string("bytes=5-") + huge, 10) == part(5, 5));
    BOOST_CHECK(decide_range("bytes=5-", 10) == part(5, 5));
    BOOST_CHECK(decide_range("bytes=0-", 10) == part(0, 10));
}

BOOST_AUTO_TEST_CASE(a_suffix_counts_from_the_end)
{
    BOOST_CHECK(decide_range("bytes=-1", 10) == part(9, 1));
    BOOST_CHECK(decide_range("bytes=-10", 10) == part(0, 10));
    BOOST_CHECK(decide_range("bytes=-11", 10) == part(0, 10));
    BOOST_CHECK(decide_range(std::string("bytes=-") + huge, 10) == part(0, 10));
}

BOOST_AUTO_TEST_CASE(what_selects_no_byte_is_unsatisfiable)
{
    BOOST_CHECK(decide_range("bytes=10-", 10) == unsatisfiable);
    BOOST_CHECK(decide_range("bytes=10-20", 10) == unsatisfiable);
    BOOST_CHECK(decide_range(std::string("bytes=") + huge + "-", 10) == unsatisfiable);
    BOOST_CHECK(decide_range("bytes=-0", 10) == unsatisfiable);
    BOOST_CHECK(decide_range("bytes=0-", 0) == unsatisfiable);
    BOOST_CHECK(decide_range("bytes=0-0", 0) == unsatisfiable);
    BOOST_CHECK(decide_range("bytes=-0", 0) == unsatisfiable);
}

BOOST_AUTO_TEST_CASE(a_suffix_of_nothing_is_the_whole)
{
    BOOST_CHECK(decide_range("bytes=-1", 0) == whole(0));
}

BOOST_AUTO_TEST_CASE(sizes_up_to_the_largest)
{
    BOOST_CHECK(decide_range("bytes=18446744073709551613-18446744073709551614", most)
                == part(most - 2, 2));
    BOOST_CHECK(decide_range("bytes=18446744073709551615-", most) == unsatisfiable);
    BOOST_CHECK(decide_range("bytes=0-", most) == part(0, most));
}

BOOST_AUTO_TEST_CASE(unit_and_blanks)
{
    BOOST_CHECK(decide_range("Bytes=1-2", 10) == part(1, 2));
    BOOST_CHECK(decide_range("bytes= \t1-2 ", 10) == part(1, 2));
    BOOST_CHECK(decide_range("items=1-2", 10) == whole(10));
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_ignored)
{
    for (auto const field : {"", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=5-4", "bytes=a-b",
                             "bytes=1-b", "bytes=1--2", "bytes=--2", "bytes=+1-2", "bytes=1 -2",
                             "bytes=0x1-2", "bytes=1-2,4-5", "bytes=1-2,", "1-2", "bytes 1-2"})
        BOOST_TEST((decide_range(field, 10) == whole(10)), field);
}

BOOST_AUTO_TEST_SUITE_END()
