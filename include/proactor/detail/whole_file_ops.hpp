#ifndef PROACTOR_DETAIL_WHOLE_FILE_OPS_HPP
#define PROACTOR_DETAIL_WHOLE_FILE_OPS_HPP

#include <proactor/buffer_traits.hpp>
#include <proactor/detail/owned_op.hpp>
#include <proactor/fs/names.hpp>
#include <proactor/fs/open.hpp>
#include <proactor/fs/status.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <new>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <sys/random.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <utility>

/// The steps of reading and writing whole files, as composed operations.
namespace proactor::detail {

template <owned_buffer Buffer>
std::size_t size_of_all(const Buffer& b)
{
    const auto sum = [](const auto&... each) { return (std::size_t(0) + ... + size_of_all(each)); };
    if constexpr (single_buffer<Buffer>)
        return buffer_traits<Buffer>::size(b);
    else if constexpr (requires { std::tuple_size<Buffer>::value; })
        return std::apply(sum, b);
    else
        return std::transform_reduce(b.begin(), b.end(), std::size_t(0), std::plus<>(), sum);
}

/// Moves the bytes of a buffer from `from` on to or from the same places of a file, and owns the
/// buffer. Of a list it may move the first buffers only.
template <typename Request, typename View, typename Buffer>
class file_image
{
public:
    file_image(Buffer&& b, std::size_t from)
        : state_(std::move(b))
        , from_(from)
    {
        state_.advance(from);
    }

    void prepare(operation& op)
    {
        op.ask(Request{holder_.emplace(state_.rest(true)).list(), from_, true});
    }

    std::tuple<error_code, std::size_t, Buffer> finish(const outcome& o)
    {
        return {make_error(o.error), static_cast<std::size_t>(o.value), std::move(state_.buffer())};
    }

private:
    owned_state<Buffer, View> state_;
    std::optional<buffer_holder<View, owned_sequence<View>>> holder_;
    std::size_t from_;
};

template <typename Request, typename View, typename Executor, typename Buffer, typename Handler>
void async_file_image(const Executor& ex, const unique_handle& file, Buffer&& buffer,
                      std::size_t from, Handler&& handler)
{
    start_lone<file_image<Request, View, Buffer>>(engine_of(ex), file.get(), lane::none, handler,
                                                  ex, std::move(buffer), from);
}

/// Opens, reads what most files have, asks for the size if that was not all, and reads on until
/// nothing comes any more: files grow, and those of /proc have no size.
template <typename Buffer, typename Executor>
class read_file_op
{
    static constexpr std::size_t first_read = 16 * 1024;

public:
    read_file_op(const Executor& ex, fs::location&& where)
        : executor_(ex)
        , where_(std::move(where))
    {
    }

    template <typename Self>
    void operator()(Self& self)
    {
        self.reset_cancellation_state(asio::enable_total_cancellation());
        fs::async_open(executor_, std::move(where_), O_RDONLY, std::move(self));
    }

    template <typename Self>
    void operator()(Self& self, const error_code& ec, unique_handle file)
    {
        file_ = std::move(file);
        if (ec)
            return self.complete(ec, std::move(buffer_));
        read(self, first_read);
    }

    template <typename Self>
    void operator()(Self& self, const error_code& ec, std::size_t n, Buffer buffer)
    {
        buffer_ = std::move(buffer);
        filled_ += n;
        if (ec || filled_ < buffer_.size())
            return end(self, ec);
        if (self.cancelled() != asio::cancellation_type::none)
            return end(self, asio::error::operation_aborted);
        async_stat_of<Self>(executor_, self, fs::location(file_.get(), ""), AT_EMPTY_PATH);
    }

    template <typename Self>
    void operator()(Self& self, const error_code& ec, const fs::file_status& status)
    {
        if (ec)
            return end(self, ec);
        // One byte more, so that the end shows.
        read(self, std::max<std::uint64_t>(status.size + 1, std::uint64_t(2) * filled_));
    }

private:
    template <typename Self>
    void read(Self& self, std::uint64_t size)
    {
        try
        {
            buffer_.resize(static_cast<std::size_t>(size));
        }
        catch (const std::bad_alloc&)
        {
            return end(self, asio::error::no_memory);
        }
        catch (const std::length_error&)
        {
            return end(self, asio::error::no_memory);
        }
        async_file_image<request::read_at, asio::mutable_buffer>(
            executor_, file_, std::move(buffer_), filled_, std::move(self));
    }

    template <typename Self>
    void end(Self& self, const error_code& ec)
    {
        buffer_.resize(filled_);
        if constexpr (requires(Buffer& b) { b.shrink_to_fit(); })
            if (filled_ < first_read / 2)
                buffer_.shrink_to_fit();
        file_.reset();
        self.complete(ec, std::move(buffer_));
    }

    Executor executor_;
    fs::location where_;
    unique_handle file_;
    Buffer buffer_;
    std::size_t filled_ = 0;
};

/// A file that goes if nobody renames it. It counts as made as soon as the system is asked for it:
/// an open may win after its cancellation.
class temporary_name
{
public:
    temporary_name() = default;
    temporary_name(temporary_name&& other) noexcept
        : where_(std::move(other.where_))
        , armed_(std::exchange(other.armed_, false))
    {
    }
    ~temporary_name() { remove(); }

