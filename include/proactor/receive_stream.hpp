#ifndef PROACTOR_RECEIVE_STREAM_HPP
#define PROACTOR_RECEIVE_STREAM_HPP

#include <proactor/buffer_pool.hpp>
#include <proactor/detail/item_queue.hpp>
#include <proactor/detail/stream_state.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/socket_base.hpp>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace proactor {

namespace detail {

/// What was received: without a buffer it is a datagram without bytes.
using received_item = std::optional<pooled_buffer>;

/// Its operation receives, and where the pool has nothing left waits for a buffer in between.
class receive_stream_state final : public stream_state<received_item>
{
public:
    receive_stream_state(const handle_facts& f, std::size_t bound, buffer_source& source)
        : stream_state<received_item>(f, bound)
        , source_(share(source))
        , stream_((f.flags & asio::detail::socket_ops::stream_oriented) != 0)
    {
        receive();
    }

    ~receive_stream_state() override { drop_items(); }

private:
    void receive() noexcept
    {
        request::receive_pooled r;
        r.source = source_.get();
        r.stream = stream_;
        r.many = true;
        request = r;
    }

    bool awaits_buffer() const noexcept
    {
        return request.is<request::await_buffer>();
    }

    received_item take_item() override
    {
        if (items_.size() == 0)
            return std::nullopt;
        return as_buffer(items_.pop());
    }

    pooled_buffer as_buffer(std::uint64_t item) const noexcept
    {
        const auto number = request::buffer_of(item);
        return number == buffer_source::none
            ? pooled_buffer()
            : pooled_buffer(*source_, number, request::bytes_of(item));
    }

    std::size_t kept() const noexcept override { return items_.size(); }

    void keep_item(std::uint64_t item) override
    {
        if (closed())
            as_buffer(item).reset();
        else
            items_.push(item);
    }

    void drop_items() noexcept override
    {
        while (items_.size() != 0)
            as_buffer(items_.pop()).reset();
    }

    after_end next_step(std::int32_t error) override
    {
        if (awaits_buffer())
            receive();
        else if (error == ENOBUFS)
        {
            request = request::await_buffer{source_.get()};
            return after_end::goes_on;
        }
        else if (!error && !enough)
            return after_end::finished;
        return error ? after_end::failed : after_end::goes_on;
    }

    proactor::lane lane_of() const noexcept override
    {
        return awaits_buffer() ? proactor::lane::none : proactor::lane::read;
    }

    source_reference source_;
    const bool stream_;
    item_queue items_;
};

/// The payload of a wait: see `async_op`.
class next_buffer
{
public:
    next_buffer() = default;
    explicit next_buffer(received_item item) noexcept { waiter.item = std::move(item); }

    void prepare(operation& op)
    {
        op.ask(request::nothing{});
        waiter.op = &op;
    }

    std::tuple<error_code, received_item> finish(const outcome& o)
    {
        return {make_error(o.error), std::move(waiter.item)};
    }

    stream_waiter<received_item> waiter;
};

} // namespace detail

/// What a socket receives, part after part or datagram after datagram, in buffers of a pool, from one
/// operation that goes on.
///
/// From the first wait on it receives ahead of the waits, up to a bound of buffers; then it pauses, which a
/// peer of a stream notices as ever, and goes on when half of them have been taken. If the pool has no buffer
/// left it pauses, too, until one comes back. A stream that waits for data holds none. A datagram that is larger
/// than a buffer is cut; its sender is not told.
///
/// What nobody has taken when the stream is closed or destroyed is lost. Nothing else should receive on the
/// socket beside it.
///
/// Lifetimes: as for `accept_stream`, with the socket in the place of the acceptor; what was received before
/// the socket was closed can still be taken. If the pool is destroyed, a wait that would need a buffer of it ends
/// with `operation_aborted`.
///
/// Threads: a stream and its socket are one object, of which only one thread may use anything.
///
/// Errors: those of `accept_stream`. The pool of another context is `invalid_argument` to the first wait.
template <detail::a_socket Socket>
class receive_stream
{
public:
    using socket_type = Socket;
    using executor_type = typename Socket::executor_type;

    static constexpr std::size_t default_bound = 16;

    receive_stream(Socket& socket, buffer_pool& pool, std::size_t bound = default_bound)
        : executor_(socket.get_executor())
        , state_(std::make_shared<detail::receive_stream_state>(
              detail::facts_of(socket, "receive_stream"), bound, pool.source()))
    {
    }

    receive_stream(receive_stream&&) = default;

    /// As the destructor for what it had, a wait included.
    receive_stream& operator=(receive_stream&& other)
    {
        if (this == &other)
            return *this;
        end();
        std::destroy_at(&executor_);
        std::construct_at(&executor_, other.executor_);
        state_ = std::move(other.state_);
        return *this;
    }

    /// A wait ends with `operation_aborted`.
    ~receive_stream() { end(); }

    const executor_type& get_executor() noexcept { return executor_; }

    /// Ends a wait with `operation_aborted`, and receives no more until the next one.
    void cancel() { state_->cancel(); }

    /// Ends the stream: a wait and those to come complete without an error and without a buffer.
    void close() { state_->close(0); }

    /// Waits for what comes next. Completes with `void(error_code, std::optional<pooled_buffer>)`: what was
    /// received, an error, or neither at the end: the peer has ended the stream, or `close` was called. A
    /// datagram without bytes is a `pooled_buffer` that holds none. Never completes inside this call.
    ///
    /// One wait at a time: another one ends the first with `operation_aborted`. The stream may be destroyed
    /// meanwhile, which does too.
    ///
    /// Errors are those of `async_receive` but for the end of a stream; they come behind what was received
    /// before.
    ///
    /// Cancellation: terminal, partial and total end this wait; nothing that was received is lost.
    ///
    /// @code
    /// proactor::buffer_pool pool(context, 256, 4096);
    /// proactor::receive_stream received(socket, pool);
    /// while (auto data = co_await received.async_next(use_awaitable))
    ///     parse(data->bytes());
    /// @endcode
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_next(Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return asio::async_initiate<Token, void(error_code, std::optional<pooled_buffer>)>(
            initiate(*this), token);
    }

private:
    using state = detail::stream_state<detail::received_item>;

    class initiate
    {
    public:
        using executor_type = typename Socket::executor_type;

        explicit initiate(receive_stream& self) : self_(&self) {}
        const executor_type& get_executor() const noexcept { return self_->get_executor(); }

        template <typename Handler>
        void operator()(Handler&& handler) const
        {
            std::decay_t<Handler> h(std::forward<Handler>(handler));
            detail::start_stream_wait<detail::next_buffer>(self_->state_, h, self_->executor_);
        }

    private:
        receive_stream* self_;
    };

    void end()
    {
        if (state_)
            std::exchange(state_, nullptr)->close(ECANCELED);
    }

    executor_type executor_;
    std::shared_ptr<state> state_;
};

} // namespace proactor

#endif
