#ifndef PROACTOR_BASIC_FILE_HPP
#define PROACTOR_BASIC_FILE_HPP

#include <proactor/detail/file_service.hpp>
#include <proactor/detail/hosted_executor.hpp>
#include <proactor/file_base.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/detail/throw_error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace proactor {

/// What the file classes have in common, with the interface of `boost::asio::basic_file`, on every
/// system and without a macro, and with functions that open, resize and sync without blocking the thread.
///
/// Buffers given by reference must stay valid until the handler is called, in whatever way the operation
/// ends.
///
/// Threads: distinct objects are safe; one object is not, but `close` and `cancel` beside operations
/// in flight are.
///
/// Cancellation: terminal, partial and total ask the system to end the operation. Reads and writes
/// that a device has taken end by themselves.
///
/// `close` and the destructor cancel, and never wait for a device: the file is closed by the last
/// operation in flight.
///
/// The executor's context must be a `proactor::io_context`, or constructors throw
/// `boost::system::system_error` with `operation_not_supported`.
template <typename Executor>
class basic_file : public file_base
{
    template <typename>
    friend class basic_file;

    template <typename Context>
    using if_context = std::enable_if_t<std::is_convertible_v<Context&, asio::execution_context&>>;

    template <typename Call>
    class initiate;

protected:
    using service = detail::file_service;

public:
    using executor_type = Executor;
    using native_handle_type = service::native_handle_type;

    explicit basic_file(const executor_type& ex)
        : service_(find_service(ex))
        , executor_(ex)
    {
        service_->construct(implementation_);
    }

    template <typename Context, typename = if_context<Context>>
    explicit basic_file(Context& context)
        : basic_file(executor_type(context.get_executor()))
    {
    }

    basic_file(const executor_type& ex, const char* path, flags open_flags)
        : basic_file(ex)
    {
        open(path, open_flags);
    }
    basic_file(const executor_type& ex, const std::string& path, flags open_flags)
        : basic_file(ex, path.c_str(), open_flags)
    {
    }
    template <typename Context, typename = if_context<Context>>
    basic_file(Context& context, const char* path, flags open_flags)
        : basic_file(executor_type(context.get_executor()), path, open_flags)
    {
    }
    template <typename Context, typename = if_context<Context>>
    basic_file(Context& context, const std::string& path, flags open_flags)
        : basic_file(context, path.c_str(), open_flags)
    {
    }

    basic_file(const executor_type& ex, const native_handle_type& handle)
        : basic_file(ex)
    {
        assign(handle);
    }
    template <typename Context, typename = if_context<Context>>
    basic_file(Context& context, const native_handle_type& handle)
        : basic_file(executor_type(context.get_executor()), handle)
    {
    }

    /// Operations in flight go with the file.
    basic_file(basic_file&& other) noexcept
        : service_(other.service_)
        , executor_(other.executor_)
    {
        service_->move_construct(implementation_, other.implementation_);
    }
    basic_file& operator=(basic_file&& other)
    {
        if (this != &other)
        {
            service_->destroy(implementation_);
            service_ = other.service_;
            service_->move_construct(implementation_, other.implementation_);
            executor_ = other.executor_;
        }
        return *this;
    }

    const executor_type& get_executor() noexcept { return executor_; }

    void open(const char* path, flags open_flags)
    {
        throwing("open", [&](error_code& ec) { open(path, open_flags, ec); });
    }
    error_code open(const char* path, flags open_flags, error_code& ec)
    {
        return service_->open(implementation_, path, open_flags, ec);
    }
    void open(const std::string& path, flags open_flags) { open(path.c_str(), open_flags); }
    error_code open(const std::string& path, flags open_flags, error_code& ec)
    {
        return open(path.c_str(), open_flags, ec);
    }

    /// Opens without blocking the thread. Completes with `void(error_code)`; a file destroyed, closed
    /// or opened otherwise in the meantime is left alone, and what was opened is closed.
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_open(std::string path, flags open_flags,
                    Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return start<void(error_code), Token>(
            token,
            [path = std::move(path), open_flags](service& s, auto& f, auto& handler,
                                                 const executor_type& ex) mutable
            { s.async_open(f, std::move(path), open_flags, handler, ex); });
    }

    void assign(const native_handle_type& handle)
    {
        throwing("assign", [&](error_code& ec) { assign(handle, ec); });
    }
    error_code assign(const native_handle_type& handle, error_code& ec)
    {
        return service_->assign(implementation_, handle, ec);
    }

    bool is_open() const { return service_->is_open(implementation_); }

