#pragma once

#include "checksum.hpp"

#include <proactor/op.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace driver_by_hand {

// Reads files by positioned reads, up to `depth` of them in flight, and sums up their bytes in
// order. The buffers wander: into a read, back out of its completion, into the next.
class file_reader
{
public:
    file_reader(proactor::op::slab& slab, std::size_t depth);

    // Throws std::system_error; the reader goes on with the next file.
    checksum read(std::string_view path);

private:
    proactor::unique_handle open(std::string_view path);
    void close(proactor::unique_handle file);
    void ask(proactor::op::source file, std::uint64_t chunk, std::string buffer);
    void await_some();
    proactor::op::completion await_one();

    proactor::op::slab& slab_;
    std::vector<std::string> buffers_;           // those that nobody reads into
    std::vector<proactor::op::completion> done_; // chunk n at n modulo depth, until its turn comes
    std::vector<bool> arrived_;
    std::vector<proactor::op::completion> room_;
};

} // namespace driver_by_hand
