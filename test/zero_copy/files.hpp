#ifndef PROACTOR_TEST_ZERO_COPY_FILES_HPP
#define PROACTOR_TEST_ZERO_COPY_FILES_HPP

#include "connection.hpp"

#include <algorithm>
#include <csignal>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace test {

using file_type = proactor::basic_random_access_file<executor>;

struct result
{
    int calls = 0;
    error_code ec;
    std::size_t n = 0;

    auto handler()
    {
        return [this](error_code e, std::size_t bytes_moved) {
            ++calls;
            ec = e;
            n = bytes_moved;
        };
    }
};

struct file_of
{
    explicit file_of(bytes const& content)
    {
        write_all(name.file(), {content.data(), content.size()});
    }
    // What is read of it next comes from the device.
    void drop_from_memory() const
    {
        checked(::fsync(name.file().get()), "fsync");
        ::posix_fadvise(name.file().get(), 0, 0, POSIX_FADV_DONTNEED);
    }

    temporary_file name;
};

// While it lives, this process can open none.
class no_more_descriptors
{
public:
    no_more_descriptors()
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        int const next = any_handle().get(); // all below are taken
        rlimit const none{static_cast<rlim_t>(next), before_.rlim_max};
        checked(::setrlimit(RLIMIT_NOFILE, &none), "setrlimit");
    }
    no_more_descriptors(no_more_descriptors const&) = delete;
    ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

inline bytes content_of(handle const& h)
{
    bytes got(static_cast<std::size_t>(::lseek(h.get(), 0, SEEK_END)));
    got.resize(static_cast<std::size_t>(
        std::max<ssize_t>(0, ::pread(h.get(), got.data(), got.size(), 0))));
    return got;
}

inline bytes part_of(bytes const& b, std::size_t offset, std::size_t size)
{
    auto const first = b.begin() + static_cast<std::ptrdiff_t>(offset);
    return {first, first + static_cast<std::ptrdiff_t>(size)};
}

} // namespace test

#endif