    void close()
    {
        throwing("close", [&](error_code& ec) { close(ec); });
    }
    error_code close(error_code& ec) { return service_->close(implementation_, ec); }

    native_handle_type release()
    {
        native_handle_type handle{};
        throwing("release", [&](error_code& ec) { handle = release(ec); });
        return handle;
    }
    native_handle_type release(error_code& ec) { return service_->release(implementation_, ec); }

    native_handle_type native_handle() { return service_->native_handle(implementation_); }

    void cancel()
    {
        throwing("cancel", [&](error_code& ec) { cancel(ec); });
    }
    error_code cancel(error_code& ec) { return service_->cancel(implementation_, ec); }

    /// In bytes.
    std::uint64_t size() const
    {
        std::uint64_t n = 0;
        throwing("size", [&](error_code& ec) { n = size(ec); });
        return n;
    }
    std::uint64_t size(error_code& ec) const { return service_->size(implementation_, ec); }

    void resize(std::uint64_t n)
    {
        throwing("resize", [&](error_code& ec) { resize(n, ec); });
    }
    error_code resize(std::uint64_t n, error_code& ec)
    {
        return service_->resize(implementation_, n, ec);
    }

    /// As `resize`, behind the writes of a stream that were started before. Completes with
    /// `void(error_code)`.
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_resize(std::uint64_t n,
                      Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return start<void(error_code), Token>(
            token,
            [n](service& s, auto& f, auto& handler, const executor_type& ex)
            {
                s.template begin_behind_writes<detail::plain<request::truncate>>(
                    f, handler, ex, request::truncate{n});
            });
    }

    void sync_all()
    {
        throwing("sync_all", [&](error_code& ec) { sync_all(ec); });
    }
    error_code sync_all(error_code& ec) { return service_->sync_all(implementation_, ec); }

    void sync_data()
    {
        throwing("sync_data", [&](error_code& ec) { sync_data(ec); });
    }
    error_code sync_data(error_code& ec) { return service_->sync_data(implementation_, ec); }

    /// Writes what has been written to the device without blocking the thread. Completes with
    /// `void(error_code)`.
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_sync_all(Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return start<void(error_code), Token>(
            token, [](service& s, auto& f, auto& handler, const executor_type& ex)
            { s.async_sync(f, false, handler, ex); });
    }

    /// As `async_sync_all`, but of metadata only what reading the data takes.
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_sync_data(Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return start<void(error_code), Token>(
            token, [](service& s, auto& f, auto& handler, const executor_type& ex)
            { s.async_sync(f, true, handler, ex); });
    }

    /// For operations of this library: initiates `call(service, implementation, handler, executor)`.
    template <typename Signature, typename Token, typename Call>
    auto start(std::remove_reference_t<Token>& token, Call call)
    {
        return asio::async_initiate<Token, Signature>(initiate<Call>{this, std::move(call)}, token);
    }

protected:
    /// From a file of the same kind with another executor.
    template <typename Executor1>
    explicit basic_file(basic_file<Executor1>&& other)
        : service_(other.service_)
        , executor_(other.executor_)
    {
        service_->move_construct(implementation_, other.implementation_);
    }

    ~basic_file() { service_->destroy(implementation_); }

    template <typename F>
    static void throwing(const char* what, F f)
    {
        error_code ec;
        f(ec);
        asio::detail::throw_error(ec, what);
    }

    service& get_service() noexcept { return *service_; }
    service::implementation_type& get_implementation() noexcept { return implementation_; }

private:
    /// An initiation knows its executor, as Asio's do.
    template <typename Call>
    class initiate
    {
    public:
        using executor_type = Executor;

        initiate(basic_file* self, Call call)
            : self_(self)
            , call_(std::move(call))
        {
        }
        const executor_type& get_executor() const noexcept { return self_->get_executor(); }

        template <typename Handler>
        void operator()(Handler&& handler)
        {
            std::decay_t<Handler> h(std::forward<Handler>(handler));
            call_(*self_->service_, self_->implementation_, h, self_->executor_);
        }

    private:
        basic_file* self_;
        Call call_;
    };

    static service* find_service(const executor_type& ex)
    {
        io_context* context = detail::our_context(ex);
        if (!context)
            asio::detail::throw_error(asio::error::operation_not_supported,
                                      "a file on a context that is no proactor::io_context");
        return std::addressof(
            asio::use_service<service>(static_cast<asio::execution_context&>(*context)));
    }

    service* service_;
    service::implementation_type implementation_;
    executor_type executor_;
};

} // namespace proactor

#endif
