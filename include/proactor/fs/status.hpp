#ifndef PROACTOR_FS_STATUS_HPP
#define PROACTOR_FS_STATUS_HPP

#include <proactor/basic_file.hpp>
#include <proactor/detail/fs_payloads.hpp>
#include <proactor/unique_handle.hpp>

#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <tuple>
#include <utility>

namespace proactor::fs {

enum class file_type : std::uint8_t
{
    unknown,
    regular,
    directory,
    symlink,
    block_device,
    character_device,
    fifo,
    socket
};

/// What the system knows of a file, `statx(2)`.
struct file_status
{
    using time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

    file_type type = file_type::unknown;
    unsigned permissions = 0; ///< the bits of `chmod(2)`
    std::uint64_t size = 0;
    std::uint64_t allocated = 0; ///< bytes that it takes of its device
    std::uint64_t inode = 0;
    std::uint32_t links = 0; ///< names
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::uint32_t block_size = 0; ///< that transfers should have
    std::uint32_t device_major = 0, device_minor = 0; ///< with the inode, they tell files apart
    time accessed{};
    time modified{}; ///< its content
    time changed{};  ///< its status
    std::optional<time> created; ///< where the file system keeps it
};

} // namespace proactor::fs

namespace proactor::detail {

/// The type in a mode of `stat(2)`.
constexpr fs::file_type type_of_mode(unsigned mode) noexcept
{
    using fs::file_type;
    switch (mode & S_IFMT)
    {
    case S_IFREG:
        return file_type::regular;
    case S_IFDIR:
        return file_type::directory;
    case S_IFLNK:
        return file_type::symlink;
    case S_IFBLK:
        return file_type::block_device;
    case S_IFCHR:
        return file_type::character_device;
    case S_IFIFO:
        return file_type::fifo;
    case S_IFSOCK:
        return file_type::socket;
    default:
        return file_type::unknown;
    }
}

/// Owns the name and the structure that the system fills.
class stat_payload
{
public:
    stat_payload(fs::location&& where, int flags)
        : where_(std::move(where))
        , flags_(flags)
    {
    }

    void prepare(operation& op)
    {
        op.ask(request::stat{where_.name(), flags_, STATX_BASIC_STATS | STATX_BTIME, &found_});
    }

    std::tuple<error_code, fs::file_status> finish(const outcome& o)
    {
        if (o.error)
            return {make_error(o.error), fs::file_status()};
        fs::file_status s;
        s.type = type_of_mode(found_.stx_mode);
        s.permissions = found_.stx_mode & 07777u;
        s.size = found_.stx_size;
        s.allocated = std::uint64_t(512) * found_.stx_blocks;
        s.inode = found_.stx_ino;
        s.links = found_.stx_nlink;
        s.user = found_.stx_uid;
        s.group = found_.stx_gid;
        s.block_size = found_.stx_blksize;
        s.device_major = found_.stx_dev_major;
        s.device_minor = found_.stx_dev_minor;
        s.accessed = time_of(found_.stx_atime);
        s.modified = time_of(found_.stx_mtime);
        s.changed = time_of(found_.stx_ctime);
        if (found_.stx_mask & STATX_BTIME)
            s.created = time_of(found_.stx_btime);
        return {error_code(), s};
    }

private:
    template <typename Timestamp>
    static fs::file_status::time time_of(const Timestamp& t)
    {
        return fs::file_status::time(std::chrono::seconds(t.tv_sec)
                                     + std::chrono::nanoseconds(t.tv_nsec));
    }

    fs::location where_;
    int flags_;
    struct statx found_ = {};
};

template <typename Token, typename Source>
auto async_stat_of(Source& source, std::remove_reference_t<Token>& token, fs::location where,
                   int flags)
{
    return initiate_lone<Token, void(error_code, fs::file_status)>(
        executor_of(source), token,
        [where = std::move(where), flags](engine& e, auto& handler, const auto& ex) mutable
        {
            const bool valid = where.valid();
            start_if<stat_payload>(valid, e, handler, ex, std::move(where), flags);
        });
}

} // namespace proactor::detail

namespace proactor::fs {

/// Asks what the system knows of a file. Completes with `void(error_code, file_status)`.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_stat(Source&& source, location where, Token&& token = {})
{
    return detail::async_stat_of<Token>(source, token, std::move(where), 0);
}

/// As `async_stat`, of a symbolic link itself.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_lstat(Source&& source, location where, Token&& token = {})
{
    return detail::async_stat_of<Token>(source, token, std::move(where), AT_SYMLINK_NOFOLLOW);
}

/// As `async_stat`, of something open, which has to stay so until the operation has completed.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_stat(Source&& source, const unique_handle& open, Token&& token = {})
{
    return detail::async_stat_of<Token>(source, token, location(open.get(), ""), AT_EMPTY_PATH);
}

/// As `async_stat`, of an open file.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_stat(basic_file<Executor>& file, Token&& token = {})
{
    return file.template start<void(error_code, file_status), Token>(
        token,
        [](auto& service, auto& f, auto& handler, const auto& ex)
        {
            service.template begin<detail::stat_payload>(
                f, handler, ex, location(service.native_handle(f), ""), AT_EMPTY_PATH);
        });
}

} // namespace proactor::fs

#endif
