#ifndef PROACTOR_DETAIL_PAYLOADS_HPP
#define PROACTOR_DETAIL_PAYLOADS_HPP

#include <proactor/detail/buffer_holder.hpp>
#include <proactor/operation.hpp>

#include <boost/asio/error.hpp>

#include <cstddef>
#include <tuple>

/// What the operations of the services ask for, and what they make of the outcome: see `async_op`.
namespace proactor::detail {

/// Whether 0 bytes mean that the other side has ended its stream, or the file is at its end.
enum class end_of_file : bool
{
    never,
    at_zero
};

inline std::tuple<error_code, std::size_t> transferred(const outcome& o, end_of_file e,
                                                       std::size_t wanted = 1)
{
    error_code ec = make_error(o.error);
    if (!ec && o.value < wanted && e == end_of_file::at_zero)
        ec = asio::error::eof;
    return {ec, static_cast<std::size_t>(o.value)};
}

/// Moves bytes between an Asio buffer sequence and a handle, by a request with `buffers`. Without an error
/// fewer bytes than wanted are the end: than one, or than all.
template <typename Request, typename Holder>
class transfer
{
public:
    template <typename Sequence>
    transfer(const Request&, const Sequence& buffers, end_of_file e)
        : buffers_(buffers)
        , end_of_file_(e)
    {
    }

    template <typename Sequence>
    void prepare(operation& op, const Request& r, const Sequence& buffers, end_of_file)
    {
        auto& mine = op.request.emplace<Request>(r);
        mine.buffers = buffers_.list();
        mine.whole = asks_for_all(buffers);
        if (mine.whole)
            wanted_ = mine.buffers.bytes();
    }

    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        return transferred(o, end_of_file_, wanted_);
    }

private:
    Holder buffers_;
    std::size_t wanted_ = 1;
    end_of_file end_of_file_;
};

/// A transfer that has come to its end before anything was asked for.
class no_transfer
{
public:
    void prepare(operation& op) { op.ask(request::nothing{}); }
    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        return transferred(o, end_of_file::never);
    }
};

/// The same for another payload.
template <typename Payload>
class unasked : public Payload
{
public:
    using Payload::Payload;
    void prepare(operation& op, const auto&...) { op.request = request::nothing{}; }
};

/// An operation whose handler takes an error only.
template <typename Request>
class plain
{
public:
    explicit plain(const Request& r)
        : request_(r)
    {
    }
    void prepare(operation& op) { op.ask(request_); }
    std::tuple<error_code> finish(const outcome& o) { return {make_error(o.error)}; }

private:
    Request request_;
};

/// A wait for readiness in the shape of a transfer: Asio's `null_buffers`.
class readiness_transfer : public plain<request::poll>
{
public:
    using plain::plain;
    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        return {make_error(o.error), 0};
    }
};

} // namespace proactor::detail

#endif
