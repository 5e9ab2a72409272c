#ifndef PROACTOR_DETAIL_SOCKET_PAYLOADS_HPP
#define PROACTOR_DETAIL_SOCKET_PAYLOADS_HPP

#include <proactor/detail/payloads.hpp>

#include <boost/asio/detail/socket_holder.hpp>
#include <boost/asio/socket_base.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace proactor::detail {

/// An address within an operation: it stays where it is until the kernel is done with it.
template <typename Endpoint>
class connect_payload
{
public:
    explicit connect_payload(const Endpoint& e)
        : endpoint_(e)
    {
    }
    void prepare(operation& op)
    {
        op.ask(request::connect{endpoint_.data(),
                                      static_cast<std::uint32_t>(endpoint_.size())});
    }
    std::tuple<error_code> finish(const outcome& o) { return {make_error(o.error)}; }

private:
    Endpoint endpoint_;
};

/// The part of an accept that does not depend on who takes the connection.
template <typename Protocol>
class accept_base
{
    using endpoint = typename Protocol::endpoint;

public:
    accept_base(const Protocol& p, endpoint* peer_endpoint, bool report_aborted)
        : protocol_(p)
        , wanted_(peer_endpoint)
        , report_aborted_(report_aborted)
    {
    }

    void prepare(operation& op)
    {
        request::accept r{protocol_.family(), protocol_.type(), protocol_.protocol(), nullptr,
                          nullptr, report_aborted_};
        if (wanted_)
        {
            size_ = static_cast<std::uint32_t>(address_.capacity());
            r.address = address_.data();
            r.address_size = &size_;
        }
        op.ask(r);
    }

protected:
    template <typename Socket>
    error_code assign(Socket& peer, const outcome& o)
    {
        error_code ec = make_error(o.error);
        if (ec)
            return ec;
        asio::detail::socket_holder won(
            static_cast<asio::detail::socket_type>(o.value));
        if (wanted_)
        {
            address_.resize(size_);
            *wanted_ = address_;
        }
        peer.assign(protocol_, won.get(), ec);
        if (!ec)
            won.release();
        return ec;
    }

private:
    Protocol protocol_;
    endpoint* wanted_;
    endpoint address_;
    std::uint32_t size_ = 0;
    bool report_aborted_;
};

/// Accepts into a socket of the user's.
template <typename Protocol, typename Socket>
class accept_payload : public accept_base<Protocol>
{
public:
    accept_payload(Socket& peer, const Protocol& p, typename Protocol::endpoint* e,
                   bool report_aborted)
        : accept_base<Protocol>(p, e, report_aborted)
        , peer_(peer)
    {
    }
    std::tuple<error_code> finish(const outcome& o) { return {this->assign(peer_, o)}; }

private:
    Socket& peer_;
};

/// Accepts into a socket that the handler gets.
template <typename Protocol, typename Socket>
class move_accept_payload : public accept_base<Protocol>
{
public:
    template <typename PeerExecutor>
    move_accept_payload(const PeerExecutor& ex, const Protocol& p, typename Protocol::endpoint* e,
                        bool report_aborted)
        : accept_base<Protocol>(p, e, report_aborted)
        , peer_(ex)
    {
    }
    std::tuple<error_code, Socket> finish(const outcome& o)
    {
        const error_code ec = this->assign(peer_, o);
        return {ec, std::move(peer_)};
    }

private:
    Socket peer_;
};

/// A datagram with an address, or a receive that tells its flags: a message header beside the
/// operation.
template <typename Holder>
class message_base
{
public:
    template <typename Sequence>
    explicit message_base(const Sequence& buffers)
        : buffers_(buffers)
    {
    }

protected:
    msghdr& header(void* name, std::size_t name_size)
    {
        list_ = buffers_.list();
        header_ = {};
        header_.msg_name = name;
        header_.msg_namelen = static_cast<socklen_t>(name_size);
        header_.msg_iov = reinterpret_cast<iovec*>(const_cast<native_buffer*>(list_.data()));
        header_.msg_iovlen = list_.size();
        return header_;
    }

    msghdr header_;

private:
    Holder buffers_;
    buffer_list list_;
};

template <typename Holder, typename Endpoint>
class send_to_payload : message_base<Holder>
{
public:
    template <typename Sequence>
    send_to_payload(const Sequence& buffers, const Endpoint& to, int flags)
        : message_base<Holder>(buffers)
        , to_(to)
        , flags_(flags)
    {
    }
    void prepare(operation& op)
    {
        op.ask(request::send_message{&this->header(to_.data(), to_.size()), flags_});
    }
    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        return transferred(o, end_of_file::never);
    }

private:
    Endpoint to_;
    int flags_;
};

template <typename Holder, typename Endpoint>
class receive_from_payload : message_base<Holder>
{
public:
    template <typename Sequence>
    receive_from_payload(const Sequence& buffers, Endpoint& from, int flags, end_of_file e)
        : message_base<Holder>(buffers)
        , wanted_(from)
        , flags_(flags)
        , end_of_file_(e)
    {
    }
    void prepare(operation& op)
    {
        op.ask(request::receive_message{&this->header(from_.data(), from_.capacity()), flags_});
    }
    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        if (!o.error)
        {
            from_.resize(this->header_.msg_namelen);
            wanted_ = from_;
        }
        return transferred(o, end_of_file_);
    }

private:
    Endpoint& wanted_;
    Endpoint from_;
    int flags_;
    end_of_file end_of_file_;
};

template <typename Holder>
class receive_with_flags_payload : message_base<Holder>
{
public:
    template <typename Sequence>
    receive_with_flags_payload(const Sequence& buffers, int flags,
                               asio::socket_base::message_flags& out)
        : message_base<Holder>(buffers)
        , flags_(flags)
        , out_(out)
    {
    }
    void prepare(operation& op)
    {
        op.ask(request::receive_message{&this->header(nullptr, 0), flags_});
    }
    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        out_ = o.error ? 0 : this->header_.msg_flags;
        return transferred(o, end_of_file::never);
    }

private:
    int flags_;
    asio::socket_base::message_flags& out_;
};

} // namespace proactor::detail

#endif
