#ifndef PROACTOR_DETAIL_KERNEL_COPY_HPP
#define PROACTOR_DETAIL_KERNEL_COPY_HPP

#include <proactor/native_handle.hpp>

#include <cstddef>
#include <cstdint>

/// Bytes that go from handle to handle within the system. Results are values or negative codes of the system.
namespace proactor::detail {

/// Moves what is there and has room, one of the two being a pipe; 0 is the end of `from`. `EAGAIN` where
/// that is nothing: then `waits_for_input` says which one to wait for.
std::int64_t splice_part(native_handle from, native_handle to, std::uint64_t count) noexcept;
bool waits_for_input(native_handle from) noexcept;

/// Another handle of the same file.
std::int64_t duplicate_file(native_handle file) noexcept;

/// Reads from a position of a file: what is in the system's memory, or `EAGAIN`.
std::int64_t read_part_now(native_handle file, void* data, std::size_t size,
                           std::uint64_t offset) noexcept;
/// The same, and blocks.
std::int64_t read_part(native_handle file, void* data, std::size_t size,
                       std::uint64_t offset) noexcept;

struct copy_range_part
{
    native_handle from, to;
    std::uint64_t from_offset, to_offset, count;
};

/// Copies a part of some megabytes at most, and blocks; 0 is the end of `from`.
std::int64_t copy_part(const copy_range_part& p) noexcept;

} // namespace proactor::detail

#endif
