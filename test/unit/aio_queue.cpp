#include "../../src/driver/linux_aio/aio_queue.hpp"

#include <support/fake_driver.hpp>
#include <support/handles.hpp>
#include <support/skip.hpp>
#include <support/test_operation.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <list>
#include <memory>
#include <poll.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

namespace request = proactor::request;
using proactor::operation;
using proactor::linux_aio::aio_queue;
using test::test_operation;

constexpr std::size_t page = 4096;
constexpr std::size_t pages = 128;

struct deleter
{
    void operator()(char* p) const noexcept { std::free(p); }
};
using aligned = std::unique_ptr<char, deleter>;

aligned memory(std::size_t count, char value = 0)
{
    aligned m(static_cast<char*>(std::aligned_alloc(page, count * page)));
    std::memset(m.get(), value, count * page);
    return m;
}

bool readable(int fd, int milliseconds = 0)
{
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, milliseconds) == 1;
}

/// A queue, and a file of which each page holds its number. Its blocks are allocated, and none is
/// in the page cache, which a direct write would have to wait for.
struct fixture
{
    explicit fixture(unsigned depth = 32)
    {
        const std::string obstacle = set_up(depth);
        can_run = obstacle.empty();
        if (!can_run)
            test::skipped(obstacle);
    }

    std::string set_up(unsigned depth)
    {
        direct.reset(::open(named.path(), O_RDWR | O_DIRECT | O_CLOEXEC));
        if (direct.get() < 0)
            return "no direct I/O on the working directory's file system";
        const aligned m = memory(pages);
        for (std::size_t i = 0; i != pages; ++i)
            std::memset(m.get() + i * page, static_cast<int>(i), page);
        test::checked(static_cast<int>(::pwrite(direct.get(), m.get(), pages * page, 0)), "pwrite");
        test::checked(::fsync(direct.get()), "fsync");
        if (const int error = queue.open(depth))
            return "io_setup: " + std::generic_category().message(error);
        file = &driver.attach(direct.get());
        for (test_operation* op : {&add_write(0, m.get()), &add_read(0, m.get())})
        {
            queue.prepare(*op);
            submit();
            if (!reap_all() || op->error() != 0)
                return "the working directory's file system cannot do without waiting";
        }
        ops.clear();
        return {};
    }

    test_operation& add(request::any r)
    {
        test_operation& op = ops.emplace_back(std::move(r));
        op.attached = file;
        return op;
    }
    test_operation& add_read(std::size_t at, char* to, std::size_t size = page)
    {
        return add(request::read_at{test::buffers(to, size), at * page});
    }
    test_operation& add_write(std::size_t at, char* from, std::size_t size = page)
    {
        return add(request::write_at{test::buffers(from, size), at * page});
    }

