#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <support/forked.hpp>
#include <support/little_locked_memory.hpp>
#include <support/mapped_memory.hpp>
#include <support/skip.hpp>

#include <fstream>

namespace {

using namespace test;
using proactor::memory_region;

constexpr std::size_t page = mapped_memory::page;

/// A region that the driver has been told of, for as long as it lives.
class known
{
public:
    known(driver_under_test& d, std::span<std::byte> bytes) : driver_(*d), region_(bytes)
    {
        driver_.register_memory(region_);
    }
    ~known() { forget(); }
    known(const known&) = delete;

    void forget() { driver_.forget_memory(region_); }
    int error() const { return region_.error; }

private:
    proactor::driver& driver_;
    memory_region region_;
};

/// A file of so many equal bytes.
class file_of
{
public:
    file_of(char c, std::size_t size) { write_all(name_.file(), std::string(size, c)); }
    const handle& get() const { return name_.file(); }

private:
    temporary_file name_;
};

/// Memory of this process that is pinned: proc(5), VmPin.
std::string pinned()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmPin"))
            return line;
    return {};
}

/// Carries one transfer out in lane `none`; what it moved, or minus the error.
std::int64_t transfer(driver_under_test& d, const handle& h, const request::any& r)
{
    attachment& a = d.attach(h);
    test_operation op(r);
    d.start(op, a);
    BOOST_TEST(d.wait_for(op));
    d->detach(a);
    return op.error() ? -op.error() : static_cast<std::int64_t>(op.value());
}

/// Reads `size` bytes `c` of a file to there. True: they were seen to come.
bool seen(driver_under_test& d, mapped_memory& m, std::size_t offset, std::size_t size)
{
    const file_of f('c', size);
    m.fill('-');
    BOOST_TEST(transfer(d, f.get(), request::read_at{buffers(m.data() + offset, size)})
               == static_cast<std::int64_t>(size));
    return m.holds(offset, std::string(size, 'c'));
}

} // namespace

BOOST_AUTO_TEST_SUITE(registered_memory)

CONFORMANCE_CASE(transfers_do_the_same_in_it_as_elsewhere, "[D28]")
{
    mapped_memory m(3);
    const known region(d, m.bytes().subspan(0, 2 * page));
    const temporary_file f;
    for (const std::size_t size : {std::size_t(0), std::size_t(1), page, 2 * page, 3 * page})
        for (const std::size_t offset : {std::size_t(0), std::size_t(7), page, 2 * page - 1})
        {
            if (offset + size > m.size())
                continue;
            const auto expected = static_cast<std::int64_t>(size);
            m.fill('w');
            const auto there = buffers(m.data() + offset, size);
            BOOST_TEST(transfer(d, f.file(), request::write_at{there, 0, true}) == expected);
            m.fill('-');
            BOOST_TEST(transfer(d, f.file(), request::read_at{there, 0, true}) == expected);
            BOOST_TEST(m.holds(offset, std::string(size, 'w')));
            BOOST_TEST((offset == 0 || m.holds(offset - 1, "-")));
            BOOST_TEST((offset + size == m.size() || m.holds(offset + size, "-")));
        }
    // Several pieces, and a stream's position.
    m.fill('-');
    proactor::native_buffer pieces[] = {{m.data(), 3}, {m.data() + page, 3}};
    BOOST_TEST(transfer(d, f.file(), request::read_at{{{}, pieces, 2}}) == 6);
    BOOST_TEST((m.holds(0, "www-") && m.holds(page, "www-")));
    const auto text = pipe_pair();
    write_all(text.b, "a stream");
    BOOST_TEST(transfer(d, text.a, request::read{buffers(m.data(), 100)}) == 8);
    BOOST_TEST(m.holds(0, "a stream"));
    BOOST_TEST(transfer(d, text.b, request::write{buffers(m.data() + 2, 6)}) == 6);
    BOOST_TEST(read_some(text.a) == "stream");
    const auto [one, other] = socket_pair();
    BOOST_TEST(transfer(d, one, request::send{buffers(m.data(), 3)}) == 3);
    BOOST_TEST(transfer(d, other, request::receive{buffers(m.data() + page, 9)}) == 3);
    BOOST_TEST(m.holds(page, "a s"));
    BOOST_TEST(transfer(d, one, request::write{buffers(m.data(), 3)}) == 3);
    BOOST_TEST(transfer(d, other, request::read{buffers(m.data() + page, 9)}) == 3);
}

