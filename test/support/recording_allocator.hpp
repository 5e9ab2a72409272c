// An allocator that counts, and handlers that bring it along.
#pragma once

#include <boost/asio/bind_allocator.hpp>

#include <cstddef>
#include <memory>

namespace test {

namespace asio = boost::asio;

struct ledger
{
    int allocations = 0;
    int live = 0;
};

template <typename T = void>
struct recording_allocator
{
    using value_type = T;
    ledger* book;

    explicit recording_allocator(ledger& b) : book(&b) {}

    template <typename U>
    recording_allocator(recording_allocator<U> const& other) : book(other.book)
    {
    }

    T* allocate(std::size_t n)
    {
        ++book->allocations;
        ++book->live;
        return std::allocator<T>().allocate(n);
    }

    void deallocate(T* p, std::size_t n)
    {
        --book->live;
        std::allocator<T>().deallocate(p, n);
    }

    template <typename U>
    bool operator==(recording_allocator<U> const& other) const
    {
        return book == other.book;
    }
};

// A handler that notes how much of its operation's memory is alive when it is called.
struct observer
{
    ledger* book;
    int* live_in_handler;

    void operator()(auto&&...) const { *live_in_handler = book->live; }
};

struct observed
{
    ledger book;
    int live_in_handler = -1;

    auto token()
    {
        return asio::bind_allocator(recording_allocator<>(book), observer{&book, &live_in_handler});
    }
};

} // namespace test
