#ifndef PROACTOR_SRC_DRIVER_IO_URING_PROBE_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_PROBE_HPP

#include "ring.hpp"

#include <bitset>

namespace proactor::io_uring {

/// The opcodes of a kernel, by their numbers.
using opcodes = std::bitset<256>;

/// What the kernel behind this ring says that it can do; nothing if it must not be asked.
opcodes supported_opcodes(int ring_fd) noexcept;

/// The first opcode that the driver cannot do without and that is missing, or -1.
int missing_opcode(const opcodes& supported) noexcept;

} // namespace proactor::io_uring

#endif
