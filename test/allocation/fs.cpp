// Functions of names, warm, need no heap, with a path of any usual length.
#include "steady_state.hpp"

#if !PROACTOR_TEST_ORACLE

#include <proactor/fs.hpp>

#include "../support/handles.hpp"

#include <fcntl.h>
#include <memory_resource>
#include <string>
#include <utility>

namespace fs = proactor::fs;

namespace {

std::string const path = "/proc/self/../self/../self/../self/../self/../self/../self/status";

template <typename Start>
void many_times(Start start)
{
    // One thread of the pool: how many a burst takes is a matter of the scheduler.
    test::context ctx(proactor::context_options{.pool_threads = 1});
    int ended = 0;
    auto const count = test::allocations_when_warm([&] {
        for (int i = 0; i < 200; ++i)
        {
            start(ctx, [&](test::error_code ec, auto&&...) { ended += !ec; });
            if (i % 8 == 7)
                test::run(ctx);
        }
    });
    BOOST_TEST(ended == 600);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

} // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(stats)
{
    many_times([](auto& ctx, auto handler) { fs::async_stat(ctx, path, handler); });
}

BOOST_AUTO_TEST_CASE(opens_and_closes)
{
    many_times([](auto& ctx, auto handler) {
        fs::async_open(ctx, path, O_RDONLY,
                       [&ctx, handler](test::error_code ec, proactor::unique_handle file) {
                           BOOST_TEST(!ec);
                           fs::async_close(ctx, std::move(file), handler);
                       });
    });
}

// The buffer is the user's: here one that recycles its memory.
BOOST_AUTO_TEST_CASE(reads_of_whole_files)
{
    struct recycling
    {
        recycling() : before(std::pmr::set_default_resource(&memory)) {}
        ~recycling() { std::pmr::set_default_resource(before); }

        std::pmr::unsynchronized_pool_resource memory{{.largest_required_pool_block = 1 << 20}};
        std::pmr::memory_resource* const before;
    } const scope;
    test::temporary_file const file;
    test::write_all(file.file(), std::string(40'000, 'x')); // more than one read
    many_times([&](auto& ctx, auto handler) {
        fs::async_read_file<std::pmr::string>(ctx, file.path(), handler);
    });
}

BOOST_AUTO_TEST_CASE(writes_of_whole_files)
{
    test::temporary_file const file;
    std::string content(1000, 'x');
    test::context ctx(proactor::context_options{.pool_threads = 1});
    int ended = 0;
    auto const count = test::allocations_when_warm([&] {
        for (int i = 0; i < 200; ++i)
        {
            fs::async_write_file(ctx, file.path(), std::move(content),
                                 [&](test::error_code ec, std::size_t n, std::string back) {
                                     ended += !ec && n == 1000;
                                     content = std::move(back);
                                 });
            test::run(ctx);
        }
    });
    BOOST_TEST(ended == 600);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(in_a_coroutine)
{
    test::context ctx(proactor::context_options{.pool_threads = 1});
    std::uint64_t count = 99;
    auto const body = [&]() -> test::awaitable<void> {
        std::uint64_t before = 0;
        for (int i = 0; i < 300; ++i)
        {
            if (i == 200)
                before = test::allocations();
            auto file = co_await fs::async_open(ctx, path, O_RDONLY, test::use_awaitable);
            co_await fs::async_stat(ctx, path, test::use_awaitable);
            co_await fs::async_close(ctx, std::move(file), test::use_awaitable);
        }
        count = test::allocations() - before;
    };
    boost::asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
