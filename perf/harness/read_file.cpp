#include "read_file.hpp"

#include "support/file_pattern.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace perf {

namespace {

[[noreturn]] void fail(const std::string& what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

bool complete(const std::string& path)
{
    struct stat status;
    return ::stat(path.c_str(), &status) == 0
        && static_cast<std::size_t>(status.st_size) == file_size;
}

void write(int fd, const std::string& path)
{
    std::vector<char> chunk(1 << 20);
    for (std::size_t position = 0; position < file_size; position += chunk.size())
    {
        for (std::size_t i = 0; i < chunk.size(); i += block_size)
            fill(chunk.data() + i, position + i);
        errno = ENOSPC; // what a short write means
        if (::write(fd, chunk.data(), chunk.size()) != static_cast<ssize_t>(chunk.size()))
            fail(path);
    }
    // Dirty pages would be written while something is measured.
    if (::fsync(fd) != 0)
        fail(path);
}

} // namespace

void provide_read_file(const std::string& path)
{
    if (complete(path))
        return;
    std::fprintf(stderr, "perf: writing %s, %zu MiB, once\n", path.c_str(), file_size >> 20);
    // Under its name it is whole.
    const std::string unfinished = path + ".unfinished";
    const int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        fail(unfinished);
    try
    {
        write(fd, unfinished);
    }
    catch (...)
    {
        ::close(fd);
        ::unlink(unfinished.c_str());
        throw;
    }
    ::close(fd);
    if (::rename(unfinished.c_str(), path.c_str()) != 0)
        fail(path);
}

} // namespace perf
