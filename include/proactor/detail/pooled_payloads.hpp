#ifndef PROACTOR_DETAIL_POOLED_PAYLOADS_HPP
#define PROACTOR_DETAIL_POOLED_PAYLOADS_HPP

#include <proactor/detail/payloads.hpp>
#include <proactor/pooled_buffer.hpp>

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <sys/socket.h>
#include <tuple>
#include <utility>

/// Operations that take their buffer out of a pool: what services get in the place of a buffer sequence,
/// and what they make of it.
namespace proactor::detail {

/// To a stream of ours a pool; to any other a sequence of no buffers.
class pooled_sequence
{
public:
    using value_type = asio::mutable_buffer;
    using const_iterator = const asio::mutable_buffer*;

    explicit pooled_sequence(buffer_source& s) noexcept
        : source_(&s)
    {
    }

    const_iterator begin() const noexcept { return nullptr; }
    const_iterator end() const noexcept { return nullptr; }
    buffer_source& source() const noexcept { return *source_; }

private:
    buffer_source* source_;
};

/// Keeps the source while its operation is in flight, and what the operation has won until its handler
/// gets it: nobody may ever call that.
class pooled_base
{
public:
    explicit pooled_base(buffer_source& s) noexcept
        : source_(share(s))
    {
    }
    pooled_base(const pooled_base&) = delete;
    pooled_base& operator=(const pooled_base&) = delete;

    ~pooled_base()
    {
        if (op_ && op_->outcome.flags != buffer_source::none)
            source_->give_back(op_->outcome.flags);
    }

protected:
    template <typename Request>
    void prepare(operation& op, Request r) noexcept
    {
        op_ = &op;
        r.source = source_.get();
        op.ask(r);
    }

    std::tuple<error_code, pooled_buffer> take(const outcome& o, end_of_file e)
    {
        op_ = nullptr;
        auto [ec, n] = transferred(o, e);
        if (o.flags == buffer_source::none)
            return {ec, pooled_buffer()};
        return {ec, pooled_buffer(*source_, o.flags, n)};
    }

private:
    source_reference source_;
    operation* op_ = nullptr;
};

template <typename Request>
class pooled_transfer : pooled_base
{
public:
    pooled_transfer(buffer_source& s, const Request& r, end_of_file e) noexcept
        : pooled_base(s)
        , request_(r)
        , end_of_file_(e)
    {
    }

    void prepare(operation& op) noexcept { pooled_base::prepare(op, request_); }

    std::tuple<error_code, pooled_buffer> finish(const outcome& o)
    {
        return take(o, end_of_file_);
    }

private:
    Request request_;
    end_of_file end_of_file_;
};

template <typename Endpoint>
class pooled_receive_from : pooled_base
{
public:
    pooled_receive_from(buffer_source& s, Endpoint& from, int flags, end_of_file e)
        : pooled_base(s)
        , wanted_(from)
        , flags_(flags)
        , end_of_file_(e)
    {
    }

    void prepare(operation& op) noexcept
    {
        header_.msg_name = from_.data();
        header_.msg_namelen = static_cast<socklen_t>(from_.capacity());
        pooled_base::prepare(op, request::receive_pooled{{}, &header_, flags_,
                                                         end_of_file_ == end_of_file::at_zero});
    }

    std::tuple<error_code, pooled_buffer> finish(const outcome& o)
    {
        if (!o.error)
        {
            from_.resize(header_.msg_namelen);
            wanted_ = from_;
        }
        return take(o, end_of_file_);
    }

private:
    msghdr header_{};
    Endpoint& wanted_;
    Endpoint from_;
    int flags_;
    end_of_file end_of_file_;
};

/// A wait until a buffer is free.
class buffer_wait_payload
{
public:
    explicit buffer_wait_payload(buffer_source& s) noexcept
        : source_(share(s))
    {
    }
    void prepare(operation& op) noexcept { op.ask(request::await_buffer{source_.get()}); }
    std::tuple<error_code> finish(const outcome& o) { return {make_error(o.error)}; }

private:
    source_reference source_;
};

} // namespace proactor::detail

#endif
