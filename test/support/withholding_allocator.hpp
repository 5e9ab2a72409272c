// Finds writes to freed memory by whomever: the kernel's too, which AddressSanitizer does not see.
//
// Linked into an executable, it takes the place of operator new and delete there. A freed block is
// filled with a pattern and withheld for a while, so that nobody else gets the memory and a late
// write leaves its trace.
#pragma once

#include <proactor/config.hpp>

#include <cstddef>

namespace test {

/// Whether freed blocks are withheld in this build: not where a sanitizer has taken that place.
inline constexpr bool withholds_blocks = !PROACTOR_ASAN && !PROACTOR_TSAN;

/// Whether no withheld block, nor one that has been let go of since `forget_withheld_blocks`, was
/// written to after it was freed. Any thread.
bool withheld_blocks_intact() noexcept;

/// How many blocks are withheld now.
std::size_t withheld_blocks() noexcept;

/// Lets go of all withheld blocks, whatever became of them.
void forget_withheld_blocks() noexcept;

} // namespace test
