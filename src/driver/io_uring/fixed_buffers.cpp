#include "fixed_buffers.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/uio.h>

namespace proactor::io_uring {

namespace {

constexpr std::size_t largest = std::size_t(1) << 30; ///< that the kernel takes in one place

/// Empty memory empties the place.
int update(const ring& r, unsigned place, void* data, std::size_t size) noexcept
{
    const iovec memory{data, size};
    io_uring_rsrc_update2 change{};
    change.offset = place;
    change.data = reinterpret_cast<std::uint64_t>(&memory);
    change.nr = 1;
    const int n = r.change(IORING_REGISTER_BUFFERS_UPDATE, &change, sizeof change);
    return n == 1 ? 0 : n < 0 ? -n : EIO;
}

} // namespace

int fixed_buffers::make_table(const ring& r) noexcept
{
    if (has_table_)
        return 0;
    io_uring_rsrc_register table{};
    table.nr = places;
    table.flags = IORING_RSRC_REGISTER_SPARSE;
    const int n = r.change(IORING_REGISTER_BUFFERS2, &table, sizeof table);
    has_table_ = n >= 0;
    return has_table_ ? 0 : -n;
}

int fixed_buffers::add(const ring& r, const memory_region& m)
{
    if (!served_)
        return EOPNOTSUPP;
    const unsigned place = first_free();
    if (place == places || m.bytes.empty() || m.bytes.size() > largest)
        return ENOBUFS;
    parts_.reserve(parts_.size() + 1);
    int error = make_table(r);
    if (!error)
        error = update(r, place, m.bytes.data(), m.bytes.size());
    if (error)
        return error;
    used_.set(place);
    const part p{reinterpret_cast<std::uint64_t>(m.bytes.data()), m.bytes.size(),
                 static_cast<std::uint16_t>(place), &m};
    parts_.insert(std::upper_bound(parts_.begin(), parts_.end(), p,
                                   [](auto& a, auto& b) { return a.begin < b.begin; }),
                  p);
    recent_ = 0;
    return 0;
}

void fixed_buffers::remove(const ring& r, const memory_region& m) noexcept
{
    const auto found =
        std::find_if(parts_.begin(), parts_.end(), [&](const part& p) { return p.of == &m; });
    if (found == parts_.end())
        return;
    update(r, found->place, nullptr, 0);
    used_.reset(found->place);
    parts_.erase(found);
    recent_ = 0;
}

unsigned fixed_buffers::first_free() const noexcept
{
    unsigned place = 0;
    while (place != places && used_[place])
        ++place;
    return place;
}

void fixed_buffers::clear() noexcept
{
    parts_.clear();
    recent_ = 0;
    used_.reset();
    has_table_ = false;
}

const fixed_buffers::part* fixed_buffers::find(std::uint64_t first, std::uint64_t count) noexcept
{
    const auto after = std::upper_bound(parts_.begin(), parts_.end(), first,
                                        [](auto at, auto& p) { return at < p.begin; });
    if (after == parts_.begin() || !after[-1].holds(first, count))
        return nullptr;
    recent_ = static_cast<std::size_t>(after - parts_.begin()) - 1;
    return &parts_[recent_];
}

} // namespace proactor::io_uring
