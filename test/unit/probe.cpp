// What a kernel can do for a driver, decided without one.
#include "../../src/driver/io_uring/probe.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <liburing.h>

using namespace proactor::io_uring;

namespace request = proactor::request;

namespace {

opcodes all_but(int op)
{
    return opcodes().set().reset(static_cast<std::size_t>(op));
}

bool serves(const opcodes& supported, const request::any& r)
{
    return served_by(supported).test(r.index());
}

} // namespace

BOOST_AUTO_TEST_SUITE(probe)

BOOST_AUTO_TEST_CASE(a_kernel_with_everything_serves_everything)
{
    auto all_of_the_system = request_set().set();
    all_of_the_system.reset(request::index_of<request::call>);
    all_of_the_system.reset(request::index_of<request::await_buffer>);
    all_of_the_system.reset(request::index_of<request::send_file>);
    BOOST_TEST((served_by(opcodes().set().reset(255)) == all_of_the_system));
}

BOOST_AUTO_TEST_CASE(a_missing_opcode_concerns_the_requests_that_need_it)
{
    BOOST_TEST(!serves(all_but(IORING_OP_ACCEPT), request::accept{}));
    BOOST_TEST(serves(all_but(IORING_OP_ACCEPT), request::connect{}));
    for (const int op : {IORING_OP_READ, IORING_OP_READV})
    {
        BOOST_TEST(!serves(all_but(op), request::read{}));
        BOOST_TEST(!serves(all_but(op), request::read_at{}));
        BOOST_TEST(serves(all_but(op), request::write_at{}));
    }
    BOOST_TEST(!serves(all_but(IORING_OP_RECVMSG), request::receive{}));
    BOOST_TEST(!serves(all_but(IORING_OP_RECVMSG), request::receive_message{}));
    BOOST_TEST(serves(all_but(IORING_OP_RECV), request::receive_message{}));
    BOOST_TEST(!serves(all_but(55), request::truncate{})); // IORING_OP_FTRUNCATE, Linux 6.9
    BOOST_TEST(serves(all_but(55), request::allocate{}));
    BOOST_TEST(!serves(all_but(IORING_OP_SENDMSG_ZC), request::send_zc{}));
    BOOST_TEST(serves(all_but(IORING_OP_SEND_ZC), request::send{}));
}

BOOST_AUTO_TEST_CASE(three_have_no_substitute)
{
    BOOST_TEST(required().count() == 3u);
    for (const int op : {IORING_OP_NOP, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL})
        BOOST_TEST(required().test(static_cast<std::size_t>(op)));
}

BOOST_AUTO_TEST_CASE(a_kernel_that_does_not_answer_has_nothing)
{
    const opcodes none = supported_opcodes(-1);
    BOOST_TEST(none.none());
    BOOST_TEST(served_by(none).none());
}

BOOST_AUTO_TEST_SUITE_END()
