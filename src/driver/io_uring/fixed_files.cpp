#include "fixed_files.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proactor::io_uring {

namespace {

/// -1 empties the place.
bool update(const ring& r, unsigned place, int file) noexcept
{
    io_uring_rsrc_update2 change{};
    change.offset = place;
    change.data = reinterpret_cast<std::uint64_t>(&file);
    change.nr = 1;
    return r.change(IORING_REGISTER_FILES_UPDATE2, &change, sizeof change) == 1;
}

/// Whether a file goes when its place is emptied. Kernels before 6.13 let it go later, behind
/// whatever else is in flight, and a close would not take effect at once.
bool lets_go_at_once(const ring& r) noexcept
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return false;
    const bool put = update(r, 0, ends[0]);
    ::close(ends[0]);
    pollfd writer{ends[1], 0, 0};
    const bool held = put && ::poll(&writer, 1, 0) == 0;
    const bool gone = update(r, 0, -1) && ::poll(&writer, 1, 0) == 1;
    ::close(ends[1]);
    return held && gone;
}

} // namespace

bool fixed_files::make_table(const ring& r) noexcept
{
    if (!asked_)
    {
        asked_ = true;
        io_uring_rsrc_register table{};
        table.nr = places;
        table.flags = IORING_RSRC_REGISTER_SPARSE;
        usable_ = r.change(IORING_REGISTER_FILES2, &table, sizeof table) >= 0 && lets_go_at_once(r);
    }
    return usable_;
}

std::int16_t fixed_files::find_place(const ring& r, int file) noexcept
{
    struct stat s;
    unsigned place = 0;
    while (place != places && used_[place])
        ++place;
    if (place == places || ::fstat(file, &s) != 0 || !S_ISREG(s.st_mode) || !make_table(r)
        || !update(r, place, file))
        return handle_notes::refused;
    used_.set(place);
    return static_cast<std::int16_t>(place);
}

void fixed_files::remove(const ring& r, attachment& a) noexcept
{
    if (a.notes.place < 0)
        return;
    const auto place = static_cast<unsigned>(a.notes.place);
    a.notes.place = handle_notes::refused;
    if (update(r, place, -1))
        used_.reset(place);
}

void fixed_files::clear() noexcept
{
    used_.reset();
    asked_ = usable_ = false;
}

} // namespace proactor::io_uring
