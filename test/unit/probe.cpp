// What a kernel must be able to do, decided without one.
#include "../../src/driver/io_uring/probe.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>

using namespace proactor::io_uring;

BOOST_AUTO_TEST_SUITE(probe)

BOOST_AUTO_TEST_CASE(a_kernel_with_everything_lacks_nothing)
{
    BOOST_TEST(missing_opcode(opcodes().set()) == -1);
}

BOOST_AUTO_TEST_CASE(one_missing_opcode_is_named)
{
    for (const int op : {IORING_OP_ACCEPT, IORING_OP_READ, IORING_OP_ASYNC_CANCEL})
        BOOST_TEST(missing_opcode(opcodes().set().reset(static_cast<std::size_t>(op))) == op);
}

BOOST_AUTO_TEST_CASE(a_kernel_that_does_not_answer_has_nothing)
{
    const opcodes none = supported_opcodes(-1);
    BOOST_TEST(none.none());
    BOOST_TEST(missing_opcode(none) >= 0);
}

BOOST_AUTO_TEST_SUITE_END()
