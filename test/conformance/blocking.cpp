#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <support/bounded.hpp>
#include <support/skip.hpp>

#include <liburing.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <thread>

namespace {

using namespace test;
using namespace std::chrono_literals;

bool non_blocking(const handle& h)
{
    return ::fcntl(h.get(), F_GETFL) & O_NONBLOCK;
}

/// Both ends of a terminal that hands on each byte as it comes.
handle_pair terminal_pair()
{
    int main_end = -1;
    int terminal = -1;
    termios raw{};
    ::cfmakeraw(&raw);
    checked(::openpty(&main_end, &terminal, nullptr, &raw, nullptr), "openpty");
    return {handle(terminal), handle(main_end)};
}

/// A path that open(2) waits at until somebody opens the other end.
class fifo
{
public:
    fifo() { checked(::mkfifo(name_.c_str(), 0600), "mkfifo"); }
    ~fifo() { ::unlink(name_.c_str()); }
    const char* path() const { return name_.c_str(); }

private:
    std::string name_ = (std::filesystem::current_path()
                         / ("proactor-fifo-" + std::to_string(::getpid())))
                            .string();
};

} // namespace

BOOST_AUTO_TEST_SUITE(blocking)

CONFORMANCE_CASE(the_mode_of_a_handle_does_not_matter, "[D4] [D20]")
{
    handle_pair pairs[] = {tcp_pair(), socket_pair(), pipe_pair(), terminal_pair()};
    for (const auto& [out, in] : pairs)
    {
        BOOST_TEST(!non_blocking(out));
        attachment& a = d.attach(out);
        std::string text(4, '.');
        test_operation read(request::read{buffers(text)});
        d.start(read, a, lane::read);
        d.settle(); // would hang
        BOOST_TEST(!read.done());
        write_all(in, "data");
        BOOST_TEST(d.wait_for(read));
        BOOST_TEST(read.error() == 0);
        BOOST_TEST(text == "data");

        // A writer that nobody reads from.
        attachment& b = d.attach(in);
        std::string much(1 << 20, 'x');
        test_operation write(request::write{buffers(much)});
        d.start(write, b, lane::write);
        for (int i = 0; i != 20 && !write.done(); ++i)
            d.wait(driver_under_test::clock::now() + 1ms);
        if (!write.done())
            d->cancel(write);
        BOOST_TEST(d.wait_for(write));
        d->detach(a);
        d->detach(b);
    }
}

CONFORMANCE_CASE(a_listener_and_a_connect_in_blocking_mode, "[D4] [D20]")
{
    const handle listener = tcp_listener();
    BOOST_TEST(!non_blocking(listener));
    attachment& a = d.attach(listener);
    test_operation accept(request::accept{});
    d.start(accept, a, lane::read);
    d.settle();
    BOOST_TEST(!accept.done());
    const handle client = inet_socket();
    sockaddr_in to = address_of(listener);
    test_operation connect(request::connect{&to, sizeof to});
    attachment& b = d.attach(client);
    d.start(connect, b, lane::write);
    BOOST_TEST(d.wait_for(connect));
    BOOST_TEST(connect.error() == 0);
    BOOST_TEST(d.wait_for(accept));
    BOOST_TEST_REQUIRE(accept.error() == 0);
    handle(static_cast<int>(accept.value())).reset();

    test_operation again(request::connect{&to, sizeof to});
    d.start(again, b, lane::write);
    BOOST_TEST(d.wait_for(again));
    BOOST_TEST(again.error() == EISCONN);
    d->detach(a);
    d->detach(b);
}

