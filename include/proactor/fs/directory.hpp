#ifndef PROACTOR_FS_DIRECTORY_HPP
#define PROACTOR_FS_DIRECTORY_HPP

#include <proactor/fs/status.hpp>

#include <cerrno>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

namespace proactor::fs {

/// What a directory says of a name in it.
struct directory_entry
{
    std::string name;
    file_type type = file_type::unknown; ///< some file systems keep it elsewhere: ask `async_lstat`
    std::uint64_t inode = 0;
};

} // namespace proactor::fs

namespace proactor::detail {

/// Lists a directory on a thread of the pool. It owns what the call reads and writes, and lives
/// until the call ends.
class directory_listing
{
public:
    explicit directory_listing(fs::location&& where)
        : where_(std::move(where))
    {
    }

    void prepare(operation& op) { op.ask(request::call{&directory_listing::list, this}); }

    std::tuple<error_code, std::vector<fs::directory_entry>> finish(const outcome& o)
    {
        if (o.error)
            entries_.clear();
        return {make_error(o.error), std::move(entries_)};
    }

private:
    struct closing
    {
        void operator()(DIR* d) const noexcept { ::closedir(d); }
    };

    static std::int64_t list(void* self) noexcept
    {
        try
        {
            return static_cast<directory_listing*>(self)->list();
        }
        catch (const std::bad_alloc&)
        {
            return -ENOMEM;
        }
    }

    std::int64_t list()
    {
        const request::name n = where_.name();
        const int handle = ::openat(n.directory, n.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (handle < 0)
            return -errno;
        const std::unique_ptr<DIR, closing> directory(::fdopendir(handle));
        if (!directory)
        {
            const int error = errno;
            ::close(handle);
            return -error;
        }
        for (;;)
        {
            errno = 0;
            const dirent* e = ::readdir(directory.get());
            if (!e)
                return -errno;
            std::string name = e->d_name;
            if (name != "." && name != "..")
                entries_.push_back({std::move(name), type_of_mode(DTTOIF(e->d_type)), e->d_ino});
        }
    }

    fs::location where_;
    std::vector<fs::directory_entry> entries_;
};

} // namespace proactor::detail

namespace proactor::fs {

/// Lists a directory without itself and its parent, in the file system's order.
///
/// Completes with `void(error_code, std::vector<directory_entry>)`. A thread of the pool reads it,
/// for the system has no other way: once begun, it is not cancelled, and the context's destructor
/// waits for it.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_list(Source&& source, location where, Token&& token = {})
{
    return detail::initiate_lone<Token, void(error_code, std::vector<directory_entry>)>(
        detail::executor_of(source), token,
        [where = std::move(where)](auto& engine, auto& handler, const auto& ex) mutable
        {
            const bool valid = where.valid();
            detail::start_if<detail::directory_listing>(valid, engine, handler, ex,
                                                        std::move(where));
        });
}

} // namespace proactor::fs

#endif
