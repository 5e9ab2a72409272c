// Every standard property of the executor: by query, require and prefer, and through the erased
// executors.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <boost/asio/execution/any_executor.hpp>

#include <memory>
#include <vector>

namespace asio = boost::asio;
namespace execution = asio::execution;
using own = test::context::executor_type;

namespace {

// Counts allocations and gives every copy the same identity.
template <typename T = void>
struct counting_allocator
{
    using value_type = T;
    int* allocations;

    explicit counting_allocator(int& count) : allocations(&count) {}

    template <typename U>
    counting_allocator(counting_allocator<U> const& other) : allocations(other.allocations)
    {
    }

    T* allocate(std::size_t n)
    {
        ++*allocations;
        return std::allocator<T>().allocate(n);
    }

    void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }

    template <typename U>
    bool operator==(counting_allocator<U> const& other) const
    {
        return allocations == other.allocations;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(executor_properties)

BOOST_AUTO_TEST_CASE(the_executor_satisfies_the_concepts)
{
    static_assert(execution::is_executor<own>::value);
    static_assert(asio::can_require_v<own, execution::blocking_t::possibly_t>);
    static_assert(asio::can_require_v<own, execution::blocking_t::never_t>);
    static_assert(!asio::can_require_v<own, execution::blocking_t::always_t>);
    static_assert(asio::can_require_v<own, execution::relationship_t::fork_t>);
    static_assert(asio::can_require_v<own, execution::relationship_t::continuation_t>);
    static_assert(asio::can_require_v<own, execution::outstanding_work_t::tracked_t>);
    static_assert(asio::can_require_v<own, execution::outstanding_work_t::untracked_t>);
    static_assert(asio::can_require_v<own, execution::allocator_t<std::allocator<void>>>);
    static_assert(asio::can_require_v<own, execution::allocator_t<void>>);
    static_assert(asio::can_query_v<own, execution::context_t>);
    static_assert(asio::can_query_v<own, execution::mapping_t>);
    static_assert(asio::can_query_v<own, execution::blocking_t>);
    static_assert(asio::can_query_v<own, execution::relationship_t>);
    static_assert(asio::can_query_v<own, execution::outstanding_work_t>);
    static_assert(asio::can_query_v<own, execution::allocator_t<void>>);
    static_assert(std::is_nothrow_copy_constructible_v<own>);
    static_assert(std::is_nothrow_move_constructible_v<own>);
    static_assert(std::is_convertible_v<own, asio::any_io_executor>);
#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
    static_assert(asio::is_executor<own>::value);
#endif
}

BOOST_AUTO_TEST_CASE(the_static_type_of_the_context_is_the_context)
{
    static_assert(std::is_same_v<decltype(asio::query(std::declval<own>(), execution::context)),
                                 test::context&>);
    test::context ctx;
    BOOST_TEST(&asio::query(ctx.get_executor(), execution::context) == &ctx);
}

BOOST_AUTO_TEST_CASE(defaults)
{
    test::context ctx;
    auto const ex = ctx.get_executor();
    BOOST_TEST((asio::query(ex, execution::blocking) == execution::blocking.possibly));
    BOOST_TEST((asio::query(ex, execution::relationship) == execution::relationship.fork));
    BOOST_TEST(
        (asio::query(ex, execution::outstanding_work) == execution::outstanding_work.untracked));
    BOOST_TEST((asio::query(ex, execution::mapping) == execution::mapping.thread));
    BOOST_TEST((asio::query(ex, execution::allocator) == std::allocator<void>()));
#if BOOST_VERSION >= 109000
    BOOST_TEST((asio::query(ex, execution::inline_exception_handling)
                == execution::inline_exception_handling.capture));
#endif
#if !PROACTOR_TEST_ORACLE
    static_assert(asio::can_query_v<own, execution::occupancy_t>);
    std::size_t const occupancy = asio::query(ex, execution::occupancy);
    BOOST_TEST(occupancy >= 1u);
#endif
}

BOOST_AUTO_TEST_CASE(require_changes_one_property_and_keeps_the_others)
{
    test::context ctx;
    auto const never = asio::require(ctx.get_executor(), execution::blocking.never);
    BOOST_TEST((asio::query(never, execution::blocking) == execution::blocking.never));
    auto const next = asio::require(never, execution::relationship.continuation);
    BOOST_TEST((asio::query(next, execution::blocking) == execution::blocking.never));
    BOOST_TEST(
        (asio::query(next, execution::relationship) == execution::relationship.continuation));
    auto const tracked = asio::require(next, execution::outstanding_work.tracked);
    BOOST_TEST(
        (asio::query(tracked, execution::outstanding_work) == execution::outstanding_work.tracked));
    BOOST_TEST((asio::query(tracked, execution::blocking) == execution::blocking.never));
    BOOST_TEST(
        (asio::query(tracked, execution::relationship) == execution::relationship.continuation));
    auto const back =
        asio::require(asio::require(asio::require(tracked, execution::outstanding_work.untracked),
                                    execution::blocking.possibly),
                      execution::relationship.fork);
    BOOST_TEST((back == ctx.get_executor()));
    static_assert(std::is_same_v<decltype(back), own const>);
}

BOOST_AUTO_TEST_CASE(prefer_accepts_what_is_not_supported)
{
    test::context ctx;
    static_assert(!asio::can_require_v<own, execution::mapping_t::new_thread_t>);
    auto const same = asio::prefer(ctx.get_executor(), execution::mapping.new_thread);
    BOOST_TEST((same == ctx.get_executor()));
    auto const never = asio::prefer(ctx.get_executor(), execution::blocking.never);
    BOOST_TEST((asio::query(never, execution::blocking) == execution::blocking.never));
}

BOOST_AUTO_TEST_CASE(equality_is_context_and_properties)
{
    test::context a;
    test::context b;
    BOOST_TEST((a.get_executor() == a.get_executor()));
    BOOST_TEST((a.get_executor() != b.get_executor()));
    BOOST_TEST((a.get_executor() != asio::require(a.get_executor(), execution::blocking.never)));
    own copy = a.get_executor();
    copy = b.get_executor();
    BOOST_TEST((copy == b.get_executor()));
}

BOOST_AUTO_TEST_CASE(tracked_work_keeps_the_context_running)
{
    test::context ctx;
    {
        auto const tracked = asio::require(ctx.get_executor(), execution::outstanding_work.tracked);
        auto const copy = tracked;
        auto other = asio::require(ctx.get_executor(), execution::outstanding_work.tracked);
        other = copy;
        auto const moved = std::move(other);
        ctx.poll();
        BOOST_TEST(!ctx.stopped());
    }
    ctx.poll();
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(the_required_allocator_is_used_by_execute)
{
    test::context ctx;
    int allocations = 0;
    auto const ex =
        asio::require(ctx.get_executor(), execution::allocator(counting_allocator<>(allocations)));
    BOOST_TEST((asio::query(ex, execution::allocator).allocations == &allocations));
    asio::require(ex, execution::blocking.never).execute([] {});
    BOOST_TEST(allocations == 1);
    BOOST_TEST(ctx.run() == 1u);
    static_assert(std::is_same_v<decltype(asio::require(ex, execution::allocator)), own>);
}

BOOST_AUTO_TEST_CASE(any_io_executor_holds_it_and_gives_it_back)
{
    test::context ctx;
    test::context other;
    asio::any_io_executor const any = ctx.get_executor();
    BOOST_TEST((any == asio::any_io_executor(ctx.get_executor())));
    BOOST_TEST((any != asio::any_io_executor(other.get_executor())));
    BOOST_REQUIRE(any.target<own>());
    BOOST_TEST((*any.target<own>() == ctx.get_executor()));
    BOOST_TEST(&any.context() == static_cast<asio::execution_context*>(&ctx));
    auto const never = asio::require(any, execution::blocking.never);
    BOOST_TEST((asio::query(never, execution::blocking) == execution::blocking.never));
    auto const continuation = asio::prefer(any, execution::relationship.continuation);
    BOOST_TEST((asio::query(continuation, execution::relationship)
                == execution::relationship.continuation));
    int ran = 0;
    never.execute([&] { ++ran; });
    any.execute([&] { ++ran; });
    BOOST_TEST(ran == 0);
    BOOST_TEST(ctx.run() == 2u);
}

BOOST_AUTO_TEST_CASE(any_executor_with_a_user_s_choice_of_properties)
{
    using any = execution::any_executor<
        execution::context_as_t<test::context&>, execution::blocking_t::never_t,
        execution::prefer_only<execution::relationship_t::fork_t>, execution::mapping_t::thread_t>;
    test::context ctx;
    any const ex = asio::require(ctx.get_executor(), execution::blocking.never);
    BOOST_TEST(&asio::query(ex, execution::context_as_t<test::context&>()) == &ctx);
    bool ran = false;
    ex.execute([&] { ran = true; });
    ctx.run();
    BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(tracked_work_through_any_io_executor)
{
    test::context ctx;
    {
        asio::any_io_executor const any = ctx.get_executor();
        auto const tracked = asio::prefer(any, execution::outstanding_work.tracked);
        ctx.poll();
        BOOST_TEST(!ctx.stopped());
    }
    ctx.poll();
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_SUITE_END()
