// A warm slab takes nothing from the heap.
#include <proactor/op/slab.hpp>

#include <proactor/op/pooled.hpp>

#include "slab_under_test.hpp"

#include <support/counting_new.hpp>

namespace {

using namespace test;

/// Heap allocations of the last of three equal runs of the body.
template <typename Body>
std::uint64_t allocations_when_warm(Body body)
{
    body();
    body();
    const auto before = allocations();
    body();
    return allocations() - before;
}

/// Waits for so many, and gives each to `f`.
template <typename F>
void take_each(op::slab& s, std::size_t n, F f)
{
    std::array<op::completion, 8> room;
    while (n)
        for (auto& c : s.wait(clock::now() + patience, room))
        {
            f(c);
            --n;
        }
}

} // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(transfers)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    temporary_file f;
    write_all(f.file(), std::string(10'000, 'f'));
    const auto a = s.attach(one);
    const auto b = s.attach(other);
    const auto file = s.attach(f.file());
    std::vector<char> out(1000, 'x');
    std::vector<char> in(1000);
    const auto count = allocations_when_warm([&] {
        for (int i = 0; i != 200; ++i)
        {
            s.submit(a, op::send{std::move(out)}, 1);
            s.submit(b, op::receive{std::move(in)}, 2);
            s.submit(file, op::read_at{std::array<char, 16'384>{}, 0}, 3);
            take_each(s, 3, [&](op::completion& c) {
                if (c.token() == 1)
                    out = c.take<op::send<std::vector<char>>>().buffer;
                if (c.token() == 2)
                    in = c.take<op::receive<std::vector<char>>>().buffer;
            });
        }
    });
    BOOST_TEST(in == out);
    BOOST_TEST(count == 0u);
}

BOOST_AUTO_TEST_CASE(pools_and_lists)
{
    slab_under_test s;
    op::buffer_pool pool(s, 8, 64);
    const auto [one, other] = socket_pair();
    const auto [third, fourth] = socket_pair();
    const auto at = s.attach(one);
    const auto many = s.submit(s.attach(third), op::receive_many(pool), 3);
    using list = std::array<std::vector<char>, 2>;
    list out{std::vector<char>(10, 'x'), std::vector<char>(20, 'y')};
    const auto peer = s.attach(other);
    std::size_t received = 0;
    const auto count = allocations_when_warm([&] {
        for (int i = 0; i != 200; ++i)
        {
            s.submit(at, op::receive_pooled(pool), 1);
            s.submit(peer, op::send{std::move(out)}, 2);
            write_all(fourth, "z");
            take_each(s, 3, [&](op::completion& c) {
                if (c.token() == 2)
                    out = c.take<op::send<list>>().buffer;
                else
                    received += c.value();
            });
        }
    });
    BOOST_TEST(received == 3u * 200 * 31);
    BOOST_TEST(count == 0u);
    BOOST_TEST(s.discard(many));
}

BOOST_AUTO_TEST_CASE(datagrams_timeouts_polls_and_wakers)
{
    slab_under_test s;
    const handle one = inet_socket(SOCK_DGRAM);
    sockaddr_in own = loopback_address();
    checked(::bind(one.get(), generic(own), sizeof own), "bind");
    const auto to = op::address::of(address_of(one));
    const auto at = s.attach(one);
    op::waker w(s, 4);
    const auto count = allocations_when_warm([&] {
        for (int i = 0; i != 100; ++i)
        {
            s.submit(at, op::poll{readiness::read}, 1);
            s.submit(at, op::receive_from{std::array<char, 16>{}}, 1);
            s.submit(at, op::send_to{std::array<char, 16>{}, to}, 2);
            s.submit(op::timeout{clock::now()}, 3);
            s.cancel(s.submit(op::timeout{clock::now() + 1h}, 3));
            const auto t = s.submit(at, op::poll{readiness::write, true}, 5);
            w.wake();
            take_each(s, 7, [](op::completion&) {});
            s.discard(t);
        }
    });
    BOOST_TEST(count == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
