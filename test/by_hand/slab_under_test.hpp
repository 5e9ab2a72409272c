#ifndef PROACTOR_TEST_BY_HAND_SLAB_UNDER_TEST_HPP
#define PROACTOR_TEST_BY_HAND_SLAB_UNDER_TEST_HPP

#include <proactor/op.hpp>

#include <support/bounded.hpp>
#include <support/handles.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

using namespace std::chrono_literals;

namespace op = proactor::op;
using op::readiness;
using clock = op::slab::clock;

inline constexpr auto for_ever = clock::time_point::max();
inline constexpr auto at_once = clock::time_point::min();

inline std::unique_ptr<proactor::driver> open_tested_driver()
{
    auto opened = proactor::open_driver();
    if (!opened.driver)
        throw std::system_error(opened.error, std::generic_category(), opened.reason);
    return std::move(opened.driver);
}

/// A slab over the driver that PROACTOR_DRIVER names, or the best there is, and waits that end.
struct slab_under_test : op::slab
{
    slab_under_test() : slab(open_tested_driver()) {}

    using slab::attach;
    op::source attach(const handle& h) { return slab::attach(h.get()); }

    /// The next completion, or an empty one with token `nothing_came`.
    op::completion next(clock::time_point limit = clock::now() + patience)
    {
        std::array<op::completion, 1> room;
        do
            if (!wait(limit, room).empty())
                return std::move(room[0]);
        while (clock::now() < limit);
        BOOST_ERROR("no completion came");
        return {};
    }

    std::vector<op::completion> next_several(std::size_t n)
    {
        std::vector<op::completion> all;
        for (std::size_t i = 0; i != n; ++i)
            all.push_back(next());
        return all;
    }

    /// What there is now; looks often enough for the system to have completed what it can.
    std::vector<op::completion> look()
    {
        std::vector<op::completion> all;
        std::array<op::completion, 8> room;
        for (int i = 0; i != 20; ++i)
        {
            constexpr std::uint64_t marker = ~std::uint64_t(0);
            submit(op::nothing{}, marker);
            for (bool over = false; !over;)
                for (auto& c : wait(clock::now() + patience, room))
                    if (c.token() == marker)
                        over = true;
                    else
                        all.push_back(std::move(c));
        }
        return all;
    }

    /// Nothing comes within a while.
    bool quiet()
    {
        std::array<op::completion, 8> room;
        return look().empty() && wait(clock::now() + 5ms, room).empty();
    }
};

inline bool cancelled(const op::completion& c)
{
    return c.error() == std::errc::operation_canceled;
}

/// Whether all bits of `what` are there.
inline bool has(readiness found, readiness what)
{
    return (static_cast<unsigned>(found) & static_cast<unsigned>(what))
        == static_cast<unsigned>(what);
}

inline void set_non_blocking(const handle& h)
{
    checked(::fcntl(h.get(), F_SETFL, ::fcntl(h.get(), F_GETFL) | O_NONBLOCK), "fcntl");
}

/// Reads until it would block, as the user of an edge has to.
inline std::size_t drain(const handle& h)
{
    char bytes[256];
    std::size_t n = 0;
    for (ssize_t r; (r = ::read(h.get(), bytes, sizeof bytes)) > 0;)
        n += static_cast<std::size_t>(r);
    return n;
}

} // namespace test

#endif
