#ifndef PROACTOR_SPLICE_HPP
#define PROACTOR_SPLICE_HPP

#include <proactor/detail/kernel_copy.hpp>
#include <proactor/detail/owned_op.hpp>
#include <proactor/error.hpp>
#include <proactor/receive.hpp>
#include <proactor/to_end.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace proactor {

namespace detail {

/// Any kind of cancellation ends it between two parts.
struct splice_parts
{
    using cancellation_filter = asio::enable_total_cancellation;
};

template <typename From, typename To, typename Handler>
class splice_op : public before_a_handler
{
    using cancellation = part_cancellation<splice_parts, Handler, true>;

public:
    splice_op(From& from, To& to, std::uint64_t count, Handler h)
        : from_(&from)
        , to_(&to)
        , count_(count)
        , cancellation_(h)
        , handler_(std::move(h))
    {
    }

    /// Moves from the object. Begins with a wait: nothing completes inside its own start.
    void start()
    {
        // What waits in a socket's call would hold up the loop; pipes are told call by call.
        do_not_block(*from_);
        do_not_block(*to_);
        if (early_ || count_ == 0)
            asio::post(from_->get_executor(), std::move(*this));
        else
            wait_to_read();
    }

    void operator()() { complete(early_); }

    void operator()(error_code ec, std::size_t)
    {
        if (!ec && cancellation_.cancelled())
            ec = asio::error::operation_aborted;
        if (ec)
            return complete(ec);
        const auto n = splice_part(from_->native_handle(), to_->native_handle(), count_ - moved_);
        if (n == 0)
            return complete(count_ == to_end ? error_code() : asio::error::eof);
        if (n < 0 && n != -EAGAIN && n != -EINTR)
            return complete(make_error(static_cast<int>(-n)));
        if (n > 0)
            moved_ += static_cast<std::uint64_t>(n);
        // Another part at another turn of the loop; the wait is over at once if there is more.
        if (moved_ == count_)
            complete({});
        else if (n == -EAGAIN && !waits_for_input(from_->native_handle()))
            to_->async_write_some(detail::when_ready, std::move(*this)); // when it can
        else
            wait_to_read();
    }

    using cancellation_slot_type = typename cancellation::cancellation_slot_type;
    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return cancellation_.slot_for(handler_);
    }

    Handler& handler() noexcept { return handler_; }
    const Handler& handler() const noexcept { return handler_; }
    bool continues() const noexcept { return moved_ != 0; }

private:
    /// Pipes have no other wait.
    void wait_to_read()
    {
        From& from = *from_;
        from.async_read_some(detail::when_ready, std::move(*this));
    }

    template <typename Object>
    void do_not_block(Object& o)
    {
        if constexpr (a_socket<Object>)
            if (!early_)
                o.native_non_blocking(true, early_);
    }

    void complete(const error_code& ec)
    {
        std::move(handler_)(ec, static_cast<std::size_t>(moved_));
    }

    From* from_;
    To* to_;
    std::uint64_t count_;
    std::uint64_t moved_ = 0;
    error_code early_;
    cancellation cancellation_;
    Handler handler_;
};

template <typename From, typename To>
class initiate_splice
{
public:
    using executor_type = typename From::executor_type;

    initiate_splice(From& from, To& to, std::uint64_t count) noexcept
        : from_(&from)
        , to_(&to)
        , count_(count)
    {
    }
    executor_type get_executor() const noexcept { return from_->get_executor(); }

    template <typename Handler>
    void operator()(Handler&& handler) const
    {
        splice_op<From, To, std::decay_t<Handler>>(*from_, *to_, count_,
                                                   std::forward<Handler>(handler))
            .start();
    }

private:
    From* from_;
    To* to_;
    std::uint64_t count_;
};

} // namespace detail

/// Moves `count` bytes from one socket, pipe or descriptor to another without a copy of them in this process.
/// One of the two has to be a pipe.
///
/// Completes with `void(error_code, std::size_t)`, once all is moved or with the bytes moved before an error
/// or a cancellation (terminal, partial, total; nothing is lost). The end of `from` is `error::eof`; with
/// `to_end` as `count` it is what was asked for.
///
/// A composed operation of waits on the two objects, which must live until it completes, and `splice(2)`:
/// nothing else may read from the one or write to the other meanwhile. On any context.
template <typename From, typename To,
          typename Token = asio::default_completion_token_t<typename From::executor_type>>
auto async_splice(From& from, To& to, std::uint64_t count,
                  Token&& token = asio::default_completion_token_t<typename From::executor_type>())
{
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        detail::initiate_splice<From, To>(from, to, count), token);
}

} // namespace proactor

namespace boost::asio {

template <template <typename, typename> class Associator, typename From, typename To,
          typename Handler, typename Default>
struct associator<Associator, proactor::detail::splice_op<From, To, Handler>, Default>
    : Associator<Handler, Default>
{
    using op = proactor::detail::splice_op<From, To, Handler>;
    static auto get(const op& o) noexcept { return Associator<Handler, Default>::get(o.handler()); }
    static auto get(const op& o, const Default& d) noexcept
    {
        return Associator<Handler, Default>::get(o.handler(), d);
    }
};

} // namespace boost::asio

#endif
