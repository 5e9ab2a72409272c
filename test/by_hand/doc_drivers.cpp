// The samples of doc/drivers.md, line by line.
#include <proactor/op.hpp>

namespace op = proactor::op;

std::size_t bytes_of_a_peer(op::slab& slab, op::source socket)
{
    op::buffer_pool pool(slab, 64, 4096);
    slab.submit(socket, op::receive_many(pool), 1);
    std::array<op::completion, 16> room;
    for (std::size_t n = 0;;)
        for (auto& done : slab.wait(op::slab::clock::time_point::max(), room))
        {
            if (!done.more())
                return n; // the end, an error, or no buffer left: `done.error()`
            proactor::pooled_buffer part = done.take_buffer(); // goes back at the end of the block
            n += part.size();
        }
}

#include "slab_under_test.hpp"

BOOST_AUTO_TEST_SUITE(doc_drivers)

BOOST_AUTO_TEST_CASE(samples)
{
    test::slab_under_test s;
    auto [one, other] = test::socket_pair();
    test::write_all(other, std::string(100'000, 'x'));
    other.reset();
    BOOST_TEST(bytes_of_a_peer(s, s.attach(one)) == 100'000u);
}

BOOST_AUTO_TEST_SUITE_END()
