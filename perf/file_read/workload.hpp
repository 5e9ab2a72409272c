// Random reads of one file, a number of them at a time: what all peers do alike.
#pragma once

#include "support/file_pattern.hpp"
#include "support/program.hpp"
#include "support/stopwatch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>

namespace perf {

/// The variants are cached_qd<depth> and direct_qd<depth>; the environment names the file in
/// PERF_FILE.
class workload
{
public:
    explicit workload(const assignment& a);

    /// Reads in flight, each with a buffer of its own.
    unsigned depth() const noexcept { return depth_; }

    /// A new descriptor, the caller's.
    int open() const;

    char* buffer(unsigned lane) noexcept { return buffers_.get() + lane * block_size; }

    /// Those of all lanes.
    std::span<std::byte> buffers() noexcept
    {
        return {reinterpret_cast<std::byte*>(buffers_.get()), depth_ * block_size};
    }

    std::uint64_t next_position() noexcept;

    /// Checks the outcome of a read, and its contents now and then. Whether to start another.
    bool ended(std::uint64_t position, const char* buffer, std::size_t bytes);

    void report() const;

private:
    struct release
    {
        void operator()(char* p) const noexcept { std::free(p); }
    };

    static const char* path();
    void require_direct_reads();
    void fill_page_cache();

    bool direct_;
    unsigned depth_;
    std::unique_ptr<char, release> buffers_;
    std::minstd_rand random_; // the same positions for every peer
    std::uint64_t operations_ = 0;
    stopwatch watch_;
};

} // namespace perf
