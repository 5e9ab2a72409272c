// The one of many requests that an operation carries.
#include <proactor/request.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

namespace {

struct empty
{
};
struct number
{
    std::uint64_t value = 7;
};
struct text
{
    const char* data = nullptr;
    int size = 0;
};

using one = proactor::request::one_of<empty, number, text>;

struct counter
{
    std::uint64_t operator()(const empty&) const { return 0; }
    std::uint64_t operator()(const number& n) const { return n.value; }
    std::uint64_t operator()(const text& t) const { return static_cast<std::uint64_t>(t.size); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(one_of)

BOOST_AUTO_TEST_CASE(it_begins_as_the_first_of_them)
{
    const one r;
    BOOST_TEST(r.index() == 0u);
    BOOST_TEST(r.is<empty>());
    BOOST_TEST(r.get_if<number>() == nullptr);
}

BOOST_AUTO_TEST_CASE(it_is_what_it_was_given_last)
{
    one r = number{3};
    BOOST_TEST(r.index() == 1u);
    BOOST_TEST(r.get<number>().value == 3u);
    r = text{"four", 4};
    BOOST_TEST(!r.is<number>());
    BOOST_TEST(r.get_if<text>()->size == 4);
    r.emplace<number>();
    BOOST_TEST(r.get<number>().value == 7u);
    r.get<number>().value = 8;
    const one copy = r;
    BOOST_TEST(copy.get<number>().value == 8u);
}

BOOST_AUTO_TEST_CASE(a_visitor_gets_it_as_its_own_type)
{
    BOOST_TEST(one().visit(counter()) == 0u);
    BOOST_TEST(one(number{5}).visit(counter()) == 5u);
    BOOST_TEST(one(text{"six", 6}).visit(counter()) == 6u);
}

BOOST_AUTO_TEST_CASE(all_types_are_told_in_their_order)
{
    const auto places = one::of_all(
        []<typename... T>() { return (one::index_of<T> * ... * 1) + sizeof...(T); });
    BOOST_TEST(places == 3u);
    BOOST_TEST(one::index_of<text> == 2u);
    BOOST_TEST(one::size == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
