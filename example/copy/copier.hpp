#pragma once

#include "command_line.hpp"

#include <proactor.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

namespace copy {

// A copy under way: several workers take the next block each, read it and write it, and a failure
// ends all of them.
class copier
{
public:
    // Opens both files. Throws boost::system::system_error, and bad_arguments for files that cannot
    // be copied onto each other.
    copier(proactor::io_context& context, command_line const& wanted);

    void start();

    std::uint64_t copied() const { return copied_; }
    std::uint64_t size() const { return size_; }
    boost::system::error_code error() const { return error_; }
    // Which file the error is of.
    std::string const& failed() const { return failed_; }

private:
    boost::asio::awaitable<void> copy_blocks();
    boost::asio::awaitable<void> show_progress();
    void fail(boost::system::error_code ec, std::filesystem::path const& file);
    void one_has_ended();

    command_line const wanted_;
    proactor::random_access_file source_;
    proactor::random_access_file destination_;
    proactor::interval ticks_;
    std::uint64_t size_ = 0;
    std::uint64_t next_ = 0; // the first byte that no worker has taken
    std::uint64_t copied_ = 0;
    unsigned working_ = 0;
    boost::system::error_code error_;
    std::string failed_;
};

} // namespace copy
