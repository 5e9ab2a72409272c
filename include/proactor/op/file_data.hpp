#ifndef PROACTOR_OP_FILE_DATA_HPP
#define PROACTOR_OP_FILE_DATA_HPP

#include <proactor/detail/op_slot.hpp>

#include <cstdint>

/// What can be done to an open file beside reads and writes. Modes, advice and flags are the system's own.
namespace proactor::op {

/// Gives a file its size.
struct truncate
{
    std::uint64_t size = 0;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::truncate{size}, lane::none}; }
};

/// Allocates room to a part of a file, or takes it away: `fallocate(2)`.
struct allocate
{
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    int mode = 0;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::allocate{offset, size, mode}, lane::none}; }
};

/// Says how a part of a file will be used, `posix_fadvise(3)`. Size 0 is all that follows.
struct advise
{
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    int advice = 0;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::advise{offset, size, advice}, lane::none}; }
};

/// Writes a part of a file's data to its device, `sync_file_range(2)`. Size 0 is all that follows.
struct sync_range
{
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    unsigned flags = 0;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::sync_range{offset, size, flags}, lane::none}; }
};

} // namespace proactor::op

#endif
