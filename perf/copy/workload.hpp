// Copies of one large file, each to a new one: what all peers do alike.
#pragma once

#include "echo/unique_fd.hpp"
#include "support/program.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace perf {

class copies
{
public:
    /// The variant is `cached`: the system has the source in memory. It has 1 GiB, but 64 MiB where
    /// the window is below a second.
    explicit copies(const assignment& a);
    ~copies();
    copies(const copies&) = delete;

    const std::string& source() const noexcept { return source_; }

    /// Does not exist when a copy begins.
    const std::string& target() const noexcept { return target_; }

    std::uint64_t size() const noexcept { return size_; }

    /// Calls what copies, once or more often, and prints the metrics. `counts_allocations`: all of
    /// them are this process's.
    void measure(const std::function<void()>& copy, bool counts_allocations = true);

    /// Both ends for a peer that works with descriptors.
    echo::unique_fd open_source() const;
    echo::unique_fd open_target() const;

private:
    void provide_source() const;
    void check_target() const;
    void remove_target() const;

    std::chrono::milliseconds window_;
    std::uint64_t size_;
    std::string source_;
    std::string target_;
};

} // namespace perf
