#ifndef PROACTOR_SRC_DRIVER_KINDS_HPP
#define PROACTOR_SRC_DRIVER_KINDS_HPP

#include <proactor/operation.hpp>

#include <cstdint>

namespace proactor::detail {

/// A set of requests, so that what few of them need costs the others one question.
template <typename... Requests>
constexpr std::uint64_t kinds = ((std::uint64_t{1} << request::index_of<Requests>) | ...);

template <std::uint64_t Kinds>
bool is_one_of(const operation& op) noexcept
{
    static_assert(request::any::size <= 64);
    return Kinds >> op.request.index() & 1;
}

} // namespace proactor::detail

#endif
