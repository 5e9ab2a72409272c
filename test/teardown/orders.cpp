// Sockets, files, coroutines and their context, destroyed in every order with everything in flight.
#include "in_flight.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <thread>

namespace {

using test::coroutines;
using test::files;
using test::sockets;

enum part
{
    of_sockets,
    of_files,
    of_coroutines,
    of_context
};
using order = std::array<part, 4>;

// Everything of one context. A part that is to go after the context belongs to its own handlers,
// and so to the context.
class program
{
public:
    explicit program(order const& o) : order_(o) {}

    void start(bool poll)
    {
        auto const left_to_context = [&](part p) {
            return std::find(order_.begin(), order_.end(), p)
                > std::find(order_.begin(), order_.end(), of_context);
        };
        auto const begin = [&](part p, auto& owner) {
            owner->start(tally, out, left_to_context(p) ? owner : nullptr);
            if (left_to_context(p))
                owner.reset();
        };
        begin(of_sockets, sockets_);
        begin(of_files, files_);
        begin(of_coroutines, coroutines_);
        if (poll)
            context_->poll();
    }

    void destroy()
    {
        called = tally.called;
        for (part const p : order_)
            switch (p)
            {
            case of_sockets:
                sockets_.reset();
                break;
            case of_files:
                files_.reset();
                break;
            case of_coroutines:
                coroutines_.reset();
                break;
            case of_context:
                context_.reset();
            }
    }

    void check()
    {
        BOOST_TEST(tally.called == called);
        BOOST_TEST(tally.destroyed == tally.made);
        BOOST_TEST(tally.made > sockets::operations + files::operations);
        out.act();
        BOOST_TEST(out.memory_untouched());
        BOOST_TEST(test::withheld_blocks_intact());
    }

    test::tally tally;
    int called = 0;

private:
    order const order_;
    test::outside out;
    std::unique_ptr<test::context> context_ = std::make_unique<test::context>();
    std::shared_ptr<sockets> sockets_ = std::make_shared<sockets>(*context_, out);
    std::shared_ptr<files> files_ = std::make_shared<files>(*context_, out);
    std::shared_ptr<coroutines> coroutines_ = std::make_shared<coroutines>(*context_, out);
};

void on_a_thread(std::function<void()> body)
{
    std::thread(std::move(body)).join();
}

// All 24 orders.
template <typename Check>
void in_every_order(Check check)
{
    order o{of_sockets, of_files, of_coroutines, of_context};
    int orders = 0;
    do
    {
        check(o);
        ++orders;
    } while (std::next_permutation(o.begin(), o.end()));
    BOOST_TEST(orders == 24);
}

// The same, and the thread that ran it is still there, in some state.
template <typename Stay>
void beside_a_worker(order const& o, Stay stay)
{
    program p(o);
    std::atomic<bool> started = false;
    std::atomic<bool> over = false;
    std::thread worker([&] {
        p.start(true);
        started = true;
        stay(over);
    });
    test::yield_until([&] { return started.load(); });
    p.destroy();
    p.check();
    over = true;
    over.notify_all();
    worker.join();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(orders, test::clean_process)

BOOST_AUTO_TEST_CASE(on_the_thread_that_ran)
{
    in_every_order([](order const& o) {
        program p(o);
        p.start(true);
        p.destroy();
        p.check();
    });
}

BOOST_AUTO_TEST_CASE(when_nobody_ran)
{
    in_every_order([](order const& o) {
        program p(o);
        p.start(false);
        p.destroy();
        p.check();
        BOOST_TEST(p.tally.called == 0);
    });
}

BOOST_AUTO_TEST_CASE(on_another_thread)
{
    in_every_order([](order const& o) {
        program p(o);
        p.start(true);
        on_a_thread([&] { p.destroy(); });
        p.check();
    });
}

BOOST_AUTO_TEST_CASE(after_the_thread_that_ran_has_gone)
{
    in_every_order([](order const& o) {
        program p(o);
        on_a_thread([&] { p.start(true); });
        p.destroy();
        p.check();
    });
}

BOOST_AUTO_TEST_CASE(while_the_thread_that_ran_sleeps)
{
    in_every_order([](order const& o) {
        beside_a_worker(o, [](std::atomic<bool>& over) { over.wait(false); });
    });
}

BOOST_AUTO_TEST_CASE(while_the_thread_that_ran_computes)
{
    in_every_order([](order const& o) {
        beside_a_worker(o, [](std::atomic<bool>& over) {
            // Not one system call: the limit is counted in turns.
            for (std::uint64_t turns = 0; !over && turns != 20'000'000'000; ++turns)
                ;
        });
    });
}

BOOST_AUTO_TEST_SUITE_END()
