#ifndef PROACTOR_DETAIL_MESSAGE_OPS_HPP
#define PROACTOR_DETAIL_MESSAGE_OPS_HPP

#include <proactor/control_buffer.hpp>
#include <proactor/detail/asio_hooks.hpp>
#include <proactor/detail/owned_op.hpp>
#include <proactor/detail/payloads.hpp>
#include <proactor/message_info.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <tuple>
#include <type_traits>
#include <utility>

/// Messages with control data, over any socket: one operation of the driver where the socket is
/// ours, else waits for readiness with calls of the system between them.
namespace proactor::detail {

/// Memory of the caller's.
template <typename View, typename Buffers>
class borrowed_memory
{
public:
    explicit borrowed_memory(const Buffers& b) : holder_(b) {}
    buffer_list list() { return holder_.list(); }
    static bool all_empty(const Buffers& b) { return buffer_holder<View, Buffers>::all_empty(b); }
    std::tuple<> give_back() { return {}; }

private:
    buffer_holder<View, Buffers> holder_;
};

/// A buffer that the operation owns. It does not move between `list` and `give_back`.
template <typename View, typename Buffer>
class owned_memory
{
public:
    explicit owned_memory(Buffer&& b) : state_(std::move(b)) {}
    buffer_list list() { return holder_.emplace(state_.rest(false)).list(); }
    static bool all_empty(Buffer& b)
    {
        const auto is_empty = []<typename Each>(const Each& each) {
            return buffer_traits<Each>::size(each) == 0;
        };
        if constexpr (requires { std::tuple_size<Buffer>::value; })
            return std::apply([&](const auto&... each) { return (is_empty(each) && ...); }, b);
        else
            return std::all_of(b.begin(), b.end(), is_empty);
    }
    std::tuple<Buffer> give_back() { return {std::move(state_.buffer())}; }

private:
    owned_state<Buffer, View> state_;
    std::optional<buffer_holder<View, owned_sequence<View>>> holder_;
};

template <typename View, single_buffer Buffer>
class owned_memory<View, Buffer>
{
    using traits = buffer_traits<Buffer>;

public:
    explicit owned_memory(Buffer&& b) : buffer_(std::move(b)) {}
    buffer_list list()
    {
        const View all(traits::data(buffer_), traits::size(buffer_));
        return {{const_cast<void*>(static_cast<const void*>(all.data())), all.size()}, nullptr, 1};
    }
    static bool all_empty(Buffer& b) { return traits::size(b) == 0; }
    std::tuple<Buffer> give_back() { return {std::move(buffer_)}; }

private:
    Buffer buffer_;
};

/// Control data of the caller's.
struct borrowed_control
{
    control_messages* messages;

    control_messages& get() noexcept { return *messages; }
    std::tuple<> give_back() { return {}; }
};

template <std::size_t N>
struct owned_control
{
    control_buffer<N> buffer;

    control_messages& get() noexcept { return buffer; }
    std::tuple<control_buffer<N>> give_back() { return {std::move(buffer)}; }
};

/// What a message comes into. Its header stays where it is until the system is done with it.
template <typename Memory, typename Control, typename Endpoint>
class receive_msg_payload
{
public:
    template <typename Buffers>
    receive_msg_payload(int flags, end_of_file e, Buffers&& buffers, Control&& control)
        : memory_(std::forward<Buffers>(buffers)), control_(std::move(control)),
          flags_(flags | MSG_CMSG_CLOEXEC), end_of_file_(e)
    {
    }
    receive_msg_payload(const receive_msg_payload&) = delete;

    /// Nobody gets what came: its descriptors belong to their buffer all the same.
    ~receive_msg_payload()
    {
        if (asked_ && !asked_->outcome.error)
            control_.get().filled(header_.msg_controllen);
    }

    void prepare(operation& op)
    {
        op.ask(request::receive_message{&header(), flags_});
        asked_ = &op;
    }

    msghdr& header()
    {
        list_ = memory_.list();
        const auto room = control_.get().room();
        header_ = {};
        header_.msg_name = sender_.data();
        header_.msg_namelen = static_cast<socklen_t>(sender_.capacity());
        header_.msg_iov = reinterpret_cast<iovec*>(const_cast<native_buffer*>(list_.data()));
        header_.msg_iovlen = list_.size();
        header_.msg_control = room.data();
        header_.msg_controllen = room.size();
        return header_;
    }
    int flags() const noexcept { return flags_; }

