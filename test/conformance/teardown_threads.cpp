#include <proactor/driver.hpp>

#include "../support/skip.hpp"
#include "driver_under_test.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

namespace {

using namespace test;

using clock = driver_under_test::clock;

constexpr std::size_t block = 4096;
constexpr char untouched = 0x5a;

struct free_memory
{
    void operator()(char* p) const { std::free(p); }
};
using direct_buffer = std::unique_ptr<char, free_memory>;

direct_buffer make_direct_buffer(std::size_t blocks)
{
    return direct_buffer(static_cast<char*>(std::aligned_alloc(block, blocks * block)));
}

/// Operations that wait for long and operations that the system is busy with.
class in_flight
{
public:
    static constexpr std::size_t reads = 32;

    explicit in_flight(driver_under_test& d) : driver_(d)
    {
        const std::string content(reads * block, 'f');
        write_all(file_.file(), content);
        ::fsync(file_.file().get());
        direct_.reset(::open(file_.path(), O_RDONLY | O_CLOEXEC | O_DIRECT));
        if (direct_.get() < 0)
        {
            skipped("direct reads: this file system refuses O_DIRECT");
            direct_.reset(checked(::open(file_.path(), O_RDONLY | O_CLOEXEC), "open"));
        }
        memory_ = make_direct_buffer(reads);
    }

    /// On the thread that is to submit.
    void submit()
    {
        socket_ = &driver_.attach(sockets_.a);
        listener_at_ = &driver_.attach(listener_);
        file_at_ = &driver_.attach(direct_);
        ops_.emplace_back(request::receive{buffers(text_)});
        driver_->submit(ops_.back(), *socket_, lane::read);
        ops_.emplace_back(request::receive{buffers(text_)});
        driver_->submit(ops_.back(), *socket_, lane::read);
        ops_.emplace_back(request::accept{});
        driver_->submit(ops_.back(), *listener_at_, lane::read);
        for (std::size_t i = 0; i != reads; ++i)
        {
            ops_.emplace_back(
                request::read_at{buffers(memory_.get() + i * block, block), i * block, false});
            driver_->submit(ops_.back(), *file_at_, lane::none);
        }
        driver_->flush();
    }

    /// Afterwards nothing of the system touches the memory any more.
    void check_ended()
    {
        BOOST_TEST(driver_->in_flight() == 0u);
        operation_queue left;
        left.splice(ended);
        while (proactor::operation* op = left.pop())
        {
            driver_->deliver(*op);
            op->complete(&driver_);
        }
        for (auto& op : ops_)
            BOOST_TEST(op.ends() == 1);
        std::fill_n(memory_.get(), reads * block, untouched);
        text_.assign(4, untouched);
        // What goes through the same device, socket and driver later comes later.
        const direct_buffer probe = make_direct_buffer(1);
        for (std::size_t i = 0; i != reads; ++i)
            BOOST_TEST(::pread(direct_.get(), probe.get(), block, static_cast<off_t>(i * block))
                       == static_cast<ssize_t>(block));
        write_all(sockets_.b, "data");
        driver_.settle();
        BOOST_TEST(std::all_of(memory_.get(), memory_.get() + reads * block,
                               [](char c) { return c == untouched; }));
        BOOST_TEST(text_ == std::string(4, untouched));
        for (attachment* at : {socket_, listener_at_, file_at_})
            driver_->detach(*at);
    }

    void shut_down() { driver_->shut_down(ended); }

    operation_queue ended;

private:
    driver_under_test& driver_;
    handle_pair sockets_ = tcp_pair();
    handle listener_ = tcp_listener();
    temporary_file file_;
    handle direct_;
    std::string text_ = std::string(4, '.');
    direct_buffer memory_;
    std::deque<test_operation> ops_;
    attachment* socket_ = nullptr;
    attachment* listener_at_ = nullptr;
    attachment* file_at_ = nullptr;
};

} // namespace

BOOST_AUTO_TEST_SUITE(teardown)

CONFORMANCE_CASE(by_the_thread_that_submitted, "[D21]")
{
    in_flight f(d);
    f.submit();
    f.shut_down();
    f.check_ended();
}

CONFORMANCE_CASE(of_nothing, "[D21]")
{
    operation_queue q;
    d->shut_down(q);
    d->shut_down(q);
    BOOST_TEST(q.empty());
}

CONFORMANCE_CASE(while_the_thread_that_submitted_sleeps_over_the_driver, "[D21] [D1] [D18]")
{
    in_flight f(d);
    proactor::detail::section section;
    gate inside;
    std::atomic<bool> over = false;
    std::thread worker([&] {
        section.lock();
        f.submit();
        inside.open();
        const auto limit = clock::now() + patience;
        while (!over && clock::now() < limit)
            d->wait(limit, f.ended, &section);
        section.unlock();
    });
    BOOST_TEST(inside.pass());
    section.lock(); // it sleeps, or is about to
    over = true;
    f.shut_down();
    d->wake();
    section.unlock();
    worker.join();
    f.check_ended();
}

CONFORMANCE_CASE(while_the_thread_that_submitted_computes, "[D21] [D1]")
{
    in_flight f(d);
    gate submitted;
    std::atomic<bool> over = false;
    std::atomic<bool> in_time = false;
    std::thread worker([&] {
        f.submit();
        submitted.open();
        // Not one system call: the limit is counted in turns.
        for (std::uint64_t turns = 0; !over && turns != 20'000'000'000; ++turns)
            ;
        in_time = over.load();
    });
    BOOST_TEST(submitted.pass());
    f.shut_down();
    over = true;
    worker.join();
    BOOST_TEST(in_time);
    f.check_ended();
}

CONFORMANCE_CASE(after_the_thread_that_submitted_has_gone, "[D21] [D1]")
{
    in_flight f(d);
    std::thread([&] { f.submit(); }).join();
    f.shut_down();
    f.check_ended();
}

CONFORMANCE_CASE(by_a_thread_that_has_never_seen_the_driver, "[D21] [D1]")
{
    in_flight f(d);
    f.submit();
    std::thread([&] { f.shut_down(); }).join();
    f.check_ended();
}

BOOST_AUTO_TEST_SUITE_END()
