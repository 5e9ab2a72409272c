// Does the check for late writes find one?
#include "clean_process.hpp"

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace ut = boost::unit_test;

namespace {

// What a case here writes to freed memory is no offence of the next one.
struct forgetting : test::clean_process
{
    void teardown()
    {
        test::forget_withheld_blocks();
        clean_process::teardown();
    }
};

// Through a pointer that the compiler cannot know to be of freed memory.
void write_to(std::uintptr_t address)
{
    *reinterpret_cast<volatile char*>(address) = 0;
}

std::uintptr_t address_of_block(void const* p)
{
    return reinterpret_cast<std::uintptr_t>(p);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(withholding, forgetting, *ut::enable_if<test::withholds_blocks>())

BOOST_AUTO_TEST_CASE(freed_blocks_are_withheld_and_intact)
{
    test::forget_withheld_blocks();
    auto block = std::make_unique<std::string>(1000, 'x');
    block.reset();
    BOOST_TEST(test::withheld_blocks() == 2u);
    BOOST_TEST(test::withheld_blocks_intact());
}

BOOST_AUTO_TEST_CASE(any_byte_counts)
{
    for (std::size_t const at : {0u, 1u, 500u, 999u})
    {
        auto block = std::make_unique<char[]>(1000);
        auto const freed = address_of_block(block.get());
        block.reset();
        BOOST_TEST(test::withheld_blocks_intact());
        write_to(freed + at);
        BOOST_TEST(!test::withheld_blocks_intact());
        test::forget_withheld_blocks();
    }
}

BOOST_AUTO_TEST_CASE(aligned_blocks_are_aligned_and_withheld)
{
    for (std::size_t const alignment : {1u, 8u, 64u, 4096u})
    {
        auto const a = std::align_val_t(alignment);
        void* const block = ::operator new(100, a);
        auto const freed = address_of_block(block);
        BOOST_TEST(freed % alignment == 0u);
        ::operator delete(block, a);
        BOOST_TEST(test::withheld_blocks_intact());
        write_to(freed + 99);
        BOOST_TEST(!test::withheld_blocks_intact());
        test::forget_withheld_blocks();
    }
}

BOOST_AUTO_TEST_CASE(a_write_is_not_forgotten_when_its_block_is_let_go)
{
    auto block = std::make_unique<char[]>(1000);
    auto const freed = address_of_block(block.get());
    block.reset();
    write_to(freed);
    for (int i = 0; i < 40; ++i)
        std::vector<char>(4u << 20).resize(1);
    BOOST_TEST(test::withheld_blocks() < 40u);
    BOOST_TEST(!test::withheld_blocks_intact());
}

// The planted bug: a buffer is freed while the kernel has it.
BOOST_AUTO_TEST_CASE(a_write_of_the_kernel_is_found)
{
    test::context ctx;
    auto const [one, peer] = test::socket_pair();
    test::stream_descriptor socket(ctx, test::duplicate(one).release());
    auto buffer = std::make_unique<std::vector<char>>(1000);
    std::size_t got = 0;
    socket.async_read_some(asio::buffer(*buffer),
                           [&](test::error_code, std::size_t n) { got = n; });
    ctx.poll();
    buffer.reset();
    BOOST_TEST(test::withheld_blocks_intact());
    test::write_all(peer, "late");
    test::run(ctx);
    BOOST_TEST(got == 4u);
    BOOST_TEST(!test::withheld_blocks_intact());
}

BOOST_AUTO_TEST_SUITE_END()
