#include "copier.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <iostream>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace copy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto token = asio::experimental::as_tuple(asio::use_awaitable);

} // namespace

copier::copier(proactor::io_context& context, command_line const& wanted)
    : wanted_(wanted), source_(context), destination_(context),
      ticks_(context, std::chrono::milliseconds(100), proactor::missed_ticks::skip)
{
    namespace fs = std::filesystem;
    using files = proactor::file_base;
    std::error_code ec;
    if (fs::exists(wanted.source, ec) && !fs::is_regular_file(wanted.source, ec))
        throw bad_arguments(wanted.source.string() + ": not a regular file");
    if (fs::is_directory(wanted.destination, ec))
        throw bad_arguments(wanted.destination.string() + ": a directory");
    if (fs::equivalent(wanted.source, wanted.destination, ec))
        throw bad_arguments("source and destination are the same file");
    error_code failed;
    source_.open(wanted.source.string(), files::read_only, failed);
    if (failed)
        throw boost::system::system_error(failed, wanted.source.string());
    size_ = source_.size();
    // Shown to nobody, not even meanwhile, who may not see the source.
    struct stat source = {};
    ::fstat(source_.native_handle(), &source);
    int const made = ::open(wanted.destination.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                            source.st_mode & 0777);
    if (made < 0)
        throw boost::system::system_error(error_code(errno, boost::system::system_category()),
                                          wanted.destination.string());
    destination_.assign(made);
}

void copier::start()
{
    working_ = wanted_.jobs;
    for (unsigned i = 0; i != wanted_.jobs; ++i)
        asio::co_spawn(source_.get_executor(), copy_blocks(), asio::detached);
    if (wanted_.progress)
        asio::co_spawn(source_.get_executor(), show_progress(), asio::detached);
}

asio::awaitable<void> copier::copy_blocks()
{
    std::vector<char> buffer(std::min<std::uint64_t>(wanted_.block, size_));
    while (next_ < size_ && !error_)
    {
        auto const offset = std::exchange(next_, next_ + buffer.size());
        auto [unread, n, block] =
            co_await proactor::async_read_at(source_, offset, std::move(buffer), token);
        if (unread && unread != asio::error::eof)
        {
            fail(unread, wanted_.source);
            break;
        }
        auto [unwritten, written, slice] = co_await proactor::async_write_at(
            destination_, offset, proactor::buffer_slice(std::move(block), 0, n), token);
        copied_ += written;
        if (unwritten)
        {
            fail(unwritten, wanted_.destination);
            break;
        }
        buffer = std::move(slice).release();
    }
    one_has_ended();
}

asio::awaitable<void> copier::show_progress()
{
    for (;;)
    {
        auto const [ec, missed] = co_await ticks_.async_next(token);
        if (ec)
            break;
        std::cerr << '\r' << copied_ << " of " << size_ << " bytes" << std::flush;
    }
    std::cerr << '\r' << copied_ << " of " << size_ << " bytes" << std::endl;
}

void copier::fail(error_code ec, std::filesystem::path const& file)
{
    if (error_)
        return;
    error_ = ec;
    failed_ = file.string();
}

void copier::one_has_ended()
{
    if (--working_ == 0)
        ticks_.cancel();
}

} // namespace copy
