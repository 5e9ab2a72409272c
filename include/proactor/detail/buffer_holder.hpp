#ifndef PROACTOR_DETAIL_BUFFER_HOLDER_HPP
#define PROACTOR_DETAIL_BUFFER_HOLDER_HPP

#include <proactor/detail/asio_detail.hpp>
#include <proactor/native_buffer.hpp>

#include <cstddef>

namespace proactor::detail {

/// An Asio buffer sequence as the system takes it, within an operation. Buffers beyond Asio's limit of
/// 64 are left to the next call, as there.
template <typename Buffer, typename Sequence>
class buffer_holder
{
    using adapter = asio::detail::buffer_sequence_adapter<Buffer, Sequence>;

public:
    explicit buffer_holder(const Sequence& buffers)
        : adapter_(buffers)
    {
    }

    buffer_list list()
    {
        const auto* first = reinterpret_cast<const native_buffer*>(adapter_.buffers());
        const auto count = static_cast<std::uint32_t>(adapter_.count());
        if (count == 0)
            return {};
        if (count == 1)
            return {*first, nullptr, 1};
        return {{}, first, count};
    }

    static bool all_empty(const Sequence& buffers) { return adapter::all_empty(buffers); }

private:
    adapter adapter_;
};

template <typename Sequence>
using mutable_holder = buffer_holder<asio::mutable_buffer, Sequence>;
template <typename Sequence>
using const_holder = buffer_holder<asio::const_buffer, Sequence>;

} // namespace proactor::detail

#endif
