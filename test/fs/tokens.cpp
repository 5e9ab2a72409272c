// Any completion token, any executor of ours, and what handlers are associated with.
#include "scratch.hpp"

#include <proactor/process.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <memory>

namespace asio = boost::asio;

using namespace test;
using proactor::unique_handle;

namespace {

template <typename T>
struct counting_allocator
{
    using value_type = T;

    explicit counting_allocator(int& n) : count(&n) {}
    template <typename U>
    counting_allocator(const counting_allocator<U>& other) : count(other.count)
    {
    }
    T* allocate(std::size_t n)
    {
        ++*count;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }
    template <typename U>
    bool operator==(const counting_allocator<U>& other) const
    {
        return count == other.count;
    }

    int* count;
};

} // namespace

BOOST_AUTO_TEST_SUITE(tokens)

BOOST_AUTO_TEST_CASE(coroutines)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    bool ended = false;
    const auto body = [&]() -> awaitable<> {
        unique_handle file
            = co_await fs::async_open(ctx, s.path("file"), O_RDONLY, use_awaitable);
        BOOST_TEST(file.get() >= 0);
        co_await fs::async_close(ctx, std::move(file), use_awaitable);
        const auto status = co_await fs::async_stat(ctx, s.path("file"), use_awaitable);
        BOOST_TEST(status.size == 4u);
        auto [ec, text]
            = co_await fs::async_read_file(ctx, s.path("none"), asio::as_tuple(use_awaitable));
        BOOST_TEST(ec.value() == ENOENT);
        BOOST_CHECK_THROW(co_await fs::async_remove(ctx, s.path("none"), use_awaitable),
                          system_error);
        text = co_await fs::async_read_file(ctx, s.path("file"), use_awaitable);
        auto [ec2, n, back] = co_await fs::async_write_file(ctx, s.path("file"), std::move(text),
                                                            {.replace_atomically = true},
                                                            asio::as_tuple(use_awaitable));
        BOOST_TEST(!ec2);
        BOOST_TEST(back == "text");
        BOOST_TEST((co_await fs::async_list(ctx, s.path(), use_awaitable)).size() == 1u);
        ended = true;
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(futures_stackful_coroutines_and_deferred_operations)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    auto handle = fs::async_open(ctx, s.path("file"), O_RDONLY, asio::use_future);
    auto text = fs::async_read_file(ctx, s.path("file"), asio::use_future);
    auto none = fs::async_remove(ctx, s.path("none"), asio::use_future);
    bool ended = false;
    asio::spawn(
        ctx,
        [&](asio::yield_context yield) {
            const unique_handle file = fs::async_open(ctx, s.path("file"), O_RDONLY, yield);
            BOOST_TEST(file.get() >= 0);
            error_code ec;
            fs::async_create_directory(ctx, s.path("file"), yield[ec]);
            BOOST_TEST(ec.value() == EEXIST);
            auto deferred = fs::async_stat(ctx, s.path("file"), asio::deferred);
            BOOST_TEST(std::move(deferred)(yield).size == 4u);
            auto write = fs::async_write_file(ctx, s.path("other"), std::string("o"),
                                              asio::deferred);
            BOOST_TEST(!s.has("other"));
            std::move(write)([&](error_code e, std::size_t, std::string) { BOOST_TEST(!e); });
            ended = true;
        },
        [](std::exception_ptr e) { BOOST_TEST(!e); });
    run(ctx);
    BOOST_TEST(ended);
    BOOST_TEST(handle.get().get() >= 0);
    BOOST_TEST(text.get() == "text");
    BOOST_CHECK_THROW(none.get(), system_error);
    BOOST_TEST(s.content("other") == "o");
}

BOOST_AUTO_TEST_CASE(on_anything_with_an_executor)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    int ended = 0;
    const auto handler = [&](error_code ec, const fs::file_status& status) {
        BOOST_TEST(!ec);
        BOOST_TEST(status.size == 4u);
        ++ended;
    };
    steady_timer timer(ctx);
    auto strand = asio::make_strand(ctx);
    const executor ex(ctx.get_executor());
    fs::async_stat(ctx.get_executor(), s.path("file"), handler);
    fs::async_stat(ex, s.path("file"), handler);
    fs::async_stat(timer, s.path("file"), handler);
    fs::async_stat(asio::any_io_executor(ctx.get_executor()), s.path("file"), handler);
    bool in_strand = false;
    fs::async_stat(strand, s.path("file"), [&](error_code ec, const fs::file_status& status) {
        in_strand = strand.running_in_this_thread();
        handler(ec, status);
    });
    bool in_bound = false;
    fs::async_read_file(ctx, s.path("file"), asio::bind_executor(strand, [&](auto&&...) {
                            in_bound = strand.running_in_this_thread();
                        }));
    run(ctx);
    BOOST_TEST(ended == 5);
    BOOST_TEST(in_strand);
    BOOST_TEST(in_bound);
}

BOOST_AUTO_TEST_CASE(not_on_a_foreign_context)
{
    asio::thread_pool other(1);
    const auto nothing = [](auto&&...) {};
    BOOST_CHECK_THROW(fs::async_stat(other, "file", nothing), system_error);
    BOOST_CHECK_THROW(fs::async_open(other, "file", O_RDONLY, nothing), system_error);
    BOOST_CHECK_THROW(fs::async_read_file(other, "file", nothing), system_error);
    BOOST_CHECK_THROW(fs::async_write_file(other, "file", std::string(), nothing), system_error);
    BOOST_CHECK_THROW(proactor::async_wait(other, proactor::process{1}, nothing), system_error);
}

BOOST_AUTO_TEST_CASE(the_handler_s_allocator)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    int allocations = 0;
    const counting_allocator<char> a(allocations);
    fs::async_stat(ctx, s.path("file"), asio::bind_allocator(a, [](auto&&...) {}));
    BOOST_TEST(allocations == 1);
    run(ctx);
    allocations = 0;
    fs::async_read_file(ctx, s.path("file"), asio::bind_allocator(a, [](auto&&...) {}));
    run(ctx);
    BOOST_TEST(allocations == 2); // an open and a read
}

BOOST_AUTO_TEST_CASE(handlers_that_move_only_and_handlers_that_are_kept)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    int calls = 0;
    fs::async_stat(ctx, s.path("file"),
                   [&calls, only = std::make_unique<int>(1)](auto&&...) { calls += *only; });
    fs::async_read_file(ctx, s.path("file"),
                        [&calls, only = std::make_unique<int>(1)](auto&&...) { calls += *only; });
    const auto shared = std::make_shared<int>(1);
    auto handler = [&calls, shared](auto&&...) { calls += *shared; };
    auto const copied = handler;
    for (int i = 0; i != 2; ++i)
    {
        fs::async_stat(ctx, s.path("file"), handler);
        fs::async_remove(ctx, s.path("none"), handler);
        fs::async_open(ctx, s.path("file"), O_RDONLY, copied);
    }
    run(ctx);
    BOOST_TEST(calls == 8);
}

BOOST_AUTO_TEST_SUITE_END()
