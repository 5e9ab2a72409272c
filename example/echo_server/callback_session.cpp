#include "session.hpp"

#include <boost/asio/write.hpp>

#include <cstddef>
#include <utility>

namespace echo_server {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class callback_session final : public session
{
public:
    using session::session;

    void start(std::function<void()> ended) override
    {
        ended_ = std::move(ended);
        read();
    }

private:
    void read()
    {
        socket_.async_read_some(asio::buffer(data_), [this](error_code error, std::size_t size) {
            if (error)
                end();
            else
                write(size);
        });
    }

    void write(std::size_t size)
    {
        asio::async_write(socket_, asio::buffer(data_, size),
                          [this](error_code error, std::size_t sent) {
                              bytes_ += sent;
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

    session_buffer data_;
    std::function<void()> ended_;
};

} // namespace

std::unique_ptr<session> make_callback_session(tcp_socket socket)
{
    return std::make_unique<callback_session>(std::move(socket));
}

} // namespace echo_server
