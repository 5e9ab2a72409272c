#include "limits.hpp"

#include <algorithm>

namespace file_server {

limits fit_to_descriptors(limits wanted, std::size_t left)
{
    constexpr std::size_t spare = 4; // the port file, a listing, what a driver opens on the way
    auto const at_least_one = [](std::size_t n) { return std::max<std::size_t>(n, 1); };
    left -= std::min(left, spare);
    wanted.transfers = std::min(wanted.transfers, at_least_one(left / 2));
    wanted.connections =
        std::min(wanted.connections, at_least_one(left - std::min(left, wanted.transfers)));
    return wanted;
}

} // namespace file_server