CONFORMANCE_CASE(it_is_used_where_the_system_knows_it, "[D28]")
{
    mapped_memory m(3);
    known region(d, m.bytes().subspan(page, page));
    const bool can = d->name() == std::string("io_uring") && !std::getenv("PROACTOR_TEST_MASKED");
    BOOST_TEST(region.error() == (can ? 0 : EOPNOTSUPP));
    const bool plain = region.error() != 0;
    driver_under_test another(d.entries);
    m.exchange(); // from here on what is seen has not gone to pinned pages
    BOOST_TEST(seen(d, m, page, page) == plain);
    BOOST_TEST(seen(d, m, page + 100, page - 100) == plain);
    BOOST_TEST(seen(d, m, page - 1, 10));
    BOOST_TEST(seen(d, m, page + 1, page));
    BOOST_TEST(seen(d, m, 0, page));
    BOOST_TEST(seen(d, m, 2 * page, page));
    BOOST_TEST(seen(another, m, page, page));
    region.forget();
    BOOST_TEST(region.error() == EOPNOTSUPP);
    BOOST_TEST(seen(d, m, page, page));
    const known once_more(d, m.bytes()); // the new pages
    BOOST_TEST(seen(d, m, page, page));
}

CONFORMANCE_CASE(what_is_in_flight_goes_on_when_it_is_forgotten, "[D28] [D5]")
{
    mapped_memory m(2);
    m.fill('-');
    const auto waiting = pipe_pair();
    const file_of f('f', 64);
    attachment& p = d.attach(waiting.a);
    attachment& a = d.attach(f.get());
    test_operation op(request::read{buffers(m.data(), 100)});
    std::deque<test_operation> reads;
    {
        const known region(d, m.bytes());
        d.start(op, p, lane::read);
        d.settle();
        for (std::size_t i = 0; i != 12; ++i) // prepared, and not all flushed
            d->submit(reads.emplace_back(request::read_at{buffers(m.data() + page + 64 * i, 64)}),
                      a, lane::none);
    }
    const known other(d, m.bytes().subspan(0, page)); // in the same place
    write_all(waiting.b, "late");
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(d.wait_for_all(reads));
    BOOST_TEST((!op.error() && op.value() == 4));
    BOOST_TEST(m.holds(0, "late-"));
    for (const auto& r : reads)
        BOOST_TEST((!r.error() && r.value() == 64));
    BOOST_TEST(m.holds(page, std::string(64 * 12, 'f') + '-'));
    d->detach(p);
    d->detach(a);
}

CONFORMANCE_CASE(sends_without_copying_do_the_same_in_it_as_elsewhere, "[D32]")
{
    mapped_memory m(4);
    known region(d, m.bytes().subspan(0, 2 * page));
    const char there = region.error() == 0 ? 'o' : 'n';
    m.fill('o');
    m.exchange(); // pinned pages are the old ones
    m.fill('n');
    const auto [from, to] = tcp_pair();
    const auto sent = [&](std::size_t offset, std::size_t size) {
        request::send_zc r{buffers(m.data() + offset, size)};
        r.even_if_copied = true;
        BOOST_TEST(transfer(d, from, r) == static_cast<std::int64_t>(size));
        std::string got = read_some(to, size);
        BOOST_TEST(got.size() == size);
        return got;
    };
    BOOST_TEST((sent(0, 2 * page) == std::string(2 * page, there)));
    BOOST_TEST((sent(page + 1, 10) == std::string(10, there)));
    BOOST_TEST((sent(2 * page - 1, 10) == std::string(10, 'n')));
    BOOST_TEST((sent(3 * page, page) == std::string(page, 'n')));
    region.forget();
    BOOST_TEST((sent(0, page) == std::string(page, 'n')));
}

