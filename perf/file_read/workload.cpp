#include "workload.hpp"

#include <cerrno>
#include <charconv>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace perf {

namespace {

constexpr std::uint64_t blocks = file_size / block_size;
constexpr std::uint64_t sample = 16;
constexpr unsigned max_depth = 1024;

bool starts_direct(const std::string& variant)
{
    if (variant.starts_with("direct_qd"))
        return true;
    if (variant.starts_with("cached_qd"))
        return false;
    throw std::invalid_argument("no variant " + variant);
}

unsigned depth_of(const std::string& variant)
{
    const char* const first = variant.data() + std::string_view("cached_qd").size();
    const char* const last = variant.data() + variant.size();
    unsigned depth = 0;
    const auto [rest, error] = std::from_chars(first, last, depth);
    if (error != std::errc() || rest != last || depth == 0 || depth > max_depth)
        throw std::invalid_argument("no variant " + variant);
    return depth;
}

[[noreturn]] void fail(const char* what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

class descriptor
{
public:
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    ~descriptor() { ::close(fd_); }
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

} // namespace

workload::workload(const assignment& a)
    : direct_(starts_direct(a.variant)), depth_(depth_of(a.variant)),
      buffers_(static_cast<char*>(std::aligned_alloc(block_size, depth_ * block_size))),
      watch_(a.window)
{
    if (!buffers_)
        throw std::bad_alloc();
    if (direct_)
        require_direct_reads();
    else
        fill_page_cache();
    watch_ = stopwatch(a.window);
}

const char* workload::path()
{
    const char* const path = std::getenv("PERF_FILE");
    if (!path)
        throw std::runtime_error("PERF_FILE does not name the file to read");
    return path;
}

int workload::open() const
{
    const int fd = ::open(path(), O_RDONLY | O_CLOEXEC | (direct_ ? O_DIRECT : 0));
    if (fd < 0 && errno == EINVAL && direct_)
        throw cannot_run("the file system refuses O_DIRECT");
    if (fd < 0)
        fail(path());
    return fd;
}

void workload::require_direct_reads()
{
    const descriptor file(open());
    if (::pread(file.get(), buffer(0), block_size, 0) >= 0)
        return;
    if (errno == EINVAL)
        throw cannot_run("the file system refuses O_DIRECT reads of 4 KiB");
    fail("pread");
}

void workload::fill_page_cache()
{
    const descriptor file(open());
    for (std::uint64_t position = 0; position < file_size; position += block_size)
        if (::pread(file.get(), buffer(0), block_size, static_cast<off_t>(position))
            != static_cast<ssize_t>(block_size))
            fail("pread");
}

std::uint64_t workload::next_position() noexcept
{
    // The low bits of this generator are its worst.
    return (random_() >> 8) % blocks * block_size;
}

bool workload::ended(std::uint64_t position, const char* buffer, std::size_t bytes)
{
    check(bytes == block_size, "a read did not give a whole block");
    if (++operations_ % sample != 0)
        return true;
    check(holds(buffer, position), "a read gave other data than the file has");
    return watch_.running(operations_);
}

void workload::report() const
{
    print_metric("iops", watch_.operations_per_second());
    print_metric("cpu_ns", watch_.cpu_ns_per_operation());
    print_metric("allocs_per_op", watch_.allocations_per_operation());
}

} // namespace perf
