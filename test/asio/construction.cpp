// Contexts that are made with services in them, a configuration or an allocator.
#include "../support/context.hpp"
#include "../support/skip.hpp"

#include <boost/test/unit_test.hpp>

#if BOOST_VERSION >= 108700
#include <boost/asio/config.hpp>
#endif

#include <cstddef>
#include <memory>
#include <type_traits>

namespace asio = boost::asio;

#if BOOST_VERSION >= 108700
namespace {

class named : public asio::execution_context::service
{
public:
    using key_type = named;
    inline static asio::execution_context::id id;
    inline static int alive = 0;

    explicit named(asio::execution_context& ctx, int n = 0)
        : asio::execution_context::service(ctx), number(n)
    {
        ++alive;
    }
    ~named() override { --alive; }

    int const number;

private:
    void shutdown() override {}
};

struct maker : asio::execution_context::service_maker
{
    mutable int calls = 0;

    void make(asio::execution_context& ctx) const override
    {
        asio::make_service<named>(ctx, ++calls);
    }
};

struct counts
{
    int live = 0;
    int total = 0;
};

template <typename T>
struct counting_allocator
{
    using value_type = T;
    counts* of;

    explicit counting_allocator(counts& c) : of(&c) {}
    template <typename U>
    counting_allocator(counting_allocator<U> const& other) : of(other.of)
    {
    }

    T* allocate(std::size_t n)
    {
        ++of->live;
        ++of->total;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n)
    {
        --of->live;
        std::allocator<T>().deallocate(p, n);
    }

    template <typename U>
    bool operator==(counting_allocator<U> const& other) const
    {
        return of == other.of;
    }
};

// What stands in a configuration: by its defaults, as an unconfigured context has it, if nothing.
struct settings
{
    int hint;
    bool scheduler;
    bool registration;
    bool io;

    explicit settings(test::context& ctx)
    {
        asio::config const config(ctx);
        hint = config.get("scheduler", "concurrency_hint", 7);
        scheduler = config.get("scheduler", "locking", true);
        registration = config.get("reactor", "registration_locking", true);
        io = config.get("reactor", "io_locking", true);
    }

    bool locks() const { return scheduler && registration && io; }
};

void check_that_it_runs(test::context& ctx)
{
    test::tcp_pair pair(ctx);
    char const sent = 'x';
    char received = 0;
    pair.a.async_send(asio::buffer(&sent, 1), [](test::error_code, std::size_t) {});
    pair.b.async_receive(asio::buffer(&received, 1), [](test::error_code, std::size_t) {});
    BOOST_TEST(test::run(ctx) == 2u);
    BOOST_TEST(received == sent);
}

} // namespace

BOOST_AUTO_TEST_SUITE(construction)

BOOST_AUTO_TEST_CASE(initial_services_are_there_from_the_start)
{
    {
        maker const m;
        test::context ctx(m);
        BOOST_TEST(m.calls == 1);
        BOOST_TEST(asio::has_service<named>(ctx));
        BOOST_TEST(asio::use_service<named>(ctx).number == 1);
        check_that_it_runs(ctx);
        BOOST_TEST(settings(ctx).hint == 7);
    }
    BOOST_TEST(named::alive == 0);
}

BOOST_AUTO_TEST_CASE(a_configuration_can_be_read)
{
    test::context ctx(asio::config_from_string("scheduler.concurrency_hint=3\nmine.number=42"));
    BOOST_TEST(settings(ctx).hint == 3);
    BOOST_TEST(asio::config(ctx).get("mine", "number", 0) == 42);
    BOOST_TEST(asio::config(ctx).get("mine", "other", 1) == 1);
    check_that_it_runs(ctx);
}

BOOST_AUTO_TEST_CASE(a_concurrency_hint_is_in_the_configuration)
{
    test::context none;
    BOOST_TEST(settings(none).hint == BOOST_ASIO_CONCURRENCY_HINT_DEFAULT);
    BOOST_TEST(settings(none).locks());
    for (int hint : {0, 1, 2, 42, -1})
    {
        test::context ctx(hint);
        BOOST_TEST(settings(ctx).hint == hint);
        BOOST_TEST(settings(ctx).locks());
    }
    test::context safe(BOOST_ASIO_CONCURRENCY_HINT_SAFE);
    BOOST_TEST(settings(safe).hint == -1);
    BOOST_TEST(settings(safe).locks());
}

#if !PROACTOR_TEST_ORACLE
// What Asio itself serves on our context has a thread of its own, whatever the hint.
BOOST_AUTO_TEST_CASE(no_hint_turns_locks_off)
{
    for (int hint : {int(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
                     int(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO)})
    {
        test::context ctx(hint);
        BOOST_TEST(settings(ctx).locks());
        asio::steady_timer erased_in_drop_in_width(ctx, std::chrono::milliseconds(1));
        bool fired = false;
        erased_in_drop_in_width.async_wait([&](test::error_code ec) { fired = !ec; });
        test::run(ctx);
        BOOST_TEST(fired);
    }
}
#endif

template <typename Check, typename... Rest>
void with_allocator(Check check, Rest const&... rest)
{
    using allocator = counting_allocator<char>;
    if constexpr (std::is_constructible_v<asio::execution_context, std::allocator_arg_t, allocator>)
    {
        counts c;
        {
            test::context ctx(std::allocator_arg, allocator(c), rest...);
            BOOST_TEST(c.live > 0);
            check(ctx);
            int const before = c.total;
            check_that_it_runs(ctx);
            BOOST_TEST(c.total > before); // the service of its sockets
        }
        BOOST_TEST(c.live == 0);
    }
    else
        test::skipped("this Boost's contexts take no allocator");
}

BOOST_AUTO_TEST_CASE(an_allocator_makes_the_services)
{
    with_allocator([](test::context& ctx)
                   { BOOST_TEST(settings(ctx).hint == BOOST_ASIO_CONCURRENCY_HINT_DEFAULT); });
}

BOOST_AUTO_TEST_CASE(beside_an_allocator_stands_a_hint_or_a_maker)
{
    with_allocator([](test::context& ctx) { BOOST_TEST(settings(ctx).hint == 42); }, 42);
    with_allocator([](test::context& ctx) { BOOST_TEST(asio::has_service<named>(ctx)); }, maker());
    BOOST_TEST(named::alive == 0);
}

BOOST_AUTO_TEST_SUITE_END()
#endif
