#include <limits.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>

namespace {

using file_server::fit_to_descriptors;
using file_server::limits;

} // namespace

BOOST_AUTO_TEST_SUITE(server_limits)

BOOST_AUTO_TEST_CASE(with_plenty_nothing_is_lowered)
{
    auto const bounds = fit_to_descriptors({}, 1'000'000);
    BOOST_TEST(bounds.transfers == limits{}.transfers);
    BOOST_TEST(bounds.connections == limits{}.connections);
}

BOOST_AUTO_TEST_CASE(connections_leave_room_for_the_files_of_transfers)
{
    for (std::size_t const left : {6, 7, 30, 200, 1024, 4096})
    {
        auto const bounds = fit_to_descriptors({}, left);
        BOOST_TEST(bounds.transfers >= 1u);
        BOOST_TEST(bounds.connections >= 1u);
        BOOST_TEST(bounds.transfers <= 64u);
        BOOST_TEST(bounds.transfers + bounds.connections <= left);
    }
}

BOOST_AUTO_TEST_CASE(with_nothing_left_one_of_each_is_tried)
{
    for (std::size_t const left : {0, 1, 4, 5})
    {
        auto const bounds = fit_to_descriptors({}, left);
        BOOST_TEST(bounds.transfers == 1u);
        BOOST_TEST(bounds.connections == 1u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