CONFORMANCE_CASE(data_that_came_while_nobody_asked, "[D3]")
{
    // After a receive that took all there was and before the next one.
    const auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    for (int i = 0; i != 10; ++i)
    {
        std::string text(100, '.');
        test_operation first(request::receive{buffers(text), 0, true});
        d.start(first, a, lane::read);
        if (i % 2)
            d.settle();
        write_all(other, "some");
        BOOST_TEST(d.wait_for(first));
        BOOST_TEST(first.value() == 4u);
        write_all(other, "more");
        d.settle();
        test_operation second(request::receive{buffers(text), 0, true});
        d.start(second, a, lane::read);
        BOOST_TEST(d.wait_for(second));
        BOOST_TEST(second.value() == 4u);
        // A part, and then the rest, beside a byte that is urgent and one behind it.
        write_all(other, "abcd");
        BOOST_TEST(::send(other.get(), "!", 1, MSG_OOB) == 1);
        write_all(other, "e");
        std::string got;
        while (got.size() < 5)
        {
            test_operation part(request::receive{buffers(text.data(), 3), 0, true});
            d.start(part, a, lane::read);
            BOOST_TEST_REQUIRE(d.wait_for(part));
            got += text.substr(0, part.value());
        }
        BOOST_TEST(got == "abcde");
    }
    // The end of the stream, told together with the last data.
    std::string text(100, '.');
    write_all(other, "last");
    ::shutdown(other.get(), SHUT_WR);
    d.settle();
    test_operation last(request::receive{buffers(text), 0, true});
    test_operation end(request::receive{buffers(text), 0, true});
    d.start(last, a, lane::read);
    d.start(end, a, lane::read);
    BOOST_TEST(d.wait_for(last));
    BOOST_TEST(last.value() == 4u);
    BOOST_TEST(d.wait_for(end));
    BOOST_TEST(end.error() == 0);
    BOOST_TEST(end.value() == 0u);
    d->detach(a);
}

