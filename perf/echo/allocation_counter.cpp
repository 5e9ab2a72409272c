#include "allocation_counter.hpp"

#include "check.hpp"
#include "unique_fd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>

namespace echo {

allocation_counter::allocation_counter()
    : path_((std::filesystem::temp_directory_path() / "echo_client.XXXXXX").string())
{
    unique_fd const file(check(::mkostemp(path_.data(), O_CLOEXEC), "mkostemp"));
    check(::ftruncate(file.get(), sizeof *value_), "ftruncate");
    void* const m = ::mmap(nullptr, sizeof *value_, PROT_READ, MAP_SHARED, file.get(), 0);
    if (m == MAP_FAILED)
        fail(errno, "mmap");
    value_ = static_cast<std::uint64_t*>(m);
    check(::setenv("PERF_COUNTERS", path_.c_str(), 1), "setenv");
}

allocation_counter::~allocation_counter()
{
    ::munmap(value_, sizeof *value_);
    ::unlink(path_.c_str());
}

std::uint64_t allocation_counter::now() const
{
    return std::atomic_ref(*value_).load(std::memory_order_relaxed);
}

} // namespace echo