CONFORMANCE_CASE(a_send_that_is_held_goes_on_when_it_is_forgotten, "[D32] [D5]")
{
    mapped_memory m(128);
    const auto [from, to] = tcp_pair();
    attachment& a = d.attach(from);
    request::send_zc r{buffers(m.data(), m.size())};
    r.whole = r.even_if_copied = true;
    test_operation op(r);
    m.fill('s');
    {
        const known region(d, m.bytes());
        d.start(op, a, lane::write);
        d.settle();
    }
    std::size_t got = 0;
    while (got != m.size())
    {
        d.settle();
        const std::string part = read_some(to, m.size());
        BOOST_TEST((part == std::string(part.size(), 's')));
        got += part.size();
    }
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST((!op.error() && op.value() == m.size()));
    d->detach(a);
}

CONFORMANCE_CASE(more_of_it_than_the_system_takes_is_refused, "[D28]")
{
    mapped_memory m(300);
    const std::string before = pinned();
    std::deque<known> regions;
    std::size_t taken = 0;
    for (std::size_t i = 0; i != 300; ++i)
    {
        const known& k = regions.emplace_back(d, m.bytes().subspan(i * page, page));
        taken += k.error() == 0;
        BOOST_TEST((k.error() == 0 || k.error() == ENOBUFS || k.error() == EOPNOTSUPP));
    }
    for (const std::size_t i : {0u, 299u, 150u})
        BOOST_TEST(seen(d, m, i * page, page));
    if (taken == 0)
        return;
    BOOST_TEST((taken < 300 && regions.front().error() == 0));
    BOOST_TEST(pinned() != before);
    regions.pop_front();
    BOOST_TEST(known(d, m.bytes().subspan(0, page)).error() == 0);
    regions.clear();
    BOOST_TEST(pinned() == before);
}

CONFORMANCE_CASE(a_child_has_it_too, "[D28] [D24]")
{
    mapped_memory m(2);
    m.fill('-');
    known region(d, m.bytes());
    known forgotten(d, m.bytes().subspan(page));
    const int error = region.error();
    const auto waiting = pipe_pair();
    attachment& p = d.attach(waiting.a);
    test_operation op(request::read{buffers(m.data(), 2)});
    d.start(op, p, lane::read);
    d.settle();
    forked child([&](findings& check) {
        forgotten.forget();
        known before(d, m.bytes().subspan(page));
        check(before.error() == EOPNOTSUPP, "an inherited driver knows nothing new");
        check(d->reopen() == 0, "reopen");
        check(region.error() == error && before.error() == error, "all is known again");
        write_all(waiting.b, "chch"); // the parent may take half of it
        check(d.wait_for(op) && m.holds(0, "ch"), "it has its own memory");
        m.exchange();
        check(seen(d, m, 0, page) == (error != 0), "and its system knows that");
    });
    BOOST_TEST(child.end() == 0);
    write_all(waiting.b, "pa");
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST((m.holds(0, "pa-") || m.holds(0, "ch-")));
    d->detach(p);
    BOOST_TEST(seen(d, m, 0, page));
    m.exchange();
    BOOST_TEST(seen(d, m, 0, page) == (error != 0));
}

BOOST_AUTO_TEST_CASE(memory_that_may_not_be_locked_is_used_as_any,
                     *boost::unit_test::description("[D28]"))
{
    mapped_memory m(2 * little_locked_memory::limit / page);
    const little_locked_memory limited;
    driver_under_test d(16);
    const known region(d, m.bytes());
    BOOST_TEST((region.error() == ENOMEM || region.error() == EOPNOTSUPP));
    BOOST_TEST(seen(d, m, 0, m.size()));
}

BOOST_AUTO_TEST_SUITE_END()
