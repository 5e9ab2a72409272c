#pragma once

#include <cstddef>

namespace file_server {

// How many descriptors this process has open, without the one that counting needs.
std::size_t open_descriptors();

// How many it may have open.
std::size_t descriptor_limit();

} // namespace file_server
