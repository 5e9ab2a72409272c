#ifndef PROACTOR_SRC_DRIVER_IO_URING_FIXED_FILES_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_FIXED_FILES_HPP

#include "ring.hpp"

#include <proactor/attachment.hpp>

#include <bitset>

namespace proactor::io_uring {

/// Files that a ring holds by an index, so that it need not look their numbers up for each
/// operation: io_uring_register(2), IORING_REGISTER_FILES2. It then holds them open, so a place is
/// given up before the number of its file is.
///
/// Regular files only, once they are read or written often. Of a socket the peer would hear no end
/// before its place is empty, and gains too little.
class fixed_files
{
public:
    static constexpr unsigned places = 128; ///< of a ring

    /// Transfers before a file gets a place, so that few ones never pay for it.
    static constexpr std::uint8_t often = 64;

    /// Of a read or write that names the attachment's handle.
    void apply(const ring& r, io_uring_sqe& sqe, attachment& a) noexcept
    {
        handle_notes& n = a.notes;
        if (n.place == handle_notes::no_place)
        {
            if (++n.transfers < often)
                return;
            n.place = find_place(r, a.handle());
        }
        if (n.place < 0)
            return;
        sqe.fd = n.place;
        sqe.flags |= IOSQE_FIXED_FILE;
    }

    /// Nothing of the attachment's is in flight, or prepared.
    void remove(const ring& r, attachment& a) noexcept;

    /// The ring has gone, with its table.
    void clear() noexcept;

private:
    std::int16_t find_place(const ring& r, int file) noexcept;
    bool make_table(const ring& r) noexcept;

    std::bitset<places> used_;
    bool asked_ = false;
    bool usable_ = false;
};

} // namespace proactor::io_uring

#endif
