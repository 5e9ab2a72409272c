#include <proactor/process.hpp>

#include "scratch.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <csignal>

namespace asio = boost::asio;

using namespace test;
using proactor::exit_status;

namespace {

/// A child that waits for the end of a pipe and then ends so.
class child
{
public:
    template <typename End>
    explicit child(End end)
    {
        handle_pair p = pipe_pair();
        id_ = checked(::fork(), "fork");
        if (id_ == 0)
        {
            p.b.reset();
            char byte;
            (void)!::read(p.a.get(), &byte, 1);
            end();
            ::_exit(127);
        }
        go_ = std::move(p.b);
    }
    ~child()
    {
        go_.reset();
        ::waitpid(id_, nullptr, 0);
    }

    proactor::process process() const { return {id_}; }
    void let_go() { go_.reset(); }

private:
    pid_t id_ = 0;
    handle go_;
};

auto wait_for(context& ctx, proactor::process p)
{
    return results_of<error_code, exit_status>(ctx,
                                               [&](auto h) { proactor::async_wait(ctx, p, h); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(one_that_returns_and_one_that_a_signal_ends)
{
    child returns([] { ::_exit(7); });
    child killed([] { std::raise(SIGKILL); });
    context ctx;
    int ended = 0;
    proactor::async_wait(ctx, returns.process(), [&](error_code ec, exit_status s) {
        BOOST_TEST(!ec);
        BOOST_TEST(s.code == 7);
        BOOST_TEST(s.signal == 0);
        BOOST_TEST(!s.success());
        ++ended;
    });
    proactor::async_wait(ctx, killed.process(), [&](error_code ec, exit_status s) {
        BOOST_TEST(!ec);
        BOOST_TEST(s.signal == SIGKILL);
        BOOST_TEST(!s.success());
        ++ended;
    });
    ctx.run_for(5ms);
    BOOST_TEST(ended == 0);
    returns.let_go();
    killed.let_go();
    run(ctx);
    BOOST_TEST(ended == 2);
}

BOOST_AUTO_TEST_CASE(one_that_has_ended_already)
{
    context ctx;
    child c([] { ::_exit(0); });
    c.let_go();
    siginfo_t info;
    checked(::waitid(P_PID, static_cast<id_t>(c.process().id), &info, WEXITED | WNOWAIT), "waitid");
    auto [ec, s] = wait_for(ctx, c.process());
    BOOST_TEST(!ec);
    BOOST_TEST(s.success());
    // Its number is free now.
    BOOST_TEST(std::get<0>(wait_for(ctx, c.process())).value() == ESRCH);
}

BOOST_AUTO_TEST_CASE(errors)
{
    const auto before = open_descriptors();
    {
        context ctx;
        BOOST_TEST(std::get<0>(wait_for(ctx, {-1})).value() == EINVAL);
        child c([] { ::_exit(0); });
        error_code ec;
        proactor::async_wait(ctx, c.process(), [&](error_code e, exit_status) { ec = e; });
        ctx.run_for(2ms);
        c.let_go();
        ::waitpid(c.process().id, nullptr, 0); // somebody else is faster
        run(ctx);
        BOOST_TEST(ec.value() == ECHILD);
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_cancelled_or_destroyed_leaves_the_status)
{
    const auto before = open_descriptors();
    {
        child c([] { ::_exit(3); });
        {
            context ctx;
            proactor::async_wait(ctx, c.process(), [](error_code, exit_status) {});
            ctx.run_for(2ms);
        }
        context ctx;
        asio::cancellation_signal signal;
        error_code ec;
        proactor::async_wait(ctx, c.process(),
                             asio::bind_cancellation_slot(
                                 signal.slot(), [&](error_code e, exit_status) { ec = e; }));
        ctx.run_for(2ms);
        signal.emit(asio::cancellation_type::terminal);
        run(ctx);
        BOOST_TEST(ec == asio::error::operation_aborted);
        c.let_go();
        BOOST_TEST(std::get<1>(wait_for(ctx, c.process())).code == 3);
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()
