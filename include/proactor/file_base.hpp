#ifndef PROACTOR_FILE_BASE_HPP
#define PROACTOR_FILE_BASE_HPP

#include <fcntl.h>

namespace proactor {

/// What the file classes share: how a file is opened, as `boost::asio::file_base` has it.
class file_base
{
public:
    /// Flags of `open`. One of the first three, and any of the others.
    enum flags
    {
        read_only = O_RDONLY,
        write_only = O_WRONLY,
        read_write = O_RDWR,
        append = O_APPEND,             ///< every write goes to the end
        create = O_CREAT,              ///< the file is made if it does not exist
        exclusive = O_EXCL,            ///< with `create`: it must not exist
        truncate = O_TRUNC,            ///< it is emptied
        sync_all_on_write = O_SYNC     ///< a write completes when the device has it
    };

    friend constexpr flags operator&(flags a, flags b)
    {
        return static_cast<flags>(static_cast<int>(a) & static_cast<int>(b));
    }
    friend constexpr flags operator|(flags a, flags b)
    {
        return static_cast<flags>(static_cast<int>(a) | static_cast<int>(b));
    }
    friend constexpr flags operator^(flags a, flags b)
    {
        return static_cast<flags>(static_cast<int>(a) ^ static_cast<int>(b));
    }
    friend constexpr flags operator~(flags a) { return static_cast<flags>(~static_cast<int>(a)); }
    friend constexpr flags& operator&=(flags& a, flags b) { return a = a & b; }
    friend constexpr flags& operator|=(flags& a, flags b) { return a = a | b; }
    friend constexpr flags& operator^=(flags& a, flags b) { return a = a ^ b; }

    /// Where `seek` counts from.
    enum seek_basis
    {
        seek_set,
        seek_cur,
        seek_end
    };

protected:
    ~file_base() = default;
};

} // namespace proactor

#endif
