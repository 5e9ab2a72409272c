#include "follower.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <utility>

#include <sys/inotify.h>

namespace tail {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

constexpr auto as_tuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t block = 64 << 10;

system_error failure(std::string const& what)
{
    return {error_code(errno, boost::system::system_category()), what};
}

} // namespace

follower::follower(proactor::io_context& context, command_line const& wanted)
    : wanted_(wanted), file_(context), out_(context), changes_(context), buffer_(block)
{
    std::error_code ec;
    if (std::filesystem::exists(wanted.file, ec)
        && !std::filesystem::is_regular_file(wanted.file, ec))
        throw bad_arguments(wanted.file + ": not a regular file");
    error_code failed;
    file_.open(wanted.file, proactor::file_base::read_only, failed);
    if (failed)
        throw system_error(failed, wanted.file);
    if (!wanted.follow)
        return;
    // Before the first read, so that no change is missed.
    changes_.assign(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (::inotify_add_watch(changes_.native_handle(), wanted.file.c_str(),
                            IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF)
        < 0)
        throw failure(wanted.file);
}

void follower::stop()
{
    stopped_ = true;
    error_code ignored;
    changes_.close(ignored);
}

asio::awaitable<void> follower::run()
{
    position_ = co_await start_of_last_lines();
    co_await print_rest();
    std::vector<char> events(4096);
    while (wanted_.follow && !stopped_)
    {
        auto [ec, n, back] =
            co_await proactor::async_read_some(changes_, std::move(events), as_tuple);
        if (stopped_)
            break;
        if (ec)
            throw system_error(ec, wanted_.file);
        events = std::move(back);
        if (!co_await look_at_file())
            break;
    }
}

asio::awaitable<std::uint64_t> follower::start_of_last_lines()
{
    std::uint64_t end = file_.size();
    std::uint64_t lines = 0;
    bool at_end = true;
    while (end != 0 && wanted_.lines != 0)
    {
        auto const size = std::min<std::uint64_t>(end, block);
        end -= size;
        auto [n, slice] = co_await proactor::async_read_some_at(
            file_, end, proactor::buffer_slice(std::move(buffer_), 0, size), asio::use_awaitable);
        buffer_ = std::move(slice).release();
        for (auto i = n; i-- != 0; at_end = false)
            if (buffer_[i] == '\n' && !at_end && ++lines == wanted_.lines)
                co_return end + i + 1;
    }
    co_return wanted_.lines == 0 ? file_.size() : 0;
}

asio::awaitable<void> follower::print_rest()
{
    for (;;)
    {
        auto [ec, n, filled] =
            co_await proactor::async_read_some_at(file_, position_, std::move(buffer_), as_tuple);
        buffer_ = std::move(filled);
        if (ec == asio::error::eof)
            co_return;
        if (ec)
            throw system_error(ec, wanted_.file);
        position_ += n;
        auto [n_written, slice] = co_await proactor::async_write(
            out_, proactor::buffer_slice(std::move(buffer_), 0, n), asio::use_awaitable);
        buffer_ = std::move(slice).release();
    }
}

asio::awaitable<bool> follower::look_at_file()
{
    auto const status = co_await proactor::fs::async_stat(file_, asio::use_awaitable);
    if (status.size < position_)
    {
        std::cerr << "tail: " << wanted_.file << ": truncated\n";
        position_ = 0;
    }
    co_await print_rest();
    if (status.links == 0)
        std::cerr << "tail: " << wanted_.file << ": removed\n";
    co_return status.links != 0;
}

} // namespace tail
