#ifndef PROACTOR_DETAIL_FILE_SERVICE_HPP
#define PROACTOR_DETAIL_FILE_SERVICE_HPP

#include <proactor/detail/hand_over.hpp>
#include <proactor/detail/at_fork.hpp>
#include <proactor/detail/handle_state.hpp>
#include <proactor/detail/pooled_payloads.hpp>
#include <proactor/file_base.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace proactor::detail {

/// Files. At positions any number of operations are in flight on one file, in no order. As a stream a file
/// has one position, the system's own, which duplicates of its handle share: its operations are
/// performed one after the other, each where the one before has ended.
class file_service : public asio::detail::execution_context_service_base<file_service>,
                     public gives_objects<file_service>,
                     private handle_operations
{
public:
    using native_handle_type = int;

    /// An asynchronous open: it has no handle yet, and so an attachment of its own. Its end, on the
    /// loop's thread, may meet the end of its file on another.
    class opening
    {
    public:
        opening(handle_state& target, proactor::attachment& at) noexcept
            : target_(&target)
            , attached_(&at)
        {
        }

        /// The file moves, with the handle that it may just have got.
        void move(handle_state& from, handle_state& to)
        {
            std::lock_guard held(mutex_);
            to.take(from);
            target_ = &to;
        }

        /// The file goes, or no longer wants it.
        void give_up(engine& e)
        {
            std::lock_guard held(mutex_);
            target_ = nullptr;
            if (attached_)
                e.cancel_all(*attached_);
        }

        /// False: it has ended.
        bool cancel(engine& e)
        {
            std::lock_guard held(mutex_);
            if (attached_)
                e.cancel_all(*attached_);
            return attached_ != nullptr;
        }

        /// Its end, with the handle that it won or -1. True: that is the file's now.
        bool end(engine& e, int handle)
        {
            std::lock_guard held(mutex_);
            e.detach(*std::exchange(attached_, nullptr), engine::handle_then::kept);
            if (handle < 0 || !target_ || target_->is_open())
                return false;
            target_->handle = handle;
            return true;
        }

    private:
        fork_safe_mutex mutex_;
        handle_state* target_;
        proactor::attachment* attached_; ///< null once it has ended
    };

    struct implementation_type : handle_state,
                                 given_implementation<file_service, implementation_type>
    {
        std::shared_ptr<opening> open_in_flight;
    };

    explicit file_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<file_service>(context)
        , handle_operations(context)
    {
    }

    void shutdown() override {} // the engine ends what is in flight

    void construct(implementation_type& f) { f = {}; }

    void move_construct(implementation_type& f, implementation_type& other) noexcept
    {
        f.open_in_flight = std::move(other.open_in_flight);
        if (f.open_in_flight)
            f.open_in_flight->move(other, f);
        else
            f.take(other);
    }

    void move_assign(implementation_type& f, implementation_type& other)
    {
        destroy(f);
        move_construct(f, other);
    }
    void move_assign(implementation_type& f, file_service&, implementation_type& other)
    {
        move_assign(f, other);
    }

    /// What is in flight ends, as with `release`.
    template <typename Theirs>
    void give(implementation_type& f, Theirs& theirs, typename Theirs::implementation_type& to)
    {
        error_code ec;
        if (f.is_open() && !theirs.assign(to, f.handle, ec))
            release(f, ec);
        asio::detail::throw_error(ec, "move");
    }

    void destroy(implementation_type& f)
    {
        error_code ignored;
        close(f, ignored);
    }

    /// The system's flags, of whichever `file_base`.
    error_code open(implementation_type& f, const char* path, int flags, error_code& ec)
    {
        if (f.is_open())
            return ec = asio::error::already_open;
        flush();
        const int handle = ::open(path, flags | O_CLOEXEC, 0777);
        ec = handle < 0 ? make_error(errno) : error_code();
        if (handle >= 0)
            f.handle = handle;
        return ec;
    }

    template <typename Handler, typename IoExecutor>
    void async_open(implementation_type& f, std::string path, file_base::flags flags,
                    Handler& handler, const IoExecutor& io_ex)
    {
        give_up_opening(f);
        proactor::attachment& at = get_engine().attach(invalid_handle);
        f.open_in_flight = std::allocate_shared<opening>(block_allocator<opening>(), f, at);
        if (f.is_open())
            complete<open_payload>(asio::error::already_open, handler, io_ex, get_engine(),
                                   std::move(path), flags, f.open_in_flight);
        else
            start_operation<open_payload>(get_engine(), at, lane::none, handler, io_ex, get_engine(),
                                          std::move(path), flags, f.open_in_flight);
    }

    error_code assign(implementation_type& f, native_handle_type handle, error_code& ec)
    {
        if (f.is_open())
            return ec = asio::error::already_open;
        ec = {};
        if (::fcntl(handle, F_GETFD) < 0)
            return ec = asio::error::bad_descriptor;
        f.handle = handle;
        return ec;
    }

    bool is_open(const implementation_type& f) const { return f.is_open(); }
    native_handle_type native_handle(const implementation_type& f) const { return f.handle; }

    /// The last operation in flight closes the handle: nobody waits for a device here.
    error_code close(implementation_type& f, error_code& ec)
    {
        ec = {};
        give_up_opening(f);
        if (!f.is_open())
            return ec;
        if (f.attached)
            detach(f, engine::handle_then::closed_when_idle);
        else
        {
            flush();
            if (::close(f.handle) != 0)
                ec = make_error(errno);
        }
        construct(f);
        return ec;
    }

    native_handle_type release(implementation_type& f, error_code& ec)
    {
        if (!check_open(f, ec))
            return -1;
        detach(f, engine::handle_then::kept);
        const int handle = f.handle;
        construct(f);
        return handle;
    }

    error_code cancel(implementation_type& f, error_code& ec)
    {
        ec = {};
        if (f.open_in_flight && f.open_in_flight->cancel(get_engine()))
            return ec;
        if (f.is_open())
            cancel_all(f);
        else
            ec = asio::error::bad_descriptor;
        return ec;
    }

    std::uint64_t size(const implementation_type& f, error_code& ec) const
    {
        flush();
        struct stat s;
        ec = ::fstat(f.handle, &s) == 0 ? error_code() : make_error(errno);
        return ec ? 0 : static_cast<std::uint64_t>(s.st_size);
    }

    error_code resize(implementation_type& f, std::uint64_t n, error_code& ec)
    {
        return call([&] { return ::ftruncate(f.handle, static_cast<off_t>(n)); }, ec);
    }
    error_code sync_all(implementation_type& f, error_code& ec)
    {
        return call([&] { return ::fsync(f.handle); }, ec);
    }
    error_code sync_data(implementation_type& f, error_code& ec)
    {
        return call([&] { return ::fdatasync(f.handle); }, ec);
    }

    template <typename Buffers>
    std::size_t read_some_at(implementation_type& f, std::uint64_t offset, const Buffers& buffers,
                             error_code& ec)
    {
        asio::detail::buffer_sequence_adapter<asio::mutable_buffer, Buffers> b(buffers);
        const auto n = transfer_now(
            f, b,
            [&] {
                return ::preadv(f.handle, b.buffers(), static_cast<int>(b.count()),
                                static_cast<off_t>(offset));
            },
            ec);
        if (!ec && n == 0 && !b.all_empty())
            ec = asio::error::eof;
        return n;
    }

    template <typename Buffers>
    std::size_t write_some_at(implementation_type& f, std::uint64_t offset, const Buffers& buffers,
                              error_code& ec)
    {
        asio::detail::buffer_sequence_adapter<asio::const_buffer, Buffers> b(buffers);
        return transfer_now(
            f, b,
            [&] {
                return ::pwritev(f.handle, b.buffers(), static_cast<int>(b.count()),
                                 static_cast<off_t>(offset));
            },
            ec);
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_read_some_at(implementation_type& f, std::uint64_t offset, const Buffers& buffers,
                            Handler& handler, const IoExecutor& io_ex)
    {
        using holder = mutable_holder<Buffers>;
        if (holder::all_empty(buffers))
            return complete<no_transfer>({}, handler, io_ex);
        begin<transfer<request::read_at, holder>>(f, handler, io_ex,
                                                  request::read_at{{}, offset}, buffers,
                                                  end_of_file::at_zero);
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_write_some_at(implementation_type& f, std::uint64_t offset, const Buffers& buffers,
                             Handler& handler, const IoExecutor& io_ex)
    {
        using holder = const_holder<Buffers>;
        if (holder::all_empty(buffers))
            return complete<no_transfer>({}, handler, io_ex);
        begin<transfer<request::write_at, holder>>(f, handler, io_ex,
                                                   request::write_at{{}, offset}, buffers,
                                                   end_of_file::never);
    }

    /// Of a stream: behind the writes that were started before.
    template <typename Handler, typename IoExecutor>
    void async_sync(implementation_type& f, bool data_only, Handler& handler,
                    const IoExecutor& io_ex)
    {
        begin_behind_writes<plain<request::sync>>(f, handler, io_ex, request::sync{data_only});
    }

    /// An operation on the file as it is after the writes of a stream that were started before.
    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void begin_behind_writes(implementation_type& f, Handler& handler, const IoExecutor& io_ex,
                             Args&&... args)
    {
        begin_on<Payload>(f.flags == one_position ? lane::write : lane::none, f, handler, io_ex,
                          std::forward<Args>(args)...);
    }

    /// An operation on an open file; on a closed one an error, through the handler.
    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void begin(implementation_type& f, Handler& handler, const IoExecutor& io_ex, Args&&... args)
    {
        begin_on<Payload>(lane::none, f, handler, io_ex, std::forward<Args>(args)...);
    }

    // As a stream.

    void set_is_stream(implementation_type&, bool) {} // an operation says for itself what it is

    std::uint64_t seek(implementation_type& f, std::int64_t offset, int whence, error_code& ec)
    {
        flush();
        const off_t position = ::lseek(f.handle, static_cast<off_t>(offset), whence);
        ec = position < 0 ? make_error(errno) : error_code();
        return ec ? 0 : static_cast<std::uint64_t>(position);
    }

    template <typename Buffers>
    std::size_t read_some(implementation_type& f, const Buffers& buffers, error_code& ec)
    {
        asio::detail::buffer_sequence_adapter<asio::mutable_buffer, Buffers> b(buffers);
        const auto n = transfer_now(
            f, b, [&] { return ::readv(f.handle, b.buffers(), static_cast<int>(b.count())); }, ec);
        if (!ec && n == 0 && !b.all_empty())
            ec = asio::error::eof;
        return n;
    }

    template <typename Buffers>
    std::size_t write_some(implementation_type& f, const Buffers& buffers, error_code& ec)
    {
        asio::detail::buffer_sequence_adapter<asio::const_buffer, Buffers> b(buffers);
        return transfer_now(
            f, b, [&] { return ::writev(f.handle, b.buffers(), static_cast<int>(b.count())); }, ec);
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_read_some(implementation_type& f, const Buffers& buffers, Handler& handler,
                         const IoExecutor& io_ex)
    {
        using holder = mutable_holder<Buffers>;
        if (holder::all_empty(buffers))
            return complete<no_transfer>({}, handler, io_ex);
        begin_on<transfer<request::read, holder>>(stream_lane(f, lane::read), f, handler, io_ex,
                                                  request::read{}, buffers, end_of_file::at_zero);
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_write_some(implementation_type& f, const Buffers& buffers, Handler& handler,
                          const IoExecutor& io_ex)
    {
        using holder = const_holder<Buffers>;
        if (holder::all_empty(buffers))
            return complete<no_transfer>({}, handler, io_ex);
        begin_on<transfer<request::write, holder>>(stream_lane(f, lane::write), f, handler, io_ex,
                                                   request::write{}, buffers, end_of_file::never);
    }

    // Into a buffer of a pool.

    template <typename Handler, typename IoExecutor>
    void async_read_some_at(implementation_type& f, std::uint64_t offset,
                            const pooled_sequence& pool, Handler& handler,
                            const IoExecutor& io_ex)
    {
        begin<pooled_transfer<request::read_pooled_at>>(f, handler, io_ex, pool.source(),
                                                        request::read_pooled_at{{}, offset},
                                                        end_of_file::at_zero);
    }

    template <typename Handler, typename IoExecutor>
    void async_read_some(implementation_type& f, const pooled_sequence& pool, Handler& handler,
                         const IoExecutor& io_ex)
    {
        begin_on<pooled_transfer<request::read_pooled>>(stream_lane(f, lane::read), f, handler,
                                                        io_ex, pool.source(),
                                                        request::read_pooled{},
                                                        end_of_file::at_zero);
    }

private:
    /// What a stream has found out about its handle, in `flags`.
    enum : unsigned char
    {
        not_asked,
        one_position, ///< that reads and writes share
        no_position   ///< a pipe, a terminal: two directions that do not know of each other
    };

    /// The kernel guards a file's position in read(2) and write(2), but not in what io_uring does with
    /// it: reads and writes wait for each other.
    static lane stream_lane(implementation_type& f, lane direction) noexcept
    {
        if (f.flags == not_asked && f.is_open())
            f.flags = ::lseek(f.handle, 0, SEEK_CUR) < 0 ? no_position : one_position;
        return f.flags == no_position ? direction : lane::write;
    }

    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void begin_on(lane l, implementation_type& f, Handler& handler, const IoExecutor& io_ex,
                  Args&&... args)
    {
        if (f.is_open())
            start<Payload>(f, l, handler, io_ex, std::forward<Args>(args)...);
        else
            complete<Payload>(asio::error::bad_descriptor, handler, io_ex,
                              std::forward<Args>(args)...);
    }

    /// Owns the path while the kernel may read it.
    class open_payload
    {
    public:
        open_payload(engine& e, std::string path, file_base::flags flags,
                     std::shared_ptr<opening> o)
            : engine_(e)
            , path_(std::move(path))
            , flags_(flags)
            , opening_(std::move(o))
        {
        }
        void prepare(operation& op)
        {
            op.ask(request::open{path_.c_str(), static_cast<int>(flags_), 0777});
        }
        std::tuple<error_code> finish(const outcome& o)
        {
            error_code ec = make_error(o.error);
            const int won = ec ? -1 : static_cast<int>(o.value);
            if (!opening_->end(engine_, won) && !ec)
            {
                ::close(won);
                ec = asio::error::operation_aborted;
            }
            return {ec};
        }

    private:
        engine& engine_;
        std::string path_;
        file_base::flags flags_;
        std::shared_ptr<opening> opening_;
    };

    void give_up_opening(implementation_type& f)
    {
        if (auto o = std::exchange(f.open_in_flight, nullptr))
            o->give_up(get_engine());
    }

    static bool check_open(const implementation_type& f, error_code& ec)
    {
        ec = f.is_open() ? error_code() : error_code(asio::error::bad_descriptor);
        return !ec;
    }

    template <typename F>
    error_code call(F f, error_code& ec) const
    {
        flush();
        return ec = f() == 0 ? error_code() : make_error(errno);
    }

    /// As Asio, which asks an open file for nothing, if it is nothing that is wanted.
    template <typename Buffers, typename F>
    std::size_t transfer_now(const implementation_type& file, const Buffers& buffers, F f,
                             error_code& ec) const
    {
        ec = {};
        if (file.is_open() && buffers.all_empty())
            return 0;
        flush();
        ssize_t n;
        do
            n = f();
        while (n < 0 && errno == EINTR);
        ec = n < 0 ? make_error(errno) : error_code();
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }
};

} // namespace proactor::detail

#endif
