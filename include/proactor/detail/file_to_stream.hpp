#ifndef PROACTOR_DETAIL_FILE_TO_STREAM_HPP
#define PROACTOR_DETAIL_FILE_TO_STREAM_HPP

#include <proactor/detail/file_send.hpp>
#include <proactor/detail/kernel_copy.hpp>
#include <proactor/detail/lone_operation.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

namespace proactor::detail {

/// A read that may block, on a thread of the pool.
class file_part_read
{
public:
    file_part_read(native_handle file, void* data, std::size_t size, std::uint64_t offset) noexcept
        : file_(file), data_(data), size_(size), offset_(offset)
    {
    }
    void prepare(operation& op) { op.ask(request::call{&perform, this}); }
    std::tuple<error_code, std::size_t> finish(const outcome& o)
    {
        return {make_error(o.error), static_cast<std::size_t>(o.value)};
    }

private:
    static std::int64_t perform(void* self)
    {
        const auto& r = *static_cast<file_part_read*>(self);
        return read_part(r.file_, r.data_, r.size_, r.offset_);
    }

    native_handle file_;
    void* data_;
    std::size_t size_;
    std::uint64_t offset_;
};

/// Sends a part of a file through a stream that has to see the bytes, or whose context has no other
/// way: read and written a piece at a time.
template <typename Stream>
class file_to_stream
{
    static constexpr std::size_t piece = 64 * 1024;

public:
    file_to_stream(Stream& s, part_of_file&& part)
        : stream_(&s), part_(std::move(part)), left_(part_.count)
    {
        if (!part_.error && left_ != 0)
            buffer_ = std::make_unique_for_overwrite<char[]>(piece);
    }

    template <typename Self>
    void operator()(Self& self)
    {
        if (step_ == step::begin)
        {
            self.reset_cancellation_state(asio::enable_partial_cancellation());
            step_ = step::read;
            return asio::post(stream_->get_executor(), std::move(self));
        }
        if (part_.error || left_ == 0)
            return end(self, make_error(part_.error));
        if (self.cancelled() != asio::cancellation_type::none)
            return end(self, asio::error::operation_aborted);
        read(self);
    }

    template <typename Self>
    void operator()(Self& self, error_code ec, std::size_t n)
    {
        if (step_ == step::write)
        {
            sent_ += n;
            left_ -= left_ == to_end ? 0 : n;
            if (!ec && left_ == 0)
                return end(self, ec);
        }
        if (!ec && self.cancelled() != asio::cancellation_type::none)
            ec = asio::error::operation_aborted;
        if (ec)
            end(self, ec);
        else if (step_ == step::read)
            write(self, n);
        else
            read(self);
    }

private:
    enum class step : unsigned char
    {
        begin,
        read,
        write
    };

    template <typename Self>
    void read(Self& self)
    {
        step_ = step::read;
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece));
        const native_handle file = part_.file.get();
        const std::uint64_t at = part_.offset + sent_;
        auto n = read_part_now(file, buffer_.get(), size, at);
        if (n == -EAGAIN)
        {
            const auto ex = stream_->get_executor();
            if (io_context* context = hosted_context(ex))
                return start_lone<file_part_read>(context->engine(), invalid_handle, lane::none,
                                                  self, ex, file, buffer_.get(), size, at);
            n = read_part(file, buffer_.get(), size, at);
        }
        if (n < 0)
            return end(self, make_error(static_cast<int>(-n)));
        write(self, static_cast<std::size_t>(n));
    }

    template <typename Self>
    void write(Self& self, std::size_t n)
    {
        if (n == 0)
            return end(self, left_ == to_end ? error_code() : asio::error::eof);
        step_ = step::write;
        asio::async_write(*stream_, asio::buffer(buffer_.get(), n), std::move(self));
    }

    template <typename Self>
    void end(Self& self, const error_code& ec)
    {
        part_.file.reset();
        buffer_.reset();
        self.complete(ec, static_cast<std::size_t>(sent_));
    }

    Stream* stream_;
    part_of_file part_;
    std::unique_ptr<char[]> buffer_;
    std::uint64_t left_;
    std::uint64_t sent_ = 0;
    step step_ = step::begin;
};

} // namespace proactor::detail

#endif
