#ifndef PROACTOR_DETAIL_FILE_SEND_HPP
#define PROACTOR_DETAIL_FILE_SEND_HPP

#include <proactor/detail/payloads.hpp>
#include <proactor/to_end.hpp>
#include <proactor/unique_handle.hpp>

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>

namespace proactor::detail {

/// A part of a file that an operation sends, with a handle of its own: the user's may be closed.
struct part_of_file
{
    unique_handle file;
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
    int error = 0; ///< that there is nothing to be sent for
};

/// Stands for a part of a file where a socket of ours takes buffers. It is read before `async_send`
/// returns.
struct file_sequence
{
    using value_type = asio::const_buffer;
    using const_iterator = const asio::const_buffer*;

    const_iterator begin() const noexcept { return nullptr; }
    const_iterator end() const noexcept { return nullptr; }

    part_of_file* part;
};

class file_transfer
{
public:
    explicit file_transfer(part_of_file&& part)
        : part_(std::move(part))
    {
    }

    void prepare(operation& op)
    {
        op.ask(request::send_file{part_.file.get(), part_.offset, part_.count});
    }

    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        if (part_.count == to_end)
            return transferred(o, end_of_file::never);
        return transferred(o, end_of_file::at_zero, static_cast<std::size_t>(part_.count));
    }

private:
    part_of_file part_;
};

} // namespace proactor::detail

#endif
