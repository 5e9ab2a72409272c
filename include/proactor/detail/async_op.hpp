#ifndef PROACTOR_DETAIL_ASYNC_OP_HPP
#define PROACTOR_DETAIL_ASYNC_OP_HPP

#include <proactor/detail/allocate_hook.hpp>
#include <proactor/detail/asio_detail.hpp>
#include <proactor/detail/engine.hpp>
#include <proactor/detail/handler_work.hpp>
#include <proactor/detail/operation_allocator.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>

#if PROACTOR_HAS_IMMEDIATE_EXECUTOR
#    include <boost/asio/append.hpp>
#    include <boost/asio/associated_immediate_executor.hpp>
#    include <boost/asio/dispatch.hpp>
#endif

#include <memory>
#include <tuple>
#include <utility>

namespace proactor::detail {

/// The one bridge from an Asio handler to an operation.
///
/// A payload says what to ask for and what it came to:
///  - `void prepare(operation&)` fills the request; its pointers may go into the payload. If it takes what the
///    payload was made of, too, it gets that, and the payload need not keep it.
///  - `std::tuple<...> finish(const outcome&)` gives the handler's arguments.
template <typename Payload, typename Handler, typename IoExecutor>
class async_op final : public operation
{
    using allocator = asio::associated_allocator_t<Handler>;

public:
    /// Moves from `handler`. What follows the executor constructs the payload. Inline, so that a request goes
    /// from registers into the operation.
    template <typename... Args>
    [[gnu::always_inline]] static async_op& create(engine& e, Handler& handler,
                                                   const IoExecutor& io_ex, Args&&... args)
    {
        auto room = room_for(handler);
        auto* p = ::new (room.get()) async_op(e, handler, io_ex, std::forward<Args>(args)...);
        room.take();
        if constexpr (requires { p->payload.prepare(*p, args...); })
            p->payload.prepare(*p, args...);
        else
            p->payload.prepare(*p);
        return *p;
    }

    Payload payload;

private:
    static auto room_for([[maybe_unused]] Handler& handler)
    {
        if constexpr (stands_in_cache<async_op, allocator> && has_allocate_hook<Handler>)
            return hooked_room<Handler>(handler, sizeof(async_op));
        else if constexpr (stands_in_cache<async_op, allocator>)
            return cached_room(sizeof(async_op));
        else
            return allocated_room<async_op, allocator>(asio::get_associated_allocator(handler));
    }

    template <typename... Args>
    async_op(engine& e, Handler& handler, const IoExecutor& io_ex, Args&&... args)
        : operation(&async_op::end)
        , payload(std::forward<Args>(args)...)
        , work_(work_for(e, handler, io_ex))
        , handler_(std::move(handler))
    {
    }

    static void end(void* owner, operation& base)
    {
        auto& self = static_cast<async_op&>(base);
        if (!owner)
        {
            Handler destroyed_after_its_memory(std::move(self.handler_));
            self.release(destroyed_after_its_memory);
        }
        else if (self.work_)
        {
            auto elsewhere = std::move(*self.work_);
            auto bound = bind_results(self.handler_, self.payload.finish(self.outcome));
            self.release(bound.handler_);
            elsewhere.complete(bound);
        }
        else
        {
            auto bound = bind_results(self.handler_, self.payload.finish(self.outcome));
            self.release(bound.handler_);
            invoke_for(bound.handler_, bound);
        }
    }

    /// Frees the block before the handler is called, so that the next operation can have it. The handler
    /// has left it already.
    void release([[maybe_unused]] Handler& handler)
    {
        if constexpr (stands_in_cache<async_op, allocator> && has_allocate_hook<Handler>)
        {
            hooked_room<Handler> freed(handler, sizeof(async_op), this);
            this->~async_op();
        }
        else if constexpr (stands_in_cache<async_op, allocator>)
        {
            cached_room freed(static_cast<void*>(this));
            this->~async_op();
        }
        else
        {
            allocated_room<async_op, allocator> freed(asio::get_associated_allocator(handler),
                                                      this);
            this->~async_op();
        }
    }

    handler_work<Handler, IoExecutor> work_;
    Handler handler_;
};

/// Whether a slot's signal asks for an operation's end, as every kind that Asio names does.
inline bool asks_for_end(asio::cancellation_type_t type) noexcept
{
    using asio::cancellation_type;
    return (type & (cancellation_type::terminal | cancellation_type::partial
                    | cancellation_type::total))
        != cancellation_type::none;
}

/// Lives in a cancellation slot; its address is the operation's key.
class slot_cancellation
{
public:
    slot_cancellation(engine& e, attachment& a) noexcept
        : engine_(e)
        , attachment_(a)
    {
    }

    void operator()(asio::cancellation_type_t type)
    {
        if (asks_for_end(type))
            engine_.cancel_key(attachment_, this);
    }

private:
    engine& engine_;
    attachment& attachment_; // never freed before its engine, see its class
};

/// Creates an operation with this payload and starts it on `on`; a connected cancellation slot of the
/// handler reaches it.
template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
void start_operation(engine& e, attachment& on, lane l, Handler& handler, const IoExecutor& io_ex,
                     Args&&... args)
{
    const void* key = nullptr;
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
        key = &slot.template emplace<slot_cancellation>(e, on);
    auto& op = async_op<Payload, Handler, IoExecutor>::create(e, handler, io_ex,
                                                              std::forward<Args>(args)...);
    op.cancellation_key = key;
    e.start(op, on, l);
}

#if PROACTOR_HAS_IMMEDIATE_EXECUTOR
/// Whether the handler names an executor for results that are there at once; without one Asio posts.
template <typename Handler, typename IoExecutor>
inline constexpr bool has_immediate_executor = !requires {
    typename asio::associated_immediate_executor<
        Handler, IoExecutor>::asio_associated_immediate_executor_is_unspecialised;
};
#endif

/// Completes with an outcome that was there at once: through the handler's immediate executor if it
/// has one, else as an operation that the loop finds ready.
template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
void complete_at_once(engine& e, const outcome& came_to, Handler& handler, const IoExecutor& io_ex,
                      Args&&... args)
{
#if PROACTOR_HAS_IMMEDIATE_EXECUTOR
    if constexpr (has_immediate_executor<Handler, IoExecutor>)
    {
        const auto immediate = asio::get_associated_immediate_executor(handler, io_ex);
        std::apply(
            [&](auto&&... results)
            {
                asio::dispatch(immediate,
                               asio::append(std::move(handler), std::move(results)...));
            },
            Payload(std::forward<Args>(args)...).finish(came_to));
        return;
    }
#endif
    auto& op = async_op<Payload, Handler, IoExecutor>::create(e, handler, io_ex,
                                                              std::forward<Args>(args)...);
    op.outcome = came_to;
    e.post(op);
}

} // namespace proactor::detail

#endif
