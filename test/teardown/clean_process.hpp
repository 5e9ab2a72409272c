// What teardown must leave behind it: nothing.
#pragma once

#include "../support/context.hpp"
#include "../support/handles.hpp"
#include "../support/withholding_allocator.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <utility>

namespace test {

/// The fixture of all cases here: as many descriptors afterwards as before, no write to freed
/// memory.
class clean_process
{
public:
    void setup() { descriptors_ = open_descriptors(); }

    void teardown()
    {
        BOOST_TEST(open_descriptors() == descriptors_);
        BOOST_TEST(withheld_blocks_intact());
    }

private:
    std::size_t descriptors_ = 0;
};

/// At once: as soon as the scheduler of a busy machine lets it happen.
inline bool readable_at_once(const handle& h)
{
    pollfd p{h.get(), POLLIN, 0};
    return ::poll(&p, 1, 200) == 1;
}

/// Whether a peer has the end of its stream before it, and nothing else.
inline bool ends_at_once(const handle& peer)
{
    char byte;
    return readable_at_once(peer) && ::recv(peer.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

/// What became of handlers and coroutine frames.
struct tally
{
    std::atomic<int> made = 0;
    std::atomic<int> called = 0;
    std::atomic<int> destroyed = 0;
};

/// Part of a handler or of a frame: counts its ends, however often it was moved.
class witness
{
public:
    explicit witness(tally& t) : tally_(&t) { ++t.made; }
    witness(witness&& other) noexcept : tally_(std::exchange(other.tally_, nullptr)) {}
    ~witness()
    {
        if (tally_)
            ++tally_->destroyed;
    }

    void operator()(auto&&...) const { ++tally_->called; }

private:
    tally* tally_;
};

} // namespace test
