#include "open_descriptors.hpp"

#include <sys/resource.h>

#include <filesystem>
#include <iterator>
#include <limits>

namespace file_server {

std::size_t open_descriptors()
{
    std::filesystem::directory_iterator const listing("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(listing), end(listing))) - 1;
}

std::size_t descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::numeric_limits<std::size_t>::max();
    return limit.rlim_cur;
}

} // namespace file_server
