#ifndef PROACTOR_DETAIL_OWNED_OP_HPP
#define PROACTOR_DETAIL_OWNED_OP_HPP

#include <proactor/buffers.hpp>
#include <proactor/detail/buffer_holder.hpp>
#include <proactor/detail/invoke_hook.hpp>
#include <proactor/detail/operation_allocator.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Operations that own their buffers, over any stream: the buffer travels in the handler of an operation of
/// the stream, so it lives as long as the kernel may use it, whatever else is destroyed.
namespace proactor::detail {

/// An owned buffer in the course of its transfer, as buffers of kind `View`: `asio::mutable_buffer` or
/// `const_buffer`.
template <typename Buffer, typename View>
class owned_state
{
    using traits = buffer_traits<Buffer>;

public:
    explicit owned_state(Buffer&& b)
        : buffer_(std::move(b))
    {
    }

    owned_sequence<View> rest(bool whole)
    {
        return {View(traits::data(buffer_), size()) + moved_, whole};
    }
    void advance(std::size_t n) { moved_ += n; }
    bool complete() const { return moved_ >= size(); }
    std::size_t moved() const { return moved_; }
    Buffer& buffer() { return buffer_; }

private:
    std::size_t size() const { return traits::size(buffer_); }

    Buffer buffer_;
    std::size_t moved_ = 0;
};

/// As an array of pieces. The state does not move.
template <buffer_list_like Buffer, typename View>
class owned_state<Buffer, View>
{
    static constexpr bool has_fixed_size = requires { std::tuple_size<Buffer>::value; };

public:
    explicit owned_state(Buffer&& b)
        : buffer_(std::move(b))
    {
        if constexpr (has_fixed_size)
            std::apply([this](auto&... each) { pieces_ = {view_of(each)...}; }, buffer_);
        else
        {
            pieces_.reserve(buffer_.size());
            for (auto& each : buffer_)
                pieces_.push_back(view_of(each));
        }
        skip_empty();
    }

    owned_sequence<View> rest(bool whole)
    {
        return {pieces_.data() + first_, pieces_.size() - first_, whole};
    }

    void advance(std::size_t n)
    {
        moved_ += n;
        for (; first_ != pieces_.size() && n >= pieces_[first_].size(); ++first_)
            n -= pieces_[first_].size();
        if (first_ != pieces_.size())
            pieces_[first_] += n;
        skip_empty();
    }

    bool complete() const { return first_ == pieces_.size(); }
    std::size_t moved() const { return moved_; }
    Buffer& buffer() { return buffer_; }

private:
    template <typename Each>
    static View view_of(Each& each)
    {
        return View(buffer_traits<Each>::data(each), buffer_traits<Each>::size(each));
    }

    void skip_empty()
    {
        while (first_ != pieces_.size() && pieces_[first_].size() == 0)
            ++first_;
    }

    static auto make_pieces()
    {
        if constexpr (has_fixed_size)
            return std::array<View, std::tuple_size_v<Buffer>>();
        else
            return std::vector<View, block_allocator<View>>();
    }

    Buffer buffer_;
    decltype(make_pieces()) pieces_ = make_pieces();
    std::size_t first_ = 0; ///< that has bytes left
    std::size_t moved_ = 0;
};

/// A state that stays where it is while its operation moves, in memory of the handler's allocator.
template <typename State, typename Allocator>
class state_block
{
    using memory = operation_allocator<State, Allocator>;
    using traits = std::allocator_traits<typename memory::type>;

public:
    template <typename... Args>
    explicit state_block(const Allocator& a, Args&&... args)
        : allocator_(memory::get(a))
        , state_(traits::allocate(allocator_, 1))
    {
        try
        {
            ::new (static_cast<void*>(state_)) State(std::forward<Args>(args)...);
        }
        catch (...)
        {
            traits::deallocate(allocator_, state_, 1);
            throw;
        }
    }
    state_block(state_block&& other) noexcept
        : allocator_(other.allocator_)
        , state_(std::exchange(other.state_, nullptr))
    {
    }
    ~state_block()
    {
        if (!state_)
            return;
        std::destroy_at(state_);
        traits::deallocate(allocator_, state_, 1);
    }

    State& operator*() noexcept { return *state_; }

private:
    [[no_unique_address]] typename memory::type allocator_;
    State* state_;
};

/// One that may move with its operation.
template <typename State>
class state_inside
{
public:
    template <typename Allocator, typename... Args>
    explicit state_inside(const Allocator&, Args&&... args)
        : state_(std::forward<Args>(args)...)
    {
    }
    State& operator*() noexcept { return state_; }

private:
    State state_;
};

/// What transfers share. A transfer starts the operation of a stream that moves the bytes of a state; one
/// that is `whole` is started again until all are moved.
template <typename View>
struct transfer_base
{
    using view = View;
    static constexpr bool whole = false;
    static constexpr bool stays = false; ///< it must not move while its operation is in flight
    /// What a whole one can be cancelled by: not by `total` where a part of a stream would be lost.
    using cancellation_filter = asio::enable_partial_cancellation;

    template <typename Buffer>
    using signature = void(error_code, std::size_t, Buffer);