    auto finish(const outcome& o)
    {
        message_info<Endpoint> info;
        control_messages& control = control_.get();
        asked_ = nullptr;
        if (!o.error && header_.msg_control)
        {
            control.filled(header_.msg_controllen);
            if (const std::size_t n = header_.msg_namelen)
            {
                sender_.resize(std::min(n, sender_.capacity()));
                info.sender = sender_;
            }
            info.flags = header_.msg_flags & ~MSG_CMSG_CLOEXEC;
        }
        else
            control.clear();
        return std::tuple_cat(transferred(o, end_of_file_), memory_.give_back(),
                              control_.give_back(), std::tuple(std::move(info)));
    }

private:
    Memory memory_;
    Control control_;
    Endpoint sender_;
    buffer_list list_;
    msghdr header_{};
    int flags_;
    end_of_file end_of_file_;
    const operation* asked_ = nullptr; ///< until its end, for what comes
};

/// No receiver: where the socket is connected to.
struct no_receiver
{
    void* data() noexcept { return nullptr; }
    std::size_t size() const noexcept { return 0; }
};

template <typename Memory, typename Control, typename Receiver>
class send_msg_payload
{
public:
    template <typename Buffers>
    send_msg_payload(int flags, Buffers&& buffers, Control&& control, const Receiver& receiver)
        : memory_(std::forward<Buffers>(buffers)), control_(std::move(control)),
          receiver_(receiver), flags_(flags)
    {
    }

    void prepare(operation& op) { op.ask(request::send_message{&header(), flags_}); }

    msghdr& header()
    {
        list_ = memory_.list();
        const auto control = control_.get().bytes();
        header_ = {};
        header_.msg_name = receiver_.data();
        header_.msg_namelen = static_cast<socklen_t>(receiver_.size());
        header_.msg_iov = reinterpret_cast<iovec*>(const_cast<native_buffer*>(list_.data()));
        header_.msg_iovlen = list_.size();
        if (!control.empty())
        {
            header_.msg_control = const_cast<std::byte*>(control.data()); // only read: sendmsg(2)
            header_.msg_controllen = control.size();
        }
        return header_;
    }
    int flags() const noexcept { return flags_; }

    auto finish(const outcome& o)
    {
        return std::tuple_cat(transferred(o, end_of_file::never), memory_.give_back(),
                              control_.give_back());
    }

private:
    Memory memory_;
    Control control_;
    Receiver receiver_;
    buffer_list list_;
    msghdr header_;
    int flags_;
};

template <typename>
struct signature_of_tuple;
template <typename... T>
struct signature_of_tuple<std::tuple<T...>>
{
    using type = void(T...);
};

/// What a payload completes with.
template <typename Payload>
using payload_signature = typename signature_of_tuple<decltype(std::declval<Payload&>().finish(
    std::declval<const outcome&>()))>::type;

/// Calls `f(service, implementation)` with our service of a socket. False: it is Asio's own.
template <typename Socket, typename F>
bool with_our_service(Socket& socket, F f)
{
    struct access : Socket
    {
        static auto& implementation_of(Socket& s) { return s.*(&access::impl_); }
    };
    auto& object = access::implementation_of(socket);
    auto& service = object.get_service();
    using service_type = std::remove_reference_t<decltype(service)>;
    if constexpr (is_either<service_type>)
    {
        if (!service.is_ours())
            return false;
        f(service.ours(), object.get_implementation().ours);
        return true;
    }
    else if constexpr (is_ours<service_type>)
    {
        f(service, object.get_implementation());
        return true;
    }
    else
        return false;
}

/// On a socket of Asio's own: waits until the system takes or gives a message without blocking.
template <typename Socket, typename Payload, asio::socket_base::wait_type Direction>
class composed_msg
{
public:
    composed_msg(Socket& s, const error_code& refused, std::unique_ptr<Payload> p)
        : socket_(&s), payload_(std::move(p)), refused_(refused)
    {
    }

    template <typename Self>
    void operator()(Self& self, error_code ec = {})
    {
        outcome o;
        if (!std::exchange(begun_, true))
        {
            self.reset_cancellation_state(asio::enable_total_cancellation());
            if (refused_)
                return asio::post(socket_->get_executor(), std::move(self));
            return wait(self);
        }
        if (refused_)
            ec = refused_;
        if (ec)
            o.error = outcome_code(ec);
        else
        {
            const ssize_t n = transfer();
            if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return wait(self);
            if (n < 0)
                o.error = errno;
            else
                o.value = static_cast<std::uint64_t>(n);
        }
        auto results = payload_->finish(o);
        payload_.reset();
        std::apply([&](auto&&... r) { self.complete(std::move(r)...); }, std::move(results));
    }

private:
    template <typename Self>
    void wait(Self& self)
    {
        // What comes beside the data is not waited for with it.
        const bool beside = Direction == asio::socket_base::wait_read
            && (payload_->flags() & (MSG_OOB | MSG_ERRQUEUE));
        socket_->async_wait(beside ? asio::socket_base::wait_error : Direction, std::move(self));
    }
    ssize_t transfer()
    {
        const int flags = payload_->flags() | MSG_DONTWAIT;
        if constexpr (Direction == asio::socket_base::wait_read)
            return ::recvmsg(socket_->native_handle(), &payload_->header(), flags);
        else
            return ::sendmsg(socket_->native_handle(), &payload_->header(), flags);
    }

