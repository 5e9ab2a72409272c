// No library: a loop of the system's own call for it, or of read(2) and write(2).
#include "workload.hpp"

#include <cstddef>
#include <vector>

/// Whether the data goes through this process.
#if !defined(PERF_READ_WRITE)
#define PERF_READ_WRITE 0
#endif

namespace {

#if PERF_READ_WRITE
class step
{
public:
    ssize_t operator()(int from, int to)
    {
        const ssize_t got = ::read(from, buffer_.data(), buffer_.size());
        return got <= 0 ? got : ::write(to, buffer_.data(), static_cast<std::size_t>(got));
    }

private:
    std::vector<char> buffer_ = std::vector<char>(std::size_t{128} * 1024); // as cp does
};
#else
struct step
{
    ssize_t operator()(int from, int to) const
    {
        return ::copy_file_range(from, nullptr, to, nullptr, std::size_t{1} << 30, 0);
    }
};
#endif

void copy(const perf::assignment& a)
{
    perf::copies work(a);
    step transfer;
    work.measure([&] {
        const auto from = work.open_source();
        const auto to = work.open_target();
        ssize_t n = 0;
        do
            n = transfer(from.get(), to.get());
        while (n > 0);
        perf::check(n == 0, "the file was not copied");
    });
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, copy);
}