    /// Chooses a name beside another one. False: there is no randomness to choose by.
    bool choose(const fs::location& beside)
    {
        std::uint64_t random = 0;
        if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
            return false;
        char text[] = ".proactor-0123456789abcdef";
        std::to_chars(text + 10, text + 26, random, 16);
        where_ = beside.sibling(text);
        return true;
    }
    const fs::location& where() const noexcept { return where_; }

    void arm() noexcept { armed_ = true; }
    void disarm() noexcept { armed_ = false; }
    void remove() noexcept
    {
        if (std::exchange(armed_, false))
            ::unlinkat(where_.directory(), where_.name().path, 0);
    }

private:
    fs::location where_{""};
    bool armed_ = false;
};

/// Opens, writes and closes; to replace atomically, it does so to a temporary file, syncs that and
/// renames it.
template <typename Buffer, typename Executor>
class write_file_op
{
public:
    write_file_op(const Executor& ex, fs::location&& where, Buffer&& buffer, bool atomic,
                  fs::permissions mode)
        : executor_(ex)
        , where_(std::move(where))
        , buffer_(std::move(buffer))
        , mode_(mode)
        , atomic_(atomic)
    {
    }

    template <typename Self>
    void operator()(Self& self)
    {
        self.reset_cancellation_state(asio::enable_total_cancellation());
        if (atomic_)
            fs::async_stat(executor_, where_, std::move(self));
        else
            fs::async_open(executor_, where_, {O_WRONLY | O_CREAT | O_TRUNC, mode_},
                           std::move(self));
    }

    /// What is to be replaced says who may use what replaces it. A device is not to be replaced.
    template <typename Self>
    void operator()(Self& self, error_code ec, const fs::file_status& old)
    {
        if (ec.value() == ENOENT)
            ec = {};
        else if (!ec && old.type != fs::file_type::regular)
            ec = make_error(old.type == fs::file_type::directory ? EISDIR : EINVAL);
        else
        {
            mode_.bits = old.permissions & 0777u; // it may be another user's now
            keep_mode_ = true;
        }
        if (!goes_on(self, ec))
            return;
        if (!temporary_.choose(where_))
            return end(self, make_error(errno));
        temporary_.arm();
        fs::async_open(executor_, temporary_.where(),
                       {O_WRONLY | O_CREAT | O_EXCL, mode_}, std::move(self));
    }

    template <typename Self>
    void operator()(Self& self, error_code ec, unique_handle file)
    {
        if (ec.value() == EEXIST)
            temporary_.disarm(); // somebody else's
        file_ = std::move(file);
        if (!ec && keep_mode_ && ::fchmod(file_.get(), mode_.bits) != 0)
            ec = make_error(errno);
        if (goes_on(self, ec))
            write(self);
    }

    template <typename Self>
    void operator()(Self& self, error_code ec, std::size_t n, Buffer buffer)
    {
        buffer_ = std::move(buffer);
        written_ += n;
        const bool all = written_ >= size_of_all(buffer_);
        if (!ec && !all && n == 0)
            ec = make_error(ENOSPC); // a write that takes nothing
        if (!goes_on(self, ec))
            return;
        if (!all)
            return write(self);
        if (!atomic_)
            return close(self);
        step_ = step::sync;
        start_lone<plain<request::sync>>(engine_of(executor_), file_.get(), lane::none, self,
                                         executor_, request::sync{});
    }

    template <typename Self>
    void operator()(Self& self, const error_code& ec)
    {
        switch (step_)
        {
        case step::sync:
            if (goes_on(self, ec))
                close(self);
            break;
        case step::close:
            if (!atomic_)
                return end(self, ec);
            if (!goes_on(self, ec))
                return;
            step_ = step::rename;
            fs::async_rename(executor_, temporary_.where(), where_, std::move(self));
            break;
        case step::rename:
            if (!ec)
                temporary_.disarm();
            end(self, ec);
            break;
        }
    }

private:
    enum class step : std::uint8_t
    {
        sync,
        close,
        rename
    };

    template <typename Self>
    bool goes_on(Self& self, error_code ec)
    {
        if (!ec && self.cancelled() != asio::cancellation_type::none)
            ec = asio::error::operation_aborted;
        if (ec)
            end(self, ec);
        return !ec;
    }

    template <typename Self>
    void write(Self& self)
    {
        async_file_image<request::write_at, asio::const_buffer>(
            executor_, file_, std::move(buffer_), written_, std::move(self));
    }

    template <typename Self>
    void close(Self& self)
    {
        step_ = step::close;
        fs::async_close(executor_, std::move(file_), std::move(self));
    }

    template <typename Self>
    void end(Self& self, const error_code& ec)
    {
        file_.reset();
        temporary_.remove();
        self.complete(ec, written_, std::move(buffer_));
    }

    Executor executor_;
    fs::location where_;
    Buffer buffer_;
    fs::permissions mode_;
    bool atomic_;
    bool keep_mode_ = false;
    step step_ = step::sync;
    std::size_t written_ = 0;
    temporary_name temporary_;
    unique_handle file_;
};

} // namespace proactor::detail

#endif
