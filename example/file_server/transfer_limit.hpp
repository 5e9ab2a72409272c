#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace file_server {

// Bounds how many transfers run at once; whoever comes later waits, first come, first served.
//
// One thread at a time. Every slot must be gone before the limit is.
class transfer_limit
{
    // A channel with room for `most` tokens: a token in it is a transfer that runs, and the channel
    // itself keeps those that wait for room in their order.
    using channel = boost::asio::experimental::channel<void(boost::system::error_code)>;
    struct put_back
    {
        void operator()(channel* slots) const;
    };

public:
    // The right to run one transfer; its destruction hands it to the first who waits.
    using slot = std::unique_ptr<channel, put_back>;

    transfer_limit(boost::asio::any_io_executor executor, std::size_t most);

    // Waits for a slot; nothing once the limit is closed.
    boost::asio::awaitable<std::optional<slot>> acquire();

    // Turns away whoever waits and whoever comes.
    void close();

private:
    channel slots_;
};

} // namespace file_server