CONFORMANCE_CASE(handles_that_count_events, "[D3] [D4]")
{
    const handle counter(checked(::eventfd(0, EFD_CLOEXEC), "eventfd"));
    const handle timer(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create"));
    std::string first(8, '.'), second(8, '.');
    test_operation count(request::read{buffers(first)});
    test_operation expiry(request::read{buffers(second)});
    attachment& a = d.attach(counter);
    attachment& b = d.attach(timer);
    d.start(count, a, lane::read);
    d.start(expiry, b, lane::read);
    d.settle();
    BOOST_TEST(!count.done());
    BOOST_TEST(!expiry.done());
    ::eventfd_write(counter.get(), 7);
    itimerspec soon{};
    soon.it_value.tv_nsec = 1'000'000;
    ::timerfd_settime(timer.get(), 0, &soon, nullptr);
    BOOST_TEST(d.wait_for(count));
    BOOST_TEST(d.wait_for(expiry));
    BOOST_TEST(count.value() == 8u);
    BOOST_TEST(first[0] == '\7');
    BOOST_TEST(expiry.value() == 8u);
    d->detach(a);
    d->detach(b);
}

CONFORMANCE_CASE(a_file_read_and_written_as_a_stream, "[D3] [D4]")
{
    temporary_file file;
    attachment& a = d.attach(file.file());
    std::string out = "some text", in(20, '.');
    test_operation write(request::write{buffers(out)});
    d.start(write, a, lane::write);
    BOOST_TEST(d.wait_for(write));
    BOOST_TEST(write.value() == out.size());
    ::fsync(file.file().get());
    ::posix_fadvise(file.file().get(), 0, 0, POSIX_FADV_DONTNEED); // and has to be fetched
    ::lseek(file.file().get(), 0, SEEK_SET);
    test_operation read(request::read{buffers(in)});
    d.start(read, a, lane::read);
    BOOST_TEST(d.wait_for(read));
    BOOST_TEST(read.error() == 0);
    BOOST_TEST(in.substr(0, read.value()) == out);
    test_operation end(request::read{buffers(in)});
    d.start(end, a, lane::read);
    BOOST_TEST(d.wait_for(end));
    BOOST_TEST(end.error() == 0);
    BOOST_TEST(end.value() == 0u);
    d->detach(a);
}

CONFORMANCE_CASE(a_handle_attached_twice_serves_both, "[D3] [D10]")
{
    const auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    attachment& b = d.attach(one);
    std::string first(1, '.'), second(1, '.');
    test_operation x(request::receive{buffers(first)});
    test_operation y(request::receive{buffers(second)});
    d.start(x, a, lane::read);
    d.start(y, b, lane::read);
    d.settle();
    const std::size_t descriptors = open_descriptors();
    write_all(other, "12");
    BOOST_TEST(d.wait_for(x));
    BOOST_TEST(d.wait_for(y));
    BOOST_TEST((first + second == "12" || first + second == "21"));
    d->detach(a);
    d->detach(b);
    BOOST_TEST(open_descriptors() <= descriptors);
    // Nothing is left behind under the number.
    attachment& c = d.attach(one);
    test_operation z(request::receive{buffers(first)});
    d.start(z, c, lane::read);
    d.settle();
    write_all(other, "3");
    BOOST_TEST(d.wait_for(z));
    BOOST_TEST(first == "3");
    d->detach(c);
}

CONFORMANCE_CASE(a_handle_whose_number_is_used_anew, "[D3]")
{
    // What was watched under the number is not told to who comes next.
    for (int i = 0; i != 20; ++i)
    {
        auto [one, other] = tcp_pair();
        attachment& a = d.attach(one);
        std::string text(4, '.');
        test_operation op(request::receive{buffers(text)});
        d.start(op, a, lane::read);
        d.settle();
        if (i % 2)
            write_all(other, "late");
        d->cancel(op);
        BOOST_TEST(d.wait_for(op));
        d->detach(a);
    }
    BOOST_TEST(d->in_flight() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pool)

namespace {

bool uses_the_pool(driver_under_test& d)
{
    return d->name() != std::string("io_uring") || std::getenv("PROACTOR_TEST_MASKED");
}

} // namespace

BOOST_AUTO_TEST_CASE(what_has_not_started_can_be_cancelled,
                     *boost::unit_test::description("[D9]"))
{
    driver_under_test d(proactor::driver_options{.pool_threads = 1});
    if (!uses_the_pool(d))
        return test::skipped("the kernel opens files by itself");
    fifo blocks;
    attachment& a = d->attach(invalid_handle);
    test_operation stuck(request::open{blocks.path(), O_RDONLY, 0});
    test_operation queued(request::open{"/dev/null", O_RDONLY, 0});
    d.start(stuck, a);
    d.start(queued, a);
    d.settle();
    BOOST_TEST(!queued.done());
    const auto before = std::clock();
    d.wait(driver_under_test::clock::now() + 50ms);
    BOOST_TEST(std::clock() - before < CLOCKS_PER_SEC / 100); // a full pool is waited for, not asked
    d->cancel(queued);
    BOOST_TEST(d.wait_for(queued));
    BOOST_TEST(queued.error() == ECANCELED);
    BOOST_TEST(!stuck.done());
    d->cancel(stuck); // has begun, and is interrupted
    BOOST_TEST(d.wait_for(stuck));
    BOOST_TEST(stuck.error() == ECANCELED);
    d->detach(a);
}

CONFORMANCE_CASE(a_function_is_called_on_another_thread, "[D3]")
{
    struct context
    {
        std::thread::id caller;
        std::int64_t result;
    };
    const auto called = [](void* argument) -> std::int64_t
    {
        auto& c = *static_cast<context*>(argument);
        c.caller = std::this_thread::get_id();
        return c.result;
    };
    attachment& a = d->attach(invalid_handle);
    for (const std::int64_t result : {5, 0, -ENOENT})
    {
        context c{{}, result};
        test_operation op(request::call{called, &c});
        d.start(op, a);
        BOOST_TEST(d.wait_for(op));
        BOOST_TEST((c.caller != std::this_thread::get_id() && c.caller != std::thread::id()));
        BOOST_TEST(op.error() == (result < 0 ? -result : 0));
        BOOST_TEST(op.value() == static_cast<std::uint64_t>(result < 0 ? 0 : result));
    }
    d->detach(a);
}

CONFORMANCE_CASE(a_function_that_has_begun_is_not_interrupted, "[D9]")
{
    struct context
    {
        gate begun;
        gate may_end;
        int interruptions = 0;
    } c;
    const auto called = [](void* argument) -> std::int64_t
    {
        auto& c = *static_cast<context*>(argument);
        c.begun.open();
        const timespec moment{0, 20'000'000};
        c.interruptions += ::nanosleep(&moment, nullptr) != 0;
        return c.may_end.pass() ? 7 : -ETIMEDOUT;
    };
    attachment& a = d->attach(invalid_handle);
    test_operation op(request::call{called, &c});
    d.start(op, a);
    d.settle();
    BOOST_TEST(c.begun.pass());
    d->cancel(op);
    d.wait(driver_under_test::clock::now() + 30ms);
    BOOST_TEST(!op.done());
    c.may_end.open();
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 7u);
    BOOST_TEST(c.interruptions == 0);
    d->detach(a);
}

CONFORMANCE_CASE(a_file_that_cannot_be_opened_yet_holds_nobody_up, "[D21]")
{
    fifo blocks;
    attachment& a = d->attach(invalid_handle);
    std::deque<test_operation> stuck(3);
    for (auto& op : stuck)
    {
        op.request = request::open{blocks.path(), O_RDONLY, 0};
        d.start(op, a);
    }
    d.settle();
    operation_queue ended;
    d->shut_down(ended);
    while (auto* op = ended.pop())
    {
        BOOST_TEST(op->outcome.error == ECANCELED);
        op->complete(&d);
    }
    for (const auto& op : stuck) // io_uring opens it without waiting
    {
        BOOST_TEST(op.completed == 1);
        if (op.error() == 0)
            ::close(static_cast<int>(op.value()));
    }
    d->detach(a);
}

BOOST_AUTO_TEST_CASE(a_full_pool_lets_everybody_have_a_turn,
                     *boost::unit_test::description("[D16]"))
{
    driver_under_test d(proactor::driver_options{.pool_threads = 2});
    temporary_file file;
    attachment& a = d.attach(file.file());
    std::deque<std::string> texts;
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != 500; ++i)
    {
        texts.emplace_back(100, static_cast<char>('0' + i % 50));
        ops.emplace_back(request::write_at{buffers(texts.back()), i * 100, true});
        d->submit(ops.back(), a, lane::none);
    }
    BOOST_TEST(d.wait_for_all(ops));
    for (const auto& op : ops)
        BOOST_TEST_REQUIRE(op.value() == 100u);
    d->detach(a);
}

