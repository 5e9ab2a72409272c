// A program that turns Asio's older executor requirements off keeps everything else, the deprecated
// members of the context among it.
#include "../../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
#error "this program is about what the macro leaves"
#endif

namespace asio = boost::asio;

BOOST_AUTO_TEST_SUITE(no_ts_executors)

#if !defined(BOOST_ASIO_NO_DEPRECATED) && BOOST_VERSION < 108700
BOOST_AUTO_TEST_CASE(members_post_and_dispatch)
{
    test::context ctx;
    std::vector<int> order;
    ctx.post([&] {
        order.push_back(1);
        ctx.dispatch([&] { order.push_back(2); });
        ctx.post([&] { order.push_back(4); });
        order.push_back(3);
    });
    BOOST_TEST(ctx.run() == 2u);
    std::vector<int> const expected{1, 2, 3, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}
#endif

BOOST_AUTO_TEST_CASE(objects_run_on_strands)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    auto const strand = asio::make_strand(ctx);
    char byte = 0;
    bool inside = false;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           asio::bind_executor(strand, [&](test::error_code, std::size_t) {
                               inside = strand.running_in_this_thread();
                           }));
    asio::write(pair.b, asio::buffer("x", 1));
    test::run(ctx);
    BOOST_TEST(inside);
    BOOST_TEST(byte == 'x');
}

BOOST_AUTO_TEST_SUITE_END()
