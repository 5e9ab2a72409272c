#ifndef PROACTOR_ACCEPT_STREAM_HPP
#define PROACTOR_ACCEPT_STREAM_HPP

#include <proactor/detail/stream_state.hpp>
#include <proactor/unique_handle.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/is_executor.hpp>
#include <boost/asio/socket_base.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace proactor {

namespace detail {

/// Its items wait on the acceptor's attachment, as connections do that a cancelled accept has won: whoever
/// accepts next gets them, and they are closed with the acceptor.
class accept_stream_state final : public stream_state<unique_handle>
{
public:
    template <typename Protocol>
    accept_stream_state(const handle_facts& f, std::size_t bound, const Protocol& p)
        : stream_state<unique_handle>(f, bound)
    {
        request = request::accept{
            .family = p.family(),
            .type = p.type(),
            .protocol = p.protocol(),
            .report_aborted
            = (f.flags & asio::detail::socket_ops::enable_connection_aborted) != 0,
            .many = true};
    }

private:
    unique_handle take_item() override
    {
        return unique_handle(usable() ? at().take_kept() : invalid_handle);
    }
    std::size_t kept() const noexcept override { return usable() ? at().kept() : 0; }
};

/// The payload of a wait: see `async_op`.
template <typename Socket>
class next_connection
{
    using executor_type = typename Socket::executor_type;
    using protocol_type = typename Socket::protocol_type;

public:
    next_connection(const executor_type& ex, const protocol_type& p, unique_handle won = {})
        : executor_(ex)
        , protocol_(p)
    {
        waiter.item = std::move(won);
    }

    void prepare(operation& op)
    {
        op.ask(request::nothing{});
        waiter.op = &op;
    }

    std::tuple<error_code, std::optional<Socket>> finish(const outcome& o)
    {
        error_code ec = make_error(o.error);
        std::optional<Socket> socket;
        if (waiter.item)
        {
            socket.emplace(executor_);
            socket->assign(protocol_, waiter.item.get(), ec);
            if (ec)
                socket.reset();
            else
                [[maybe_unused]] const auto its_own = waiter.item.release();
        }
        return {ec, std::move(socket)};
    }

    stream_waiter<unique_handle> waiter;

private:
    executor_type executor_;
    protocol_type protocol_;
};

template <typename T>
concept some_executor = asio::is_executor<T>::value || asio::execution::is_executor<T>::value;

} // namespace detail

/// The connections of an acceptor, one after the other, from one operation that goes on.
///
/// From the first wait on, connections are accepted ahead of the waits, up to a bound; then the stream
/// pauses, and goes on when half of them have been taken. Where the kernel goes on by itself the bound is
/// seen when the loop looks: what comes between two looks is accepted, whatever it is.
///
/// What has been accepted and not taken belongs to the acceptor: its own accepts, synchronous or not, and
/// another stream get it, and it is closed with the acceptor. While the stream has not paused, asynchronous
/// accepts and waits of the acceptor's own stand behind it.
///
/// Lifetimes: the stream is one of the handle that is open when it is made. It goes on if the acceptor is
/// moved. If the acceptor is closed, a wait ends with `operation_aborted` and those to come with
/// `bad_descriptor`; `acceptor.cancel()` ends a wait too, and the next one goes on. The stream must not
/// outlive the context.
///
/// Threads: a stream and its acceptor are one object, of which only one thread may use anything.
///
/// Errors: constructors throw `boost::system::system_error` with `bad_descriptor` for an acceptor that is
/// not open, and with `operation_not_supported` for one that is not served by a `proactor::io_context`.
template <typename Acceptor, detail::some_executor PeerExecutor = typename Acceptor::executor_type>
class accept_stream
{
public:
    using acceptor_type = Acceptor;
    using executor_type = typename Acceptor::executor_type;
    using protocol_type = typename Acceptor::protocol_type;
    /// What `acceptor.async_accept(executor, token)` gives.
    using socket_type =
        typename protocol_type::socket::template rebind_executor<PeerExecutor>::other;

    static constexpr std::size_t default_bound = 64;

    explicit accept_stream(Acceptor& acceptor, std::size_t bound = default_bound)
        requires std::is_same_v<PeerExecutor, executor_type>
        : accept_stream(acceptor, acceptor.get_executor(), bound)
    {
    }

    /// Gives the sockets another executor.
    accept_stream(Acceptor& acceptor, const PeerExecutor& peers,
                  std::size_t bound = default_bound)
        : executor_(acceptor.get_executor())
        , peers_(peers)
        , state_(make_state(acceptor, bound, protocol_))
    {
    }

    accept_stream(accept_stream&&) = default;

    /// As the destructor for what it had, a wait included.
    accept_stream& operator=(accept_stream&& other)
    {
        if (this == &other)
            return *this;
        end();
        std::destroy_at(&executor_);
        std::construct_at(&executor_, other.executor_);
        std::destroy_at(&peers_);
        std::construct_at(&peers_, other.peers_);
        protocol_ = other.protocol_;
        state_ = std::move(other.state_);
        return *this;
    }

    /// A wait ends with `operation_aborted`.
    ~accept_stream() { end(); }

    const executor_type& get_executor() noexcept { return executor_; }

    /// Ends a wait with `operation_aborted`, and accepts no more until the next one.
    void cancel() { state_->cancel(); }

    /// Ends the stream: a wait and those to come complete without an error and without a connection.
    void close() { state_->close(0); }

    /// Waits for the next connection. Completes with `void(error_code, std::optional<socket_type>)`: a
    /// connection, an error, or neither at the end of the stream, which `close` makes. Never completes inside
    /// this call.
    ///
    /// One wait at a time: another one ends the first with `operation_aborted`. The stream may be destroyed
    /// meanwhile, which does too.
    ///
    /// Errors are those of `async_accept`; the next wait goes on after them.
    ///
    /// Cancellation: terminal, partial and total end this wait; no connection is lost.
    ///
    /// @code
    /// proactor::accept_stream connections(acceptor);
    /// while (auto socket = co_await connections.async_next(use_awaitable))
    ///     co_spawn(executor, serve(std::move(*socket)), detached);
    /// @endcode
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_next(Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return asio::async_initiate<Token, void(error_code, std::optional<socket_type>)>(
            initiate(*this), token);
    }

private:
    using state = detail::stream_state<unique_handle>;

    class initiate
    {
    public:
        using executor_type = typename Acceptor::executor_type;

        explicit initiate(accept_stream& self) : self_(&self) {}
        const executor_type& get_executor() const noexcept { return self_->get_executor(); }

        template <typename Handler>
        void operator()(Handler&& handler) const
        {
            std::decay_t<Handler> h(std::forward<Handler>(handler));
            detail::start_stream_wait<detail::next_connection<socket_type>>(
                self_->state_, h, self_->executor_, self_->peers_, self_->protocol_);
        }

    private:
        accept_stream* self_;
    };

    static std::shared_ptr<state> make_state(Acceptor& acceptor, std::size_t bound,
                                             protocol_type& protocol)
    {
        const auto facts = detail::facts_of(acceptor, "accept_stream");
        protocol = acceptor.local_endpoint().protocol();
        return std::make_shared<detail::accept_stream_state>(facts, bound, protocol);
    }

    void end()
    {
        if (state_)
            std::exchange(state_, nullptr)->close(ECANCELED);
    }

    executor_type executor_;
    PeerExecutor peers_;
    protocol_type protocol_ = typename protocol_type::endpoint().protocol();
    std::shared_ptr<state> state_;
};

} // namespace proactor

#endif
