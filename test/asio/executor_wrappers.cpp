// A user's own executor around the context's, as the executor of I/O objects: they are served by
// the context, and every handler runs through the wrapper.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>
#include <utility>

#include <unistd.h>

namespace asio = boost::asio;
namespace execution = asio::execution;
using namespace std::chrono_literals;
using test::error_code;

namespace {

using own = test::context::executor_type;

struct ledger
{
    int executed = 0;
    int depth = 0; ///< of wrapped functions that are running

    bool inside() const { return depth > 0; }
};

/// Forwards properties as they come, and notes what runs.
template <typename Inner>
class noting_executor
{
public:
    noting_executor(Inner inner, ledger& book) noexcept : inner_(std::move(inner)), book_(&book) {}

    template <typename Property>
    requires asio::can_require_v<const Inner&, Property>
    auto require(const Property& p) const { return wrap(asio::require(inner_, p)); }
    template <typename Property>
    requires(
        !asio::can_require_v<
            const Inner&,
            Property> && asio::can_prefer_v<const Inner&, Property>) auto prefer(const Property& p)
        const
    {
        return wrap(asio::prefer(inner_, p));
    }
    template <typename Property>
    requires asio::can_query_v<const Inner&, Property>
    decltype(auto) query(const Property& p) const
        noexcept(asio::is_nothrow_query_v<const Inner&, Property>)
    {
        return asio::query(inner_, p);
    }

    template <typename F>
    void execute(F f) const
    {
        inner_.execute([book = book_, f = std::move(f)]() mutable {
            struct scope
            {
                ledger& book;
                ~scope() { --book.depth; }
            } inside{*book};
            ++book->executed;
            ++book->depth;
            std::move(f)();
        });
    }

    friend bool operator==(const noting_executor& a, const noting_executor& b) noexcept
    {
        return a.inner_ == b.inner_ && a.book_ == b.book_;
    }

private:
    template <typename Executor>
    auto wrap(Executor ex) const
    {
        return noting_executor<Executor>(std::move(ex), *book_);
    }

    Inner inner_;
    ledger* book_;
};

template <typename Executor>
using steady_timer_on =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// Every kind of object on this executor; each handler must find itself inside the wrapper.
template <typename Executor>
void runs_through(test::context& ctx, const Executor& ex, ledger& book)
{
    int inside = 0;
    int called = 0;
    auto const note = [&](error_code ec, auto&&...) {
        ++called;
        inside += !ec && book.inside();
    };
    asio::basic_socket_acceptor<test::tcp, Executor> acceptor(ex, test::loopback());
    asio::basic_stream_socket<test::tcp, Executor> client(ex);
    asio::basic_stream_socket<test::tcp, Executor> server(ex);
    acceptor.async_accept(server, note);
    client.async_connect(acceptor.local_endpoint(), note);
    test::run_until(ctx, [&] { return called == 2; });

    char bytes[4] = {};
    client.async_read_some(asio::buffer(&bytes[0], 1), note);
    server.async_write_some(asio::buffer("x", 1), note);
    server.async_wait(asio::socket_base::wait_write, note);

    asio::basic_datagram_socket<test::udp, Executor> datagrams(
        ex, {asio::ip::address_v4::loopback(), 0});
    datagrams.async_receive(asio::buffer(&bytes[1], 1), note);
    datagrams.async_send_to(asio::buffer("x", 1), datagrams.local_endpoint(), note);

    steady_timer_on<Executor> timer(ex, 1ms);
    timer.async_wait(note);

    asio::basic_signal_set<Executor> signals(ex, SIGUSR1);
    signals.async_wait(note);
    std::raise(SIGUSR1);

    asio::basic_readable_pipe<Executor> reader(ex);
    asio::basic_writable_pipe<Executor> writer(ex);
    asio::connect_pipe(reader, writer);
    reader.async_read_some(asio::buffer(&bytes[2], 1), note);
    writer.async_write_some(asio::buffer("x", 1), note);

    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    asio::posix::basic_stream_descriptor<Executor> in(ex, ends[0]);
    asio::posix::basic_stream_descriptor<Executor> out(ex, ends[1]);
    in.async_read_some(asio::buffer(&bytes[3], 1), note);
    out.async_write_some(asio::buffer("x", 1), note);

    asio::ip::basic_resolver<test::tcp, Executor> resolver(ex);
    resolver.async_resolve("127.0.0.1", "80", note);

    test::run_until(ctx, [&] { return called == 14; });
    BOOST_TEST(inside == 14);
    BOOST_TEST(std::string(bytes, 4) == "xxxx");
    BOOST_TEST(!book.inside());

    // Composed operations, step by step, and what ends at once.
    std::string data(3, '\0');
    asio::async_read(client, asio::buffer(data), note);
    asio::async_write(server, asio::buffer("abc", 3), note);
    server.async_write_some(asio::const_buffer(), note);
    timer.expires_after(1h);
    timer.async_wait(
        [&](error_code ec) { note(ec == asio::error::operation_aborted ? error_code() : ec); });
    timer.cancel();
    test::run_until(ctx, [&] { return called == 18; });
    BOOST_TEST(inside == 18);
    BOOST_TEST(data == "abc");

    // A handler's own executor wins.
    bool outside = false;
    timer.expires_after(1ms);
    timer.async_wait(
        asio::bind_executor(ctx, [&](error_code ec) { outside = !ec && !book.inside(); }));
    test::run_until(ctx,
                    [&] { return timer.expiry() < std::chrono::steady_clock::now() && outside; });
    BOOST_TEST(outside);
}

} // namespace