    /// An operation ends with what the kernel refused it for, or what it completed it with.
    void submit()
    {
        queue.submit([this](operation& op, int e) {
            ++refused;
            op.outcome.error = e;
            op.complete(this);
        });
    }
    unsigned reap()
    {
        const unsigned count = queue.reap([this](operation& op, std::int64_t result) {
            if (result == -EAGAIN && patience != 0 && queue.prepare(op))
            {
                --patience;
                return;
            }
            if (result < 0)
                op.outcome.error = static_cast<int>(-result);
            else
                op.outcome.value = static_cast<std::uint64_t>(result);
            op.complete(this);
        });
        submit();
        return count;
    }
    /// False: it took ten seconds.
    bool reap_all()
    {
        while (queue.in_flight() != 0)
        {
            if (!readable(queue.event_handle(), 10'000))
                return false;
            BOOST_TEST_REQUIRE(reap() != 0u);
        }
        return true;
    }

    test::temporary_file named;
    test::handle direct;
    test::fake_driver driver;
    proactor::attachment* file = nullptr;
    std::list<test_operation> ops;
    unsigned refused = 0;
    unsigned patience =
        1000; ///< how often to try again what others on this device got in the way of
    bool can_run = false;
    aio_queue queue; // before the operations go, the kernel lets go of them
};

bool all(const char* m, std::size_t size, std::size_t value)
{
    return std::all_of(m, m + size, [&](char c) { return c == static_cast<char>(value); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(linux_aio_queue)

BOOST_AUTO_TEST_CASE(reads_and_writes_at_positions)
{
    const aligned read = memory(2);
    const aligned written = memory(2, 'w');
    fixture f;
    if (!f.can_run)
        return;
    test_operation& r = f.add_read(5, read.get(), 2 * page);
    test_operation& w = f.add_write(9, written.get());
    test_operation& end = f.add_read(pages, written.get() + page);
    for (test_operation& op : f.ops)
        BOOST_TEST_REQUIRE(f.queue.prepare(op));
    BOOST_TEST(f.queue.in_flight() == 0u);
    f.submit();
    BOOST_TEST(f.refused == 0u);
    BOOST_TEST(f.queue.in_flight() == 3u);
    BOOST_TEST_REQUIRE(f.reap_all());
    for (const test_operation& op : f.ops)
    {
        BOOST_TEST(op.ends() == 1);
        BOOST_TEST(op.error() == 0);
    }
    BOOST_TEST(r.value() == 2 * page);
    BOOST_TEST(w.value() == page);
    BOOST_TEST(end.value() == 0u);
    BOOST_TEST(all(read.get(), page, 5));
    BOOST_TEST(all(read.get() + page, page, 6));
    std::array<char, page> back;
    BOOST_TEST(::pread(f.named.file().get(), back.data(), page, 9 * page) == std::int64_t(page));
    BOOST_TEST(all(back.data(), page, 'w'));
}

BOOST_AUTO_TEST_CASE(several_buffers_are_one_transfer)
{
    const aligned m = memory(3);
    fixture f;
    if (!f.can_run)
        return;
    std::array<proactor::native_buffer, 3> list{
        {{m.get() + 2 * page, page}, {m.get() + page, page}, {m.get(), page}}};
    test_operation& op = f.add(request::read_at{{{}, list.data(), 3}, 20 * page});
    BOOST_TEST_REQUIRE(f.queue.prepare(op));
    f.submit();
    BOOST_TEST_REQUIRE(f.reap_all());
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 3 * page);
    for (std::size_t i = 0; i != 3; ++i)
        BOOST_TEST(all(m.get() + (2 - i) * page, page, 20 + i));
}

BOOST_AUTO_TEST_CASE(more_operations_than_room_take_their_turn)
{
    const aligned m = memory(pages);
    fixture f(32);
    if (!f.can_run)
        return;
    for (std::size_t i = 0; i != pages; ++i)
        f.add_read(i, m.get() + i * page);
    auto next = f.ops.begin();
    unsigned at_once = 0;
    while (next != f.ops.end())
    {
        while (next != f.ops.end() && f.queue.prepare(*next))
            ++next;
        f.submit();
        at_once = std::max(at_once, f.queue.in_flight());
        BOOST_TEST_REQUIRE(f.queue.in_flight() <= 32u);
        BOOST_TEST_REQUIRE(readable(f.queue.event_handle(), 10'000));
        BOOST_TEST_REQUIRE(f.reap() != 0u);
    }
    BOOST_TEST_REQUIRE(f.reap_all());
    BOOST_TEST(at_once == 32u);
    std::size_t i = 0;
    for (const test_operation& op : f.ops)
    {
        BOOST_TEST(op.ends() == 1);
        BOOST_TEST(op.error() == 0);
        BOOST_TEST(all(m.get() + i * page, page, i));
        ++i;
    }
}

BOOST_AUTO_TEST_CASE(the_event_handle_is_readable_exactly_while_there_is_something_to_reap)
{
    const aligned m = memory(16);
    fixture f;
    if (!f.can_run)
        return;
    BOOST_TEST(!readable(f.queue.event_handle()));
    BOOST_TEST(f.reap() == 0u);
    for (int round = 0; round != 200; ++round)
    {
        f.ops.clear();
        for (std::size_t i = 0; i != 16; ++i)
            BOOST_TEST_REQUIRE(f.queue.prepare(f.add_read(i, m.get() + i * page)));
        BOOST_TEST_REQUIRE(!readable(f.queue.event_handle()));
        f.submit();
        while (f.queue.in_flight() != 0)
        {
            // At any moment, that is also between an event and its being told.
            const bool told = readable(f.queue.event_handle());
            BOOST_TEST_REQUIRE((f.reap() != 0 || !told));
        }
        BOOST_TEST_REQUIRE(!readable(f.queue.event_handle()));
        BOOST_TEST_REQUIRE(f.reap() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(bad_alignment_is_an_error_of_that_operation)
{
    const aligned m = memory(2);
    fixture f;
    if (!f.can_run)
        return;
    test_operation& memory_off = f.add_read(0, m.get() + 1);
    test_operation& size_off = f.add_read(0, m.get(), 1000);
    test_operation& offset_off = f.add(request::read_at{test::buffers(m.get(), page), 77});
    test_operation& good = f.add_read(3, m.get());
    for (test_operation& op : f.ops)
        BOOST_TEST_REQUIRE(f.queue.prepare(op));
    f.submit();
    BOOST_TEST_REQUIRE(f.reap_all());
    for (const test_operation* op : {&memory_off, &size_off, &offset_off})
    {
        // File systems that read such a piece through the page cache (btrfs, NFS) may do so.
        BOOST_TEST(op->ends() == 1);
        BOOST_TEST((op->error() == EINVAL || op->error() == 0));
    }
    BOOST_TEST(good.error() == 0);
    BOOST_TEST(good.value() == page);
}

BOOST_AUTO_TEST_CASE(refused_ones_between_good_ones_are_named_one_by_one)
{
    const aligned m = memory(8);
    fixture f;
    if (!f.can_run)
        return;
    proactor::attachment& nothing = f.driver.attach(-1);
    const test::handle write_only(::open(f.named.path(), O_WRONLY | O_DIRECT | O_CLOEXEC));
    proactor::attachment& unreadable = f.driver.attach(write_only.get());
    // Every place in turn: first, last, two side by side, all.
    for (unsigned bad = 0; bad != 16; ++bad)
    {
        f.ops.clear();
        f.refused = 0;
        std::vector<bool> is_bad;
        for (std::size_t i = 0; i != 4; ++i)
        {
            test_operation& op = f.add_read(i, m.get() + i * page);
            is_bad.push_back(bad >> i & 1);
            if (is_bad.back())
                op.attached = i % 2 ? &nothing : &unreadable;
            BOOST_TEST_REQUIRE(f.queue.prepare(op));
        }
        f.submit();
        BOOST_TEST(f.refused
                   == static_cast<unsigned>(std::count(is_bad.begin(), is_bad.end(), true)));
        BOOST_TEST(f.queue.in_flight() == 4 - f.refused);
        BOOST_TEST_REQUIRE(f.reap_all());
        std::size_t i = 0;
        for (const test_operation& op : f.ops)
        {
            BOOST_TEST(op.ends() == 1);
            BOOST_TEST(op.error() == (is_bad[i] ? EBADF : 0));
            ++i;
        }
    }
}

BOOST_AUTO_TEST_CASE(a_refused_operation_leaves_its_room_to_the_next)
{
    const aligned m = memory(1);
    fixture f(1);
    if (!f.can_run)
        return;
    test_operation& bad = f.add_read(0, m.get());
    test_operation& good = f.add_read(7, m.get());
    bad.attached = &f.driver.attach(-1);
    BOOST_TEST_REQUIRE(f.queue.prepare(bad));
    BOOST_TEST(!f.queue.prepare(good));
    f.queue.submit([&](operation& op, int error) {
        BOOST_TEST(&op == &bad);
        BOOST_TEST(error == EBADF);
        BOOST_TEST(f.queue.prepare(good)); // from inside: goes with the same call of submit
    });
    BOOST_TEST_REQUIRE(f.reap_all());
    BOOST_TEST(good.ends() == 1);
    BOOST_TEST(all(m.get(), page, 7));
}

BOOST_AUTO_TEST_CASE(
    what_was_only_prepared_can_be_taken_back_and_what_is_in_flight_comes_to_its_end)
{
    const aligned m = memory(3);
    fixture f(3);
    if (!f.can_run)
        return;
    test_operation& first = f.add_read(1, m.get());
    test_operation& second = f.add_read(2, m.get() + page);
    test_operation& third = f.add_read(3, m.get() + 2 * page);
    for (test_operation& op : f.ops)
        BOOST_TEST_REQUIRE(f.queue.prepare(op));
    BOOST_TEST(f.queue.cancel(second));
    f.submit();
    BOOST_TEST(f.queue.in_flight() == 2u);
    BOOST_TEST(!f.queue.cancel(first));
    BOOST_TEST_REQUIRE(f.reap_all());
    BOOST_TEST(first.ends() == 1);
    BOOST_TEST((first.error() == 0 || first.error() == ECANCELED));
    BOOST_TEST(second.ends() == 0);
    BOOST_TEST(third.ends() == 1);
    BOOST_TEST(third.error() == 0);
    BOOST_TEST(all(m.get() + page, page, 0));

    for (test_operation& op : f.ops) // all room is there again
        BOOST_TEST(f.queue.prepare(op));
    f.submit();
    BOOST_TEST_REQUIRE(f.reap_all());
    BOOST_TEST(second.ends() == 1);
}

BOOST_AUTO_TEST_CASE(what_would_have_to_wait_says_so)
{
    const aligned m = memory(1, 'x');
    fixture f;
    if (!f.can_run)
        return;
    f.patience = 0;
    test_operation& beyond = f.add_write(pages + 1000, m.get()); // no block there yet
    BOOST_TEST_REQUIRE(f.queue.prepare(beyond));
    f.submit();
    BOOST_TEST_REQUIRE(f.reap_all());
    BOOST_TEST(beyond.ends() == 1);
    BOOST_TEST_MESSAGE("a write without a block: " << beyond.error());
    BOOST_TEST((beyond.error() == EAGAIN || beyond.error() == EOPNOTSUPP
                || (beyond.error() == 0 && beyond.value() == page)));
}

BOOST_AUTO_TEST_CASE(the_end_of_a_queue_waits_for_what_is_in_flight)
{
    const aligned m = memory(32);
    std::list<test_operation> kept;
    test::handle told;
    {
        fixture f;
        if (!f.can_run)
            return;
        for (std::size_t i = 0; i != 32; ++i)
            BOOST_TEST_REQUIRE(f.queue.prepare(f.add_read(i, m.get() + i * page)));
        f.submit();
        BOOST_TEST(f.queue.in_flight() == 32u);
        kept.swap(f.ops);
        told.reset(test::checked(::dup(f.queue.event_handle()), "dup"));
    }
    std::uint64_t count = 0;
    BOOST_TEST(::read(told.get(), &count, sizeof count) == std::int64_t(sizeof count));
    BOOST_TEST(count == 32u);
    for (const test_operation& op : kept)
        BOOST_TEST(op.ends() == 0);
}

BOOST_AUTO_TEST_CASE(a_queue_that_the_system_has_no_room_for_is_refused)
{
    unsigned most = 0;
    std::ifstream("/proc/sys/fs/aio-max-nr") >> most;
    if (most == 0 || most > 0x100'0000u)
        return test::skipped("no usable limit in /proc/sys/fs/aio-max-nr");
    const std::size_t before = test::open_descriptors();
    {
        aio_queue q;
        BOOST_TEST(q.open(most + 1) == EAGAIN);
        BOOST_TEST(q.in_flight() == 0u);
    }
    {
        aio_queue q;
        BOOST_TEST(q.open(0) == EINVAL);
    }
    BOOST_TEST(test::open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()
