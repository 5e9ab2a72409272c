#pragma once

#include <cstdint>
#include <string>

namespace echo {

// A file in which the server counts its heap allocations, see perf/support/allocations.hpp.
class allocation_counter
{
public:
    // Also tells the children of this process, by their environment.
    allocation_counter();
    ~allocation_counter();
    allocation_counter(allocation_counter const&) = delete;
    allocation_counter& operator=(allocation_counter const&) = delete;

    // 0: the server does not count.
    std::uint64_t now() const;

private:
    std::string path_;
    std::uint64_t* value_ = nullptr;
};

} // namespace echo
