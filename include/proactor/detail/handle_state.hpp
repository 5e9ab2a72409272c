#ifndef PROACTOR_DETAIL_HANDLE_STATE_HPP
#define PROACTOR_DETAIL_HANDLE_STATE_HPP

#include <proactor/detail/async_op.hpp>
#include <proactor/detail/payloads.hpp>
#include <proactor/io_context.hpp>

#include <utility>

namespace proactor::detail {

/// The part of an I/O object's implementation that all handles share: the handle, Asio's flags for it
/// and, from its first asynchronous operation on, its attachment.
struct handle_state
{
    int handle = -1;
    unsigned char flags = 0;
    proactor::attachment* attached = nullptr;

    bool is_open() const noexcept { return handle != -1; }

    /// Takes over what `other` has, operations in flight included.
    void take(handle_state& other) noexcept
    {
        handle = std::exchange(other.handle, -1);
        flags = std::exchange(other.flags, static_cast<unsigned char>(0));
        attached = std::exchange(other.attached, nullptr);
    }
};

/// What an object's service knows of its handle.
struct handle_facts
{
    error_code ec;
    detail::engine* engine = nullptr;
    proactor::attachment* attached = nullptr;
    unsigned char flags = 0;
};

/// Asks a service for it in the place of a wait's handler, because Asio's objects show nobody their
/// services. It is answered inside `async_wait`, and never called.
struct handle_inquiry
{
    handle_facts* facts;

    void operator()(const error_code&) const noexcept {}
};

/// The part of a service that all handles share.
class handle_operations
{
public:
    explicit handle_operations(asio::execution_context& context)
        : engine_(static_cast<io_context&>(context).engine())
    {
    }

    engine& get_engine() const noexcept { return engine_; }

    /// Law 8: to be called before anything synchronous.
    void flush() const { engine_.flush(); }

    /// Ends the object's operations and lets go of the handle.
    void detach(handle_state& s, engine::handle_then then)
    {
        if (s.attached)
            engine_.detach(*std::exchange(s.attached, nullptr), then);
        else
            engine_.flush();
    }

    void cancel_all(handle_state& s)
    {
        if (s.attached)
            engine_.cancel_all(*s.attached);
    }

    /// Calls `ask(bytes_ahead)`, which asks the system what there is to read, until the two belong together:
    /// meanwhile a receive in flight may have taken some.
    template <typename Ask>
    auto ask_unread(const handle_state& s, Ask ask) const
    {
        if (!s.attached)
        {
            flush();
            return ask(engine::bytes_ahead());
        }
        for (auto ahead = engine_.find_bytes_ahead(*s.attached);;)
        {
            const auto answer = ask(ahead);
            const auto then = engine_.find_bytes_ahead(*s.attached);
            if (then == ahead)
                return answer;
            ahead = then;
        }
    }

    proactor::attachment& attachment_of(handle_state& s)
    {
        if (!s.attached)
            s.attached = &engine_.attach(s.handle);
        return *s.attached;
    }

    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void start(handle_state& s, lane l, Handler& handler, const IoExecutor& io_ex, Args&&... args)
    {
        start_operation<Payload>(engine_, attachment_of(s), l, handler, io_ex,
                                 std::forward<Args>(args)...);
    }

    /// As `start`, or if it has ended as `complete`: one type of operation for both.
    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void start_unless(bool ended, const error_code& ec, handle_state& s, lane l, Handler& handler,
                      const IoExecutor& io_ex, Args&&... args)
    {
#if PROACTOR_HAS_IMMEDIATE_EXECUTOR
        if constexpr (has_immediate_executor<Handler, IoExecutor>)
            if (ended)
                return complete<Payload>(ec, handler, io_ex, std::forward<Args>(args)...);
#endif
        if (!ended) [[likely]]
            return start<Payload>(s, l, handler, io_ex, std::forward<Args>(args)...);
        auto& op = async_op<Payload, Handler, IoExecutor>::create(engine_, handler, io_ex,
                                                                  std::forward<Args>(args)...);
        op.outcome.error = outcome_code(ec);
        engine_.post(op);
    }

    /// An error, or nothing to do: through the handler, behind what is ready.
    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void complete(const error_code& ec, Handler& handler, const IoExecutor& io_ex, Args&&... args)
    {
        complete_at_once<Payload>(engine_, {.error = outcome_code(ec)}, handler, io_ex,
                                  std::forward<Args>(args)...);
    }

private:
    engine& engine_;
};

} // namespace proactor::detail

#endif