    template <typename Buffer>
    std::tuple<error_code, std::size_t, Buffer> results(error_code ec, std::size_t n, Buffer&& b)
    {
        return {ec, n, std::move(b)};
    }
};

template <typename Buffer>
inline constexpr bool data_stays = requires { requires buffer_traits<Buffer>::data_stays; };

/// Whether a cancellation came between two parts of a transfer, as in Asio's composed operations; else the
/// parts see it themselves.
template <typename Transfer, typename Handler, bool = Transfer::whole>
class part_cancellation
{
public:
    using cancellation_slot_type = asio::cancellation_slot;

    explicit part_cancellation(const Handler& h)
        : state_(asio::get_associated_cancellation_slot(h),
                 typename Transfer::cancellation_filter())
    {
    }
    cancellation_slot_type slot_for(const Handler&) const noexcept { return state_.slot(); }
    bool cancelled() const noexcept
    {
        return state_.cancelled() != asio::cancellation_type::none;
    }

private:
    asio::cancellation_state state_;
};

template <typename Transfer, typename Handler>
class part_cancellation<Transfer, Handler, false>
{
public:
    using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;

    explicit part_cancellation(const Handler&) noexcept {}
    cancellation_slot_type slot_for(const Handler& h) const noexcept
    {
        return asio::get_associated_cancellation_slot(h);
    }
};

/// A transfer with its buffer, over a stream that must live for as long as an operation on it would.
template <typename Transfer, typename Stream, typename Buffer, typename Handler>
class owned_op : public before_a_handler
{
    struct content
    {
        content(Transfer&& t, Buffer&& b)
            : transfer(std::move(t))
            , state(std::move(b))
        {
        }
        Transfer transfer;
        owned_state<Buffer, typename Transfer::view> state;
    };
    using place
        = std::conditional_t<data_stays<Buffer> && !Transfer::stays, state_inside<content>,
                             state_block<content, asio::associated_allocator_t<Handler>>>;
    using cancellation = part_cancellation<Transfer, Handler>;

public:
    owned_op(Transfer&& t, Stream& s, Buffer&& b, Handler h)
        : stream_(&s)
        , content_(asio::get_associated_allocator(h), std::move(t), std::move(b))
        , cancellation_(h)
        , handler_(std::move(h))
    {
    }

    /// Moves from the object.
    void start()
    {
        content& c = *content_;
        c.transfer.start(*stream_, c.state, std::move(*this));
    }

    void operator()(error_code ec, std::size_t n)
    {
        auto& state = (*content_).state;
        state.advance(n);
        if constexpr (Transfer::whole)
            if (!ec && n != 0 && !state.complete())
            {
                if (!cancellation_.cancelled())
                    return start();
                ec = asio::error::operation_aborted;
            }
        complete(ec);
    }

    using cancellation_slot_type = typename cancellation::cancellation_slot_type;
    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return cancellation_.slot_for(handler_);
    }

    Handler& handler() noexcept { return handler_; }
    const Handler& handler() const noexcept { return handler_; }
    bool continues() noexcept { return Transfer::whole && (*content_).state.moved() != 0; }

private:
    void complete(error_code ec)
    {
        auto results = [&]
        {
            place released(std::move(content_)); // before the handler is called
            content& c = *released;
            return c.transfer.results(ec, c.state.moved(), std::move(c.state.buffer()));
        }();
        std::apply(std::move(handler_), std::move(results));
    }

    Stream* stream_;
    place content_;
    [[no_unique_address]] cancellation cancellation_;
    Handler handler_;
};

template <typename Transfer, typename Stream>
class initiate_owned
{
public:
    using executor_type = typename Stream::executor_type;

    initiate_owned(Stream& s, Transfer t)
        : stream_(&s)
        , transfer_(std::move(t))
    {
    }
    executor_type get_executor() const noexcept { return stream_->get_executor(); }

    template <typename Handler, typename Buffer>
    void operator()(Handler&& handler, Buffer buffer)
    {
        owned_op<Transfer, Stream, Buffer, std::decay_t<Handler>>(
            std::move(transfer_), *stream_, std::move(buffer), std::forward<Handler>(handler))
            .start();
    }

private:
    Stream* stream_;
    Transfer transfer_;
};

template <typename Token, typename Transfer, typename Stream, typename Buffer>
auto start_owned(Stream& s, Transfer t, Buffer&& b, std::remove_reference_t<Token>& token)
{
    return asio::async_initiate<Token, typename Transfer::template signature<Buffer>>(
        initiate_owned<Transfer, Stream>(s, std::move(t)), token, std::move(b));
}

} // namespace proactor::detail

namespace boost::asio {

template <template <typename, typename> class Associator, typename Transfer, typename Stream,
          typename Buffer, typename Handler, typename Default>
struct associator<Associator, proactor::detail::owned_op<Transfer, Stream, Buffer, Handler>, Default>
    : Associator<Handler, Default>
{
    using op = proactor::detail::owned_op<Transfer, Stream, Buffer, Handler>;
    static auto get(const op& o) noexcept { return Associator<Handler, Default>::get(o.handler()); }
    static auto get(const op& o, const Default& d) noexcept
    {
        return Associator<Handler, Default>::get(o.handler(), d);
    }
};

} // namespace boost::asio

#endif
