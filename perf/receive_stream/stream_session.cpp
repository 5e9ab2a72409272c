// The session of callbacks once more, but that it holds a buffer only while it has data: in the
// place of callback_session.cpp it makes another server of the same example.
#include "receive_stream/pool.hpp"

#include <session.hpp>

#include <boost/asio/write.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace echo_server {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// One for all sessions. Theirs are the only references, for it must not outlive their context.
std::shared_ptr<proactor::buffer_pool> shared_pool(tcp_socket& socket)
{
    static std::weak_ptr<proactor::buffer_pool> current;
    auto pool = current.lock();
    if (!pool)
        current = pool = std::make_shared<proactor::buffer_pool>(socket, perf::pool_buffers,
                                                                 std::tuple_size_v<session_buffer>);
    return pool;
}

class stream_session final : public session
{
public:
    explicit stream_session(tcp_socket socket)
        : session(std::move(socket)), pool_(shared_pool(socket_)), received_(socket_, *pool_)
    {
    }

    void start(std::function<void()> ended) override
    {
        ended_ = std::move(ended);
        read();
    }

private:
    void read()
    {
        received_.async_next([this](error_code error, std::optional<proactor::pooled_buffer> data) {
            if (error || !data)
                return end();
            data_ = std::move(*data);
            write();
        });
    }

    void write()
    {
        asio::async_write(socket_, asio::buffer(data_.data(), data_.size()),
                          [this](error_code error, std::size_t sent) {
                              bytes_ += sent;
                              data_.reset();
                              if (error)
                                  end();
                              else
                                  read();
                          });
    }

    // The call destroys *this: what it calls must not lie in there.
    void end()
    {
        auto const ended = std::move(ended_);
        ended();
    }

    std::shared_ptr<proactor::buffer_pool> pool_;
    proactor::receive_stream<tcp_socket> received_;
    proactor::pooled_buffer data_;
    std::function<void()> ended_;
};

} // namespace

std::unique_ptr<session> make_callback_session(tcp_socket socket)
{
    return std::make_unique<stream_session>(std::move(socket));
}

} // namespace echo_server
