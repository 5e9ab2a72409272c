#ifndef PROACTOR_FS_OPEN_HPP
#define PROACTOR_FS_OPEN_HPP

#include <proactor/basic_file.hpp>
#include <proactor/detail/fs_payloads.hpp>
#include <proactor/file_base.hpp>
#include <proactor/unique_handle.hpp>

#include <cerrno>
#include <tuple>
#include <type_traits>
#include <utility>

namespace proactor::fs {

/// How to open: `file_base::flags` or the system's own, `O_DIRECT`, `O_DIRECTORY`, `O_NOFOLLOW` and
/// the rest, and who may use what is made. Every handle is closed on exec.
struct open_flags
{
    open_flags(file_base::flags f, permissions p = {}) : open_flags(static_cast<int>(f), p) {}
    open_flags(int system_flags, permissions p = {}) : bits(system_flags), mode(p) {}

    int bits;
    permissions mode;
};

} // namespace proactor::fs

namespace proactor::detail {

/// Opens a file. `File` is `unique_handle`, or a file class over this executor.
template <typename File, typename Executor>
class open_lone
{
public:
    open_lone(const Executor& ex, fs::location&& where, const fs::open_flags& how)
        : executor_(ex)
        , where_(std::move(where))
        , how_(how)
    {
    }

    void prepare(operation& op)
    {
        const request::name n = where_.name();
        op.ask(request::open{n.path, how_.bits, how_.mode.bits, n.directory});
    }

    std::tuple<error_code, File> finish(const outcome& o)
    {
        error_code ec = make_error(o.error);
        unique_handle won(ec ? invalid_handle : static_cast<native_handle>(o.value));
        if constexpr (std::is_same_v<File, unique_handle>)
            return {ec, std::move(won)};
        else
        {
            File file(executor_);
            if (won && !file.assign(won.get(), ec))
                (void)won.release();
            return {ec, std::move(file)};
        }
    }

private:
    Executor executor_;
    fs::location where_;
    fs::open_flags how_;
};

/// Closes a handle, which it owns until the system has been asked to.
class close_lone
{
public:
    explicit close_lone(unique_handle&& handle)
        : handle_(handle.release())
    {
    }
    close_lone(const close_lone&) = delete;
    close_lone& operator=(const close_lone&) = delete;

    /// Destroyed without its end being told, it still sees the outcome, which is reset when the
    /// operation is submitted.
    ~close_lone()
    {
        if (operation_ && operation_->outcome.error == ECANCELED)
            unique_handle(handle_).reset();
    }

    void prepare(operation& op)
    {
        operation_ = &op;
        op.ask(request::close{handle_});
        op.outcome.error = ECANCELED; // so far
    }

    std::tuple<error_code> finish(const outcome& o) { return {make_error(o.error)}; }

private:
    native_handle handle_;
    const operation* operation_ = nullptr;
};

} // namespace proactor::detail

namespace proactor::fs {

/// Opens a file.
///
/// Completes with `void(error_code, File)`: a `proactor::unique_handle`, or where the template's
/// argument says so a `basic_random_access_file` or `basic_stream_file` over an executor that the
/// source's converts to. Upon an error it is one that is not open.
///
/// What has been opened and finds nobody to take it is closed: after a cancellation that came too
/// late, with a handler that is destroyed and with the context.
///
/// @code
/// auto file = co_await proactor::fs::async_open<proactor::stream_file>(
///     context, "log", {file_base::write_only | file_base::create, {0600}}, use_awaitable);
/// @endcode
template <typename File = unique_handle, typename Source,
          typename Token = detail::default_token_t<Source>>
auto async_open(Source&& source, location where, open_flags how, Token&& token = {})
{
    return detail::initiate_lone<Token, void(error_code, File)>(
        detail::executor_of(source), token,
        [where = std::move(where), how](auto& engine, auto& handler, const auto& ex) mutable
        {
            using executor = std::decay_t<decltype(ex)>;
            const bool valid = where.valid();
            detail::start_if<detail::open_lone<File, executor>>(valid, engine, handler, ex, ex,
                                                                std::move(where), how);
        });
}

/// Closes a handle that nothing is in flight on, without blocking the thread, however long its
/// device takes. Completes with `void(error_code)`, which may tell of a write that has failed
/// since. The handle is gone in any case; a cancellation only makes the call a blocking one.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_close(Source&& source, unique_handle handle, Token&& token = {})
{
    return detail::initiate_lone<Token, void(error_code)>(
        detail::executor_of(source), token,
        [handle = std::move(handle)](auto& engine, auto& handler, const auto& ex) mutable
        {
            detail::start_lone<detail::close_lone>(engine, invalid_handle, lane::none, handler, ex,
                                                   std::move(handle));
        });
}

/// As `async_close`, of a file, whose operations in flight end as with `release`. It is not open from now on.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_close(basic_file<Executor>& file, Token&& token = {})
{
    error_code not_open; // of closing no handle comes the same
    unique_handle handle(file.release(not_open));
    return async_close(file.get_executor(), std::move(handle), std::forward<Token>(token));
}

} // namespace proactor::fs

#endif
