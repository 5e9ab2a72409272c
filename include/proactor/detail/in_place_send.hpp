#ifndef PROACTOR_DETAIL_IN_PLACE_SEND_HPP
#define PROACTOR_DETAIL_IN_PLACE_SEND_HPP

#include <proactor/detail/payloads.hpp>

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <tuple>

namespace proactor::detail {

/// What somebody asks of a send without copying, and what came of it. It stays where it is until the
/// operation has completed.
struct in_place_wish
{
    std::size_t at_least;
    bool even_if_copied;
    bool copied = true;
};

/// Buffers that a socket of ours sends without copying them, if it can. To other sockets they are buffers
/// like any.
struct in_place_sequence : owned_sequence<asio::const_buffer>
{
    in_place_sequence(const owned_sequence<asio::const_buffer>& buffers, in_place_wish& w) noexcept
        : owned_sequence<asio::const_buffer>(buffers)
        , wish(&w)
    {
    }

    in_place_wish* wish;
};

inline bool asks_for_all(const in_place_sequence& s) noexcept
{
    return s.whole();
}

class in_place_transfer
{
public:
    in_place_transfer(int flags, const in_place_sequence& buffers)
        : wish_(*buffers.wish)
        , buffers_(buffers)
        , flags_(flags)
        , whole_(buffers.whole())
    {
    }

    void prepare(operation& op)
    {
        auto& r = op.request.emplace<request::send_zc>();
        r.buffers = buffers_.list();
        r.flags = flags_;
        r.whole = whole_;
        r.copies = r.buffers.bytes() < wish_.at_least;
        r.even_if_copied = wish_.even_if_copied;
    }

    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        wish_.copied = !(o.flags & request::send_zc::in_place);
        return transferred(o, end_of_file::never);
    }

private:
    in_place_wish& wish_;
    const_holder<in_place_sequence> buffers_;
    int flags_;
    bool whole_;
};

} // namespace proactor::detail

#endif
