#ifndef PROACTOR_COPY_HPP
#define PROACTOR_COPY_HPP

#include <proactor/detail/kernel_copy.hpp>
#include <proactor/detail/lone_operation.hpp>
#include <proactor/send_file.hpp>
#include <proactor/to_end.hpp>
#include <proactor/unique_handle.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace proactor {

/// Which bytes are copied, and to where.
struct copy_range
{
    std::uint64_t from_offset = 0;
    std::uint64_t to_offset = 0;
    std::uint64_t count = to_end;
};

namespace detail {

/// One part of a copy, on a thread of the pool.
class copy_call
{
public:
    copy_call(const copy_range_part& p, int refused) noexcept
        : part_(p)
        , refused_(refused)
    {
    }
    void prepare(operation& op) { op.ask(request::call{&perform, this}); }
    std::tuple<error_code, std::uint64_t> finish(const outcome& o)
    {
        return {make_error(o.error), o.value};
    }

private:
    static std::int64_t perform(void* self)
    {
        const auto& call = *static_cast<copy_call*>(self);
        return call.refused_ ? -call.refused_ : copy_part(call.part_);
    }

    copy_range_part part_;
    int refused_;
};

/// One that has an executor.
template <typename File>
concept a_file_object = a_file<File> && requires(File& f) { f.get_executor(); };

/// Where a token stands, some overloads have something else.
template <typename Token>
concept no_copy_argument = !a_file<Token> && !std::convertible_to<Token, copy_range>;

struct no_progress
{
    void operator()(std::uint64_t) const noexcept {}
};

template <typename Executor, typename Progress>
class copy_op
{
public:
    copy_op(const Executor& ex, native_handle from, native_handle to, const copy_range& r,
            Progress progress)
        : executor_(ex)
        , range_(r)
        , progress_(std::move(progress))
    {
        own(from_, from);
        own(to_, to);
    }

    template <typename Self>
    void operator()(Self& self)
    {
        self.reset_cancellation_state(asio::enable_total_cancellation());
        go_on(self);
    }

    template <typename Self>
    void operator()(Self& self, error_code ec, std::uint64_t n)
    {
        copied_ += n;
        if (n != 0)
            progress_(copied_);
        if (!ec && copied_ == range_.count)
            return end(self, {});
        if (!ec && n == 0)
            return end(self, range_.count == to_end ? error_code() : asio::error::eof);
        if (!ec && self.cancelled() != asio::cancellation_type::none)
            ec = asio::error::operation_aborted;
        if (ec)
            return end(self, ec);
        go_on(self);
    }

private:
    /// The user may close his handles, and a call that has begun cannot be stopped.
    void own(unique_handle& h, native_handle theirs)
    {
        if (const auto own = duplicate_file(theirs); own >= 0)
            h.reset(static_cast<native_handle>(own));
        else if (!refused_)
            refused_ = static_cast<int>(-own);
    }

    template <typename Self>
    void go_on(Self& self)
    {
        const copy_range_part part{from_.get(), to_.get(), range_.from_offset + copied_,
                                   range_.to_offset + copied_, range_.count - copied_};
        start_lone<copy_call>(engine_of(executor_), invalid_handle, lane::none, self, executor_,
                              part, refused_);
    }

    template <typename Self>
    void end(Self& self, const error_code& ec)
    {
        from_.reset();
        to_.reset();
        self.complete(ec, static_cast<std::size_t>(copied_));
    }

    Executor executor_;
    copy_range range_;
    [[no_unique_address]] Progress progress_;
    unique_handle from_;
    unique_handle to_;
    int refused_ = 0; ///< that there is a handle of its own
    std::uint64_t copied_ = 0;
};

} // namespace detail

/// Copies between two files within the system, or to another place of one; ranges of one file must not
/// overlap. Nothing is cut off the target.
///
/// Completes with `void(error_code, std::size_t)`, with the bytes copied before an error or a cancellation. A
/// source that ends before `count` is `error::eof`; `to_end`, the default, is what there is.
///
/// `progress(bytes)` is called after each part of some megabytes, as a handler would be. Threads of the pool
/// do the work, by `copy_file_range(2)`, or by reads and writes where the files cannot. A cancellation
/// (terminal, partial, total) ends it after the part under way, for which a context's destructor waits, too.
/// The files, objects or handles, may be closed as soon as this returns; `source` is what handlers
/// of others take: a context, an executor or an I/O object on one of ours. Without it, it is `from`.
template <typename Source, a_file From, a_file To, std::invocable<std::uint64_t> Progress,
          typename Token>
auto async_copy(Source&& source, From&& from, To&& to, const copy_range& range, Progress progress,
                Token&& token)
{
    const auto ex = detail::executor_of(source);
    detail::engine_of(ex);
    using op = detail::copy_op<std::decay_t<decltype(ex)>, Progress>;
    return asio::async_compose<Token, void(error_code, std::size_t)>(
        op(ex, detail::handle_of_file(from), detail::handle_of_file(to), range,
           std::move(progress)),
        token, ex);
}
template <typename Source, a_file From, a_file To, typename Token = detail::default_token_t<Source>>
auto async_copy(Source&& source, From&& from, To&& to, const copy_range& range = {},
                Token&& token = {})
{
    return async_copy(source, from, to, range, detail::no_progress(), std::forward<Token>(token));
}
template <typename Source, a_file From, a_file To, detail::no_copy_argument Token>
auto async_copy(Source&& source, From&& from, To&& to, Token&& token)
{
    return async_copy(source, from, to, copy_range(), std::forward<Token>(token));
}
template <detail::a_file_object From, a_file To, std::invocable<std::uint64_t> Progress,
          typename Token>
auto async_copy(From&& from, To&& to, const copy_range& range, Progress progress, Token&& token)
{
    return async_copy(from, from, to, range, std::move(progress), std::forward<Token>(token));
}
template <detail::a_file_object From, a_file To, typename Token = detail::default_token_t<From>>
auto async_copy(From&& from, To&& to, const copy_range& range = {}, Token&& token = {})
{
    return async_copy(from, from, to, range, std::forward<Token>(token));
}
template <detail::a_file_object From, a_file To, detail::no_copy_argument Token>
auto async_copy(From&& from, To&& to, Token&& token)
{
    return async_copy(from, from, to, copy_range(), std::forward<Token>(token));
}

} // namespace proactor

#endif
