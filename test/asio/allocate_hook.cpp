// In older releases of Boost, handlers without an allocator may have functions `asio_handler_allocate` and
// `asio_handler_deallocate`, which bring the memory of the operations that they are started with.
#include "../support/context.hpp"
#include "../support/recording_allocator.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace asio = boost::asio;

#if !defined(BOOST_ASIO_NO_DEPRECATED) && defined(BOOST_ASIO_HANDLER_ALLOC_HOOK_HPP)

namespace {

struct counts
{
    int allocated = 0;
    int freed = 0;
    int freed_when_called = 0;
    int calls = 0;
    std::size_t bytes = 0; ///< in use
};

void* allocate(counts& c, std::size_t size)
{
    ++c.allocated;
    c.bytes += size;
    return ::operator new(size);
}

void deallocate(counts& c, void* p, std::size_t size)
{
    ++c.freed;
    c.bytes -= size;
    ::operator delete(p);
}

struct hooked
{
    counts* seen;
    // Moved from, it cannot say where its memory came from.
    std::shared_ptr<counts> also = std::shared_ptr<counts>(seen, [](counts*) {});

    template <typename... Args>
    void operator()(Args&&...) const
    {
        ++seen->calls;
        seen->freed_when_called += seen->freed;
    }

    friend void* asio_handler_allocate(std::size_t size, hooked* self)
    {
        return allocate(*self->also, size);
    }
    friend void asio_handler_deallocate(void* p, std::size_t size, hooked* self)
    {
        deallocate(*self->also, p, size);
    }
};

// Passes the hook of its base on.
struct derived : hooked
{
};

// A user's own wrapper, a template.
template <typename Handler>
struct hooked_around
{
    Handler inner;
    counts* seen;

    template <typename... Args>
    void operator()(Args&&... args)
    {
        ++seen->calls;
        inner(std::forward<Args>(args)...);
    }

    friend void* asio_handler_allocate(std::size_t size, hooked_around<Handler>* self)
    {
        return allocate(*self->seen, size);
    }
    friend void asio_handler_deallocate(void* p, std::size_t size, hooked_around<Handler>* self)
    {
        deallocate(*self->seen, p, size);
    }
};

void check(const counts& c, int operations)
{
    BOOST_TEST(c.allocated == operations);
    BOOST_TEST(c.freed == operations);
    BOOST_TEST(c.bytes == 0u);
    BOOST_TEST(c.calls == 1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(allocate_hook)

BOOST_AUTO_TEST_CASE(brings_the_memory_of_an_operation_and_has_it_back_before_the_call)
{
    test::context ctx;
    counts seen;
    test::steady_timer timer(ctx, std::chrono::milliseconds(1));
    timer.async_wait(hooked{&seen});
    BOOST_TEST(seen.allocated == 1);
    BOOST_TEST(seen.bytes >= sizeof(hooked));
    test::run(ctx);
    check(seen, 1);
    BOOST_TEST(seen.freed_when_called == 1);
}

BOOST_AUTO_TEST_CASE(of_a_base_and_of_a_users_template)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char data[4];
    counts base;
    pair.a.async_read_some(asio::buffer(data), derived{{&base}});
    asio::write(pair.b, asio::buffer("abcd", 4));
    test::run(ctx);
    check(base, 1);

    counts around;
    ctx.restart();
    auto ignore = [](test::error_code, std::size_t) {};
    pair.a.async_read_some(asio::buffer(data), hooked_around<decltype(ignore)>{ignore, &around});
    asio::write(pair.b, asio::buffer("abcd", 4));
    test::run(ctx);
    check(around, 1);
}

BOOST_AUTO_TEST_CASE(of_the_handler_of_a_composed_operation)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    counts seen;
    std::string got(3, '\0');
    auto const one_by_one = [](test::error_code ec, std::size_t n) -> std::size_t
    { return ec || n == 3 ? 0 : 1; };
    asio::async_read(pair.a, asio::buffer(got), one_by_one, hooked{&seen});
    asio::write(pair.b, asio::buffer("abc", 3));
    test::run(ctx);
    check(seen, 3);
    BOOST_TEST(got == "abc");
}

BOOST_AUTO_TEST_CASE(has_its_memory_back_when_the_operation_is_destroyed)
{
    counts seen;
    {
        test::context ctx;
        test::steady_timer timer(ctx, std::chrono::hours(1));
        timer.async_wait(hooked{&seen});
    }
    BOOST_TEST(seen.allocated == 1);
    BOOST_TEST(seen.freed == 1);
    BOOST_TEST(seen.bytes == 0u);
    BOOST_TEST(seen.calls == 0);
}

BOOST_AUTO_TEST_CASE(is_not_asked_where_there_is_an_allocator)
{
    struct with_allocator : hooked
    {
        test::ledger* book;
        using allocator_type = test::recording_allocator<>;
        allocator_type get_allocator() const noexcept { return allocator_type(*book); }
    };
    test::ledger book;
    test::context ctx;
    counts seen;
    test::steady_timer timer(ctx, std::chrono::milliseconds(1));
    timer.async_wait(with_allocator{{&seen}, &book});
    test::run(ctx);
    check(seen, 0);
    BOOST_TEST(book.allocations == 1);
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(handlers_without_one_stay_in_the_block_cache)
{
    auto const plain = [](test::error_code, std::size_t) {};
    using lambda = std::remove_const_t<decltype(plain)>;
    using proactor::detail::has_allocate_hook;
    static_assert(has_allocate_hook<hooked>);
    static_assert(has_allocate_hook<asio::detail::binder1<hooked, int>>);
    static_assert(!has_allocate_hook<lambda>);
    static_assert(!has_allocate_hook<asio::detail::binder1<lambda, int>>);
    static_assert(!has_allocate_hook<void (*)(test::error_code)>);
}
#endif

BOOST_AUTO_TEST_SUITE_END()

#endif
