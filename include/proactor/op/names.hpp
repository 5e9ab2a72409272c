#ifndef PROACTOR_OP_NAMES_HPP
#define PROACTOR_OP_NAMES_HPP

#include <proactor/detail/op_slot.hpp>

#include <cerrno>
#include <string>
#include <sys/stat.h>

namespace proactor::detail {

/// Nothing is asked of a path that would be cut.
template <typename Request, typename... Names>
prepared ask(const Request& r, const Names&... names)
{
    return {r, lane::none, (names.valid() && ...) ? 0 : EINVAL};
}

} // namespace proactor::detail

/// What goes by names in the file system. A path is relative to a directory, which stays the caller's and open
/// until the end; one with a zero byte is `invalid_argument`. Flags and modes are the system's own.
namespace proactor::op {

/// Where something is.
struct name
{
    std::string path;
    native_handle directory = working_directory;

    bool valid() const noexcept { return path.find('\0') == path.npos; }
    request::name get() const noexcept { return {path.c_str(), directory}; }
};

/// Asks what the system knows of a file, `statx(2)`. With `AT_EMPTY_PATH` and an empty path the directory's
/// handle is the file.
struct stat
{
    name what;
    int flags = 0;
    unsigned mask = STATX_BASIC_STATS | STATX_BTIME;
    struct statx result = {}; ///< filled

    static constexpr bool on_source = false;
    detail::prepared prepare()
    {
        return detail::ask(request::stat{what.get(), flags, mask, &result}, what);
    }
};

/// Gives a file or a directory another name in its file system, `renameat2(2)`.
struct rename
{
    name from;
    name to;
    unsigned flags = 0;

    static constexpr bool on_source = false;
    detail::prepared prepare()
    {
        return detail::ask(request::rename{from.get(), to.get(), flags}, from, to);
    }
};

/// Removes a name, with `AT_REMOVEDIR` that of an empty directory.
struct remove
{
    name what;
    int flags = 0;

    static constexpr bool on_source = false;
    detail::prepared prepare()
    {
        return detail::ask(request::remove{what.get(), flags}, what);
    }
};

struct create_directory
{
    name what;
    unsigned mode = 0777;

    static constexpr bool on_source = false;
    detail::prepared prepare()
    {
        return detail::ask(request::create_directory{what.get(), mode}, what);
    }
};

/// Gives a file a second name in its file system.
struct link
{
    name existing;
    name created;
    int flags = 0;

    static constexpr bool on_source = false;
    detail::prepared prepare()
    {
        return detail::ask(request::link{existing.get(), created.get(), flags}, existing,
                           created);
    }
};

/// Makes a symbolic link, whose target is kept as it is.
struct symlink
{
    std::string target;
    name created;

    static constexpr bool on_source = false;
    detail::prepared prepare()
    {
        return detail::ask(request::symlink{target.c_str(), created.get()}, created,
                           name{target});
    }
};

} // namespace proactor::op

#endif
