#ifndef PROACTOR_FS_NAMES_HPP
#define PROACTOR_FS_NAMES_HPP

#include <proactor/detail/fs_payloads.hpp>

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <type_traits>
#include <utility>

/// Functions that change names in the file system; see `<proactor/fs.hpp>` for what they share.
/// Each completes with `void(error_code)`.
namespace proactor::fs {

/// What happens to something that has the new name already.
enum class renaming : unsigned
{
    replace = 0,                    ///< it goes, in one step: at no time has nothing the name
    keep_existing = RENAME_NOREPLACE, ///< it stays, and the operation fails with `EEXIST`
    exchange = RENAME_EXCHANGE      ///< it gets the old name; without it the operation fails
};

/// Gives a file or a directory another name in the same file system.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_rename(Source&& source, location from, location to, renaming how, Token&& token = {})
{
    return detail::async_on_names<Token>(
        source, token, std::array{std::move(from), std::move(to)},
        [how](const request::name& old, const request::name& other)
        {
            return request::rename{old, other, static_cast<unsigned>(how)};
        });
}
template <typename Source, typename Token = detail::default_token_t<Source>>
    requires(!std::is_same_v<std::decay_t<Token>, renaming>)
auto async_rename(Source&& source, location from, location to, Token&& token = {})
{
    return async_rename(source, std::move(from), std::move(to), renaming::replace,
                        std::forward<Token>(token));
}

/// Removes the name of a file. The file itself goes with its last name and its last handle.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_remove(Source&& source, location what, Token&& token = {})
{
    return detail::async_on_names<Token>(source, token, std::array{std::move(what)},
                                  [](const request::name& n) { return request::remove{n}; });
}

/// Removes an empty directory.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_remove_directory(Source&& source, location what, Token&& token = {})
{
    return detail::async_on_names<Token>(source, token, std::array{std::move(what)},
                                  [](const request::name& n) {
                                      return request::remove{n, AT_REMOVEDIR};
                                  });
}

/// Makes a directory, whose parent has to exist.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_create_directory(Source&& source, location what, permissions mode, Token&& token = {})
{
    return detail::async_on_names<Token>(source, token, std::array{std::move(what)},
                                  [mode](const request::name& n) {
                                      return request::create_directory{n, mode.bits};
                                  });
}
template <typename Source, typename Token = detail::default_token_t<Source>>
    requires(!std::is_same_v<std::decay_t<Token>, permissions>)
auto async_create_directory(Source&& source, location what, Token&& token = {})
{
    return async_create_directory(source, std::move(what), permissions{0777},
                                  std::forward<Token>(token));
}

/// Gives a file a second name in the same file system. A symbolic link is not followed.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_link(Source&& source, location existing, location created, Token&& token = {})
{
    return detail::async_on_names<Token>(source, token,
                                  std::array{std::move(existing), std::move(created)},
                                  [](const request::name& old, const request::name& other) {
                                      return request::link{old, other};
                                  });
}

/// Makes a symbolic link that leads to `target`, which is kept as it is and need not exist.
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_symlink(Source&& source, location target, location created, Token&& token = {})
{
    return detail::async_on_names<Token>(source, token,
                                  std::array{std::move(target), std::move(created)},
                                  [](const request::name& t, const request::name& other) {
                                      return request::symlink{t.path, other};
                                  });
}

} // namespace proactor::fs

#endif