BOOST_AUTO_TEST_CASE(without_a_pool_it_is_an_error,
                     *boost::unit_test::description("[D3]"))
{
    driver_under_test d(proactor::driver_options{.pool_threads = 0});
    if (!uses_the_pool(d))
        return test::skipped("the kernel opens files by itself");
    attachment& a = d->attach(invalid_handle);
    test_operation open(request::open{"/dev/null", O_RDONLY, 0});
    d.start(open, a);
    BOOST_TEST(d.wait_for(open));
    BOOST_TEST(open.error() == EAGAIN);
    handle kept = any_handle(); // but no handle is lost for that
    test_operation close(request::close{kept.get()});
    d.start(close, a);
    BOOST_TEST(d.wait_for(close));
    BOOST_TEST(close.error() == 0);
    BOOST_TEST(!is_open(kept.release()));
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(files_in_memory)

CONFORMANCE_CASE(a_flood_of_reads_leaves_room_for_sockets, "[D20]")
{
    if (d->serves(request::read_at{}) != proactor::means::memory_or_pool)
        return; // the kernel's own affair
    temporary_file file;
    write_all(file.file(), std::string(1 << 16, 'x'));
    const auto [one, other] = tcp_pair();
    attachment& a = d.attach(file.file());
    attachment& b = d.attach(one);
    std::string text(4, '.');
    test_operation receive(request::receive{buffers(text)});
    d.start(receive, b, lane::read);
    d.settle();
    constexpr std::size_t count = 5000;
    std::vector<char> bytes(count * 16);
    std::deque<test_operation> reads;
    for (std::size_t i = 0; i != count; ++i)
    {
        reads.emplace_back(request::read_at{buffers(&bytes[i * 16], 16), i * 8, true});
        d->submit(reads.back(), a, lane::none);
    }
    write_all(other, "data");
    BOOST_TEST(d.wait_for(receive));
    const auto done = std::count_if(reads.begin(), reads.end(), [](auto& op) { return op.done(); });
    BOOST_TEST(done < 1000);
    BOOST_TEST(done > 0);
    BOOST_TEST(d->ready());
    const auto sleeps = d->counters().sleeps;
    BOOST_TEST(d.wait_for_all(reads));
    BOOST_TEST(d->counters().sleeps == sleeps);
    for (const char c : bytes)
        BOOST_TEST_REQUIRE(c == 'x');
    d->detach(a);
    d->detach(b);
}

CONFORMANCE_CASE(what_is_not_in_memory_comes_too, "[D3]")
{
    temporary_file file;
    constexpr std::size_t size = 3 << 20; // more than is copied in one turn
    std::string text(size, '.');
    for (std::size_t i = 0; i != size; ++i)
        text[i] = static_cast<char>('a' + i % 26 + i / 4096 % 3);
    write_all(file.file(), text);
    ::fsync(file.file().get());
    ::posix_fadvise(file.file().get(), 0, 0, POSIX_FADV_DONTNEED);
    attachment& a = d.attach(file.file());
    std::string all(size, '.'), part(100, '.');
    test_operation some(request::read_at{buffers(part), size / 2, true});
    d.start(some, a);
    BOOST_TEST(d.wait_for(some));
    BOOST_TEST((part == text.substr(size / 2, 100)));
    test_operation whole(request::read_at{buffers(all), 0, true});
    d.start(whole, a);
    BOOST_TEST(d.wait_for(whole));
    BOOST_TEST(whole.value() == size);
    BOOST_TEST((all == text));
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(direct)

namespace {

constexpr std::size_t block = 4096;

/// Memory as direct transfers want it.
struct aligned
{
    alignas(block) char bytes[block];
};

/// Blocks that say their number, in a file open for direct transfers; invalid where there are none.
class direct_file
{
public:
    explicit direct_file(std::size_t blocks)
    {
        for (std::size_t i = 0; i != blocks; ++i)
            write_all(written_.file(), std::string(block, static_cast<char>('0' + i % 64)));
        ::fsync(written_.file().get());
        handle_.reset(::open(written_.path(), O_RDWR | O_DIRECT | O_CLOEXEC));
    }
    const handle& get() const { return handle_; }

private:
    temporary_file written_;
    handle handle_;
};

} // namespace

CONFORMANCE_CASE(many_transfers_past_the_systems_memory, "[D7] [D16]")
{
    constexpr std::size_t blocks = 300; // more than fit at once
    direct_file file(blocks);
    if (file.get().get() < 0)
        return test::skipped("this file system has no direct transfers");
    attachment& a = d.attach(file.get());
    std::vector<aligned> memory(blocks);
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != blocks; ++i)
    {
        ops.emplace_back(request::read_at{buffers(memory[i].bytes, block), i * block, true});
        d->submit(ops.back(), a, lane::none);
    }
    BOOST_TEST(d.wait_for_all(ops));
    for (std::size_t i = 0; i != blocks; ++i)
    {
        BOOST_TEST_REQUIRE(ops[i].error() == 0);
        BOOST_TEST_REQUIRE(ops[i].value() == block);
        BOOST_TEST_REQUIRE(memory[i].bytes[block - 1] == static_cast<char>('0' + i % 64));
    }
    test_operation end(request::read_at{buffers(memory[0].bytes, block), blocks * block});
    d.start(end, a);
    BOOST_TEST(d.wait_for(end));
    BOOST_TEST(end.error() == 0);
    BOOST_TEST(end.value() == 0u);

    test_operation crooked(request::read_at{buffers(memory[0].bytes + 1, 100), 3});
    d.start(crooked, a);
    BOOST_TEST(d.wait_for(crooked));
    BOOST_TEST(crooked.error() == EINVAL);

    memory[1] = memory[0] = {};
    test_operation write(request::write_at{buffers(memory[0].bytes, block), 0});
    test_operation beyond(request::write_at{buffers(memory[0].bytes, block), (blocks + 9) * block});
    d.start(write, a);
    d.start(beyond, a);
    BOOST_TEST(d.wait_for(write));
    BOOST_TEST(d.wait_for(beyond));
    BOOST_TEST(write.value() == block);
    BOOST_TEST(beyond.value() == block);
    d->detach(a);
}

CONFORMANCE_CASE(cancelled_transfers_end, "[D9] [D5]")
{
    direct_file file(64);
    if (file.get().get() < 0)
        return test::skipped("this file system has no direct transfers");
    attachment& a = d.attach(file.get());
    std::vector<aligned> memory(64);
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != memory.size(); ++i)
    {
        ops.emplace_back(request::read_at{buffers(memory[i].bytes, block), i * block, true});
        d->submit(ops.back(), a, lane::none);
        if (i == 31)
            d->flush();
    }
    d->cancel_all(a);
    BOOST_TEST(d.wait_for_all(ops));
    for (const auto& op : ops)
        BOOST_TEST_REQUIRE((op.error() == ECANCELED || op.value() == block));
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(opcodes)

BOOST_AUTO_TEST_CASE(each_has_a_substitute, *boost::unit_test::description("[D3]"))
{
    for (const int missing :
         {IORING_OP_READ, IORING_OP_READV, IORING_OP_WRITE, IORING_OP_WRITEV, IORING_OP_RECV,
          IORING_OP_RECVMSG, IORING_OP_SEND, IORING_OP_SENDMSG, IORING_OP_ACCEPT, IORING_OP_CONNECT,
          IORING_OP_OPENAT, IORING_OP_FSYNC, IORING_OP_CLOSE})
        BOOST_TEST_CONTEXT("without opcode " << missing)
        {
            proactor::io_uring::opcodes masked;
            masked.set(static_cast<std::size_t>(missing));
            auto opened = proactor::io_uring::open({}, masked);
            if (!opened.driver)
                return test::skipped("no io_uring here");
            driver_under_test d(256, std::move(opened));

            const handle listener = tcp_listener();
            const handle client = inet_socket();
            sockaddr_in to = address_of(listener);
            test_operation accept(request::accept{});
            test_operation connect(request::connect{&to, sizeof to});
            attachment& a = d.attach(listener);
            attachment& b = d.attach(client);
            d.start(accept, a, lane::read);
            d.start(connect, b, lane::write);
            BOOST_TEST(d.wait_for(accept));
            BOOST_TEST(d.wait_for(connect));
            BOOST_TEST_REQUIRE(accept.error() == 0);
            const handle server(static_cast<int>(accept.value()));
            attachment& c = d.attach(server);
            std::string in(4, '.'), out = "data";
            test_operation receive(request::receive{buffers(in)});
            test_operation send(request::send{buffers(out), MSG_NOSIGNAL});
            d.start(receive, c, lane::read);
            d.start(send, b, lane::write);
            BOOST_TEST(d.wait_for(receive));
            BOOST_TEST(d.wait_for(send));
            BOOST_TEST(in == "data");

            temporary_file file;
            test_operation open(request::open{file.path(), O_RDWR, 0});
            attachment& none = d->attach(invalid_handle);
            d.start(open, none);
            BOOST_TEST(d.wait_for(open));
            BOOST_TEST_REQUIRE(open.error() == 0);
            const handle opened_file(static_cast<int>(open.value()));
            attachment& f = d.attach(opened_file);
            test_operation write(request::write_at{buffers(out), 0, true});
            d.start(write, f);
            BOOST_TEST(d.wait_for(write));
            BOOST_TEST(write.value() == 4u);
            test_operation sync(request::sync{});
            d.start(sync, f);
            BOOST_TEST(d.wait_for(sync));
            in = "....";
            test_operation read(request::read_at{buffers(in), 0, true});
            d.start(read, f);
            BOOST_TEST(d.wait_for(read));
            BOOST_TEST(in == "data");
            handle spare = duplicate(opened_file);
            test_operation close(request::close{spare.get()});
            d.start(close, none);
            BOOST_TEST(d.wait_for(close));
            BOOST_TEST(close.error() == 0);
            BOOST_TEST(!is_open(spare.get()));
            spare.release();
            for (attachment* at : {&a, &b, &c, &f, &none})
                d->detach(*at);
        }
}

BOOST_AUTO_TEST_SUITE_END()
