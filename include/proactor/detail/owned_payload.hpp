#ifndef PROACTOR_DETAIL_OWNED_PAYLOAD_HPP
#define PROACTOR_DETAIL_OWNED_PAYLOAD_HPP

#include <proactor/buffer_traits.hpp>
#include <proactor/detail/payloads.hpp>

#include <cstddef>
#include <tuple>
#include <utility>

namespace proactor::detail {

/// A transfer that owns its buffer: it lives in the operation, and so as long as the kernel needs it,
/// and goes to the handler with the result, whatever that is.
template <typename Request, typename Buffer>
class owned_transfer
{
    using traits = buffer_traits<Buffer>;

public:
    owned_transfer(const Request& r, Buffer&& b, end_of_file e)
        : request_(r)
        , buffer_(std::move(b))
        , end_of_file_(e)
    {
    }

    void prepare(operation& op)
    {
        request_.buffers.single = native_buffer{traits::data(buffer_), traits::size(buffer_)};
        op.request = request_;
    }

    std::tuple<error_code, std::size_t, Buffer> finish(const outcome& o)
    {
        const std::size_t n = static_cast<std::size_t>(o.value);
        const std::size_t size = traits::size(buffer_);
        error_code ec = make_error(o.error);
        const bool ended = request_.whole ? n < size : n == 0 && size != 0;
        if (!ec && ended && end_of_file_ == end_of_file::at_zero)
            ec = asio::error::eof;
        return {ec, n, std::move(buffer_)};
    }

private:
    Request request_;
    Buffer buffer_;
    end_of_file end_of_file_;
};

/// Starts such a transfer at a position of a file.
template <typename Request, typename File, typename Buffer, typename Token>
auto start_owned_at(File& file, const Request& request, Buffer&& buffer, end_of_file e, Token& token)
{
    return file.template start<void(error_code, std::size_t, Buffer)>(
        token,
        [request, buffer = std::move(buffer), e](auto& service, auto& f, auto& handler,
                                                 const auto& ex) mutable
        {
            service.template begin<owned_transfer<Request, Buffer>>(f, handler, ex, request,
                                                                    std::move(buffer), e);
        });
}

} // namespace proactor::detail

#endif
