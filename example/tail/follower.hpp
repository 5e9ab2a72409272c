#pragma once

#include "command_line.hpp"

#include <proactor.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <vector>

namespace tail {

// The end of a file, and what comes to it.
class follower
{
public:
    // Opens the file. Throws boost::system::system_error, and bad_arguments for what is no regular
    // file.
    follower(proactor::io_context& context, command_line const& wanted);

    // Prints the last lines and, if it is to follow, what is appended until `stop`. Throws
    // boost::system::system_error.
    boost::asio::awaitable<void> run();
    void stop();

private:
    // Where the last lines begin.
    boost::asio::awaitable<std::uint64_t> start_of_last_lines();
    // Prints all from `position_` on.
    boost::asio::awaitable<void> print_rest();
    // False: the file has been removed.
    boost::asio::awaitable<bool> look_at_file();

    command_line const wanted_;
    proactor::random_access_file file_;
    proactor::stdout_stream out_;
    boost::asio::posix::stream_descriptor changes_;
    std::vector<char> buffer_;
    std::uint64_t position_ = 0;
    bool stopped_ = false;
};

} // namespace tail