BOOST_AUTO_TEST_SUITE(executor_wrappers)

BOOST_AUTO_TEST_CASE(a_wrapper_is_an_executor_with_the_context_in_its_type)
{
    using wrapper = noting_executor<own>;
    static_assert(execution::is_executor<wrapper>::value);
    static_assert(asio::can_require_v<wrapper, execution::blocking_t::never_t>);
    static_assert(std::is_convertible_v<wrapper, asio::any_io_executor>);
    static_assert(std::is_same_v<decltype(asio::query(std::declval<wrapper>(), execution::context)),
                                 test::context&>);
    test::context ctx;
    ledger book;
    wrapper const ex(ctx.get_executor(), book);
    asio::post(ex, [&] { BOOST_TEST(book.inside()); });
    asio::dispatch(ex, [&] { BOOST_TEST(book.inside()); });
    asio::defer(ex, [&] { BOOST_TEST(book.inside()); });
    {
        auto const work = asio::make_work_guard(ex);
        ctx.poll();
        BOOST_TEST(!ctx.stopped());
    }
    ctx.poll();
    BOOST_TEST(ctx.stopped());
    BOOST_TEST(book.executed == 3);
}

BOOST_AUTO_TEST_CASE(around_the_context_s_executor)
{
    test::context ctx;
    ledger book;
    runs_through(ctx, noting_executor<own>(ctx.get_executor(), book), book);
}

BOOST_AUTO_TEST_CASE(around_an_erased_executor)
{
    test::context ctx;
    ledger book;
    runs_through(ctx, noting_executor<asio::any_io_executor>(ctx.get_executor(), book), book);
}

BOOST_AUTO_TEST_CASE(inside_an_erased_executor)
{
    test::context ctx;
    ledger book;
    runs_through(ctx, asio::any_io_executor(noting_executor<own>(ctx.get_executor(), book)), book);
}

BOOST_AUTO_TEST_CASE(inside_and_around_a_strand)
{
    test::context ctx;
    ledger book;
    runs_through(ctx, asio::make_strand(noting_executor<own>(ctx.get_executor(), book)), book);
    ledger around;
    runs_through(ctx, noting_executor<asio::strand<own>>(asio::make_strand(ctx), around), around);
    ledger erased;
    runs_through(
        ctx,
        asio::any_io_executor(asio::make_strand(noting_executor<own>(ctx.get_executor(), erased))),
        erased);
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(objects_on_a_wrapper_are_the_context_s_own)
{
    test::context ctx;
    ledger book;
    auto const served = [&](auto const& ex) {
        auto const before = ctx.metrics().in_flight;
        asio::basic_datagram_socket<test::udp, std::decay_t<decltype(ex)>> socket(
            ex, {asio::ip::address_v4::loopback(), 0});
        char byte;
        socket.async_receive(asio::buffer(&byte, 1), [](error_code, std::size_t) {});
        ctx.poll();
        bool const ours = ctx.metrics().in_flight > before;
        socket.close();
        ctx.restart();
        ctx.poll();
        return ours;
    };
    noting_executor<own> const typed(ctx.get_executor(), book);
    noting_executor<asio::any_io_executor> const erased(ctx.get_executor(), book);
    BOOST_TEST(served(typed));
    BOOST_TEST(served(asio::make_strand(typed)));
    BOOST_TEST(served(erased) == bool(PROACTOR_TEST_DROP_IN));
    BOOST_TEST(served(asio::any_io_executor(typed)) == bool(PROACTOR_TEST_DROP_IN));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
