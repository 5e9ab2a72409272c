#ifndef PROACTOR_FS_LOCATION_HPP
#define PROACTOR_FS_LOCATION_HPP

#include <proactor/detail/block_cache.hpp>
#include <proactor/request.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace proactor::fs {

/// Where something is in the file system: a path, relative to the working directory or to one that
/// is open.
///
/// Owns the path, in memory of the library's own cache. The directory's handle stays the caller's,
/// and has to stay open until the operation has completed.
class location
{
public:
    location(const char* path) : path_(path) {}
    location(std::string_view path) : path_(path) {}

    /// From a `std::string`, a `std::filesystem::path` or anything with its `native()`.
    template <typename Path>
        requires std::convertible_to<const Path&, std::string_view>
        || requires(const Path& p) {
               {
                   p.native()
                   } -> std::convertible_to<std::string_view>;
           }
    location(const Path& path) : path_(view(path))
    {
    }

    /// As `openat(2)`: a relative path begins at the directory, an absolute one does not need it.
    location(native_handle directory, std::string_view path) : path_(path), directory_(directory) {}

    std::string_view path() const noexcept { return path_; }
    native_handle directory() const noexcept { return directory_; }

    /// Whether the system can be asked for it: a path with a zero byte would be cut there.
    bool valid() const noexcept { return path_.find('\0') == path_.npos; }

    /// As the system takes it; valid until this is moved or destroyed.
    request::name name() const noexcept { return {path_.c_str(), directory_}; }

    /// Another name in the same directory.
    location sibling(std::string_view name) const
    {
        const auto slash = path_.rfind('/');
        location other(directory_, std::string_view(path_).substr(0, slash + 1));
        other.path_ += name;
        return other;
    }

private:
    template <typename Path>
    static std::string_view view(const Path& path)
    {
        if constexpr (std::is_convertible_v<const Path&, std::string_view>)
            return path;
        else
            return path.native();
    }

    std::basic_string<char, std::char_traits<char>, detail::block_allocator<char>> path_;
    native_handle directory_ = working_directory;
};

/// Who may do what with something that is made: the bits of `chmod(2)`, less those that the
/// process's `umask(2)` takes away.
struct permissions
{
    unsigned bits = 0666;
};

} // namespace proactor::fs

#endif