    Socket* socket_;
    std::unique_ptr<Payload> payload_;
    error_code refused_;
    bool begun_ = false;
};

template <typename Payload, asio::socket_base::wait_type Direction, typename Socket,
          typename Handler, typename... Args>
void compose_msg(Socket& socket, const error_code& refused, Handler& handler, Args&&... args)
{
    using op = composed_msg<Socket, Payload, Direction>;
    asio::async_compose<Handler, payload_signature<Payload>>(
        op(socket, refused, std::make_unique<Payload>(std::forward<Args>(args)...)), handler,
        socket);
}

template <typename Payload, typename Socket>
class initiate_receive_msg
{
public:
    using executor_type = typename Socket::executor_type;

    explicit initiate_receive_msg(Socket& s) noexcept : socket_(&s) {}
    executor_type get_executor() const noexcept { return socket_->get_executor(); }

    template <typename Handler, typename Buffers, typename Control>
    void operator()(Handler&& handler, asio::socket_base::message_flags flags, bool all_empty,
                    Buffers buffers, Control control) const
    {
        std::decay_t<Handler> h(std::forward<Handler>(handler));
        const bool ours = with_our_service(*socket_, [&](auto& service, auto& object) {
            service.template async_receive_msg<Payload>(object, flags, all_empty, h,
                                                        socket_->get_executor(), std::move(buffers),
                                                        std::move(control));
        });
        if (!ours)
            compose_msg<Payload, asio::socket_base::wait_read>(
                *socket_, {}, h, static_cast<int>(flags), end_of(all_empty), std::move(buffers),
                std::move(control));
    }

private:
    static end_of_file end_of(bool all_empty)
    {
        const typename Socket::protocol_type::endpoint any;
        return any.protocol().type() == SOCK_STREAM && !all_empty ? end_of_file::at_zero
                                                                  : end_of_file::never;
    }

    Socket* socket_;
};

template <typename Payload, typename Socket>
class initiate_send_msg
{
public:
    using executor_type = typename Socket::executor_type;

    explicit initiate_send_msg(Socket& s) noexcept : socket_(&s) {}
    executor_type get_executor() const noexcept { return socket_->get_executor(); }

    template <typename Handler, typename Buffers, typename Control, typename Receiver>
    void operator()(Handler&& handler, asio::socket_base::message_flags flags, Buffers buffers,
                    Control control, const Receiver& receiver) const
    {
        std::decay_t<Handler> h(std::forward<Handler>(handler));
        error_code refused;
        if (control.get().overflowed())
            refused = asio::error::no_buffer_space;
        const bool ours = with_our_service(*socket_, [&](auto& service, auto& object) {
            service.template async_send_msg<Payload>(object, flags, refused, h,
                                                     socket_->get_executor(), std::move(buffers),
                                                     std::move(control), receiver);
        });
        if (!ours)
            compose_msg<Payload, asio::socket_base::wait_write>(
                *socket_, refused, h, flags | MSG_NOSIGNAL, std::move(buffers), std::move(control),
                receiver);
    }

private:
    Socket* socket_;
};

template <typename Token, typename Memory, typename Socket, typename Buffers, typename Control>
auto start_receive_msg(Socket& s, Buffers&& b, Control&& c, asio::socket_base::message_flags flags,
                       std::remove_reference_t<Token>& token)
{
    using payload = receive_msg_payload<Memory, std::decay_t<Control>,
                                        typename Socket::protocol_type::endpoint>;
    const bool all_empty = Memory::all_empty(b);
    return asio::async_initiate<Token, payload_signature<payload>>(
        initiate_receive_msg<payload, Socket>(s), token, flags, all_empty, std::move(b),
        std::move(c));
}

template <typename Token, typename Memory, typename Socket, typename Buffers, typename Control,
          typename Receiver>
auto start_send_msg(Socket& s, Buffers&& b, Control&& c, const Receiver& to,
                    asio::socket_base::message_flags flags, std::remove_reference_t<Token>& token)
{
    using payload = send_msg_payload<Memory, std::decay_t<Control>, Receiver>;
    return asio::async_initiate<Token, payload_signature<payload>>(
        initiate_send_msg<payload, Socket>(s), token, flags, std::move(b), std::move(c), to);
}

} // namespace proactor::detail

#endif
