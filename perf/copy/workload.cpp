#include "workload.hpp"

#include "support/allocations.hpp"
#include "support/file_pattern.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

namespace perf {

namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

double seconds(const timeval& t)
{
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

/// Of this process and of those that it waited for.
double cpu_seconds()
{
    double sum = 0;
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN})
    {
        rusage used{};
        ::getrusage(who, &used);
        sum += seconds(used.ru_utime) + seconds(used.ru_stime);
    }
    return sum;
}

std::uint64_t size_for(std::chrono::milliseconds window)
{
    return std::uint64_t{window < std::chrono::seconds(1) ? 64u : 1024u} << 20;
}

echo::unique_fd open_file(const std::string& path, int flags)
{
    echo::unique_fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
    if (fd.get() < 0)
        fail(path);
    return fd;
}

} // namespace

copies::copies(const assignment& a) : window_(a.window), size_(size_for(a.window))
{
    if (a.variant != "cached")
        throw std::invalid_argument("no variant " + a.variant);
    const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    source_ = folder / ("copy." + std::to_string(size_ >> 20) + ".data");
    target_ = folder / ("copy." + std::to_string(::getpid()) + ".target");
    provide_source();
}

copies::~copies()
{
    ::unlink(target_.c_str());
}

echo::unique_fd copies::open_source() const
{
    return open_file(source_, O_RDONLY);
}

echo::unique_fd copies::open_target() const
{
    return open_file(target_, O_WRONLY | O_CREAT | O_EXCL);
}

void copies::measure(const std::function<void()>& copy, bool counts_allocations)
{
    // The first one may take memory that nobody had before, which costs a virtual machine several
    // times as much.
    copy();
    check_target();
    remove_target();

    duration<double> wall{0};
    double cpu = 0;
    double copied = 0;
    std::uint64_t allocated = 0;
    while (wall < window_)
    {
        const double cpu_before = cpu_seconds();
        const std::uint64_t allocated_before = allocations();
        const auto begin = steady_clock::now();
        copy();
        wall += steady_clock::now() - begin;
        cpu += cpu_seconds() - cpu_before;
        allocated = allocations() - allocated_before;
        ++copied;
        check_target();
        remove_target();
    }
    const double gibs = copied * static_cast<double>(size_) / (1 << 30);
    print_metric("ms_per_gib", 1e3 * wall.count() / gibs);
    print_metric("cpu_ms_per_gib", 1e3 * cpu / gibs);
    if (counts_allocations)
        // Of the last copy, when all are warm.
        print_metric("allocs_per_op", static_cast<double>(allocated));
    else
        std::puts("allocs_per_op -");
}

void copies::provide_source() const
{
    std::vector<char> chunk(1 << 20);
    std::error_code none;
    if (std::filesystem::file_size(source_, none) == size_ && !none)
    {
        const auto file = open_source();
        while (::read(file.get(), chunk.data(), chunk.size()) > 0)
        {
        }
        return;
    }
    // Under its name it is whole.
    const std::string unfinished = source_ + ".unfinished";
    {
        const auto file = open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
        for (std::uint64_t position = 0; position < size_; position += chunk.size())
        {
            for (std::size_t i = 0; i < chunk.size(); i += block_size)
                fill(chunk.data() + i, position + i);
            errno = ENOSPC; // what a short write means
            if (::write(file.get(), chunk.data(), chunk.size())
                != static_cast<ssize_t>(chunk.size()))
                fail(unfinished);
        }
        // Dirty pages would be written while something is measured.
        if (::fsync(file.get()) != 0)
            fail(unfinished);
    }
    std::filesystem::rename(unfinished, source_);
}

void copies::check_target() const
{
    constexpr std::uint64_t step = std::uint64_t{1} << 20;
    const auto file = open_file(target_, O_RDONLY);
    check(std::filesystem::file_size(target_) == size_, "a copy has another size");
    char block[block_size];
    for (std::uint64_t position = 0; position < size_; position += step)
        check(::pread(file.get(), block, block_size, static_cast<off_t>(position))
                      == static_cast<ssize_t>(block_size)
                  && holds(block, position),
              "a copy has other data");
}

void copies::remove_target() const
{
    if (::unlink(target_.c_str()) != 0)
        fail(target_);
}

} // namespace perf
