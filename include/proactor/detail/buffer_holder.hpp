#ifndef PROACTOR_DETAIL_BUFFER_HOLDER_HPP
#define PROACTOR_DETAIL_BUFFER_HOLDER_HPP

#include <proactor/detail/asio_detail.hpp>
#include <proactor/native_buffer.hpp>

#include <cstddef>

namespace proactor::detail {

/// What is left of a buffer that its operation owns: a buffer sequence. To a stream of ours it says whether
/// all of it is asked for, in one operation; to others it is a sequence like any.
template <typename Buffer>
class owned_sequence
{
public:
    using value_type = Buffer;
    using const_iterator = const Buffer*;

    owned_sequence(const Buffer& b, bool whole) noexcept
        : single_(b)
        , whole_(whole)
    {
    }
    /// Of pieces that stay where they are.
    owned_sequence(const Buffer* first, std::size_t count, bool whole) noexcept
        : many_(first)
        , count_(count)
        , whole_(whole)
    {
    }

    const Buffer* begin() const noexcept { return many_ ? many_ : &single_; }
    const Buffer* end() const noexcept { return begin() + count_; }
    bool whole() const noexcept { return whole_; }

private:
    Buffer single_;
    const Buffer* many_ = nullptr;
    std::size_t count_ = 1;
    bool whole_;
};

template <typename Sequence>
bool asks_for_all(const Sequence&) noexcept
{
    return false;
}
template <typename Buffer>
bool asks_for_all(const owned_sequence<Buffer>& s) noexcept
{
    return s.whole();
}

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
        auto* first = reinterpret_cast<native_buffer*>(adapter_.buffers());
        const auto count = static_cast<std::uint32_t>(adapter_.count());
        if (count == 0)
            return {};
        if (count == 1)
            return {{first->data, first->size}, nullptr, 1};
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
