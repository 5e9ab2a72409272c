// Reads through the file objects of Asio and of Proactor.
#include "workload.hpp"

#include "support/context.hpp"

#if PERF_ASIO
#include <boost/asio/random_access_file.hpp>
#endif
#include <boost/asio/buffer.hpp>

#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>

/// Asio's io_uring service runs the reads of one object one after the other; with an object for
/// each read in flight, a program gets around that.
#if !defined(PERF_FILE_EACH)
#define PERF_FILE_EACH 0
#endif

/// Whether the system knows the buffers beforehand.
#if !defined(PERF_FIXED)
#define PERF_FIXED 0
#endif

/// Whether the driver is kept from registering the file, as it does with one that is read often.
#if !defined(PERF_PLAIN)
#define PERF_PLAIN 0
#endif

namespace {

#if PERF_ASIO
using file = boost::asio::basic_random_access_file<perf::executor>;
#else
using file = proactor::basic_random_access_file<perf::executor>;
#endif

class lane
{
public:
    lane(file& f, perf::workload& work, unsigned index)
        : work_(work), file_(f), buffer_(work.buffer(index))
    {
    }

    void read()
    {
        position_ = work_.next_position();
        file_.async_read_some_at(position_, boost::asio::buffer(buffer_, perf::block_size),
                                 [this](perf::error_code ec, std::size_t bytes) {
                                     if (ec)
                                         throw boost::system::system_error(ec, "read");
                                     if (work_.ended(position_, buffer_, bytes))
                                         read();
                                 });
    }

private:
    perf::workload& work_;
    file& file_;
    char* buffer_;
    std::uint64_t position_ = 0;
};

#if PERF_PLAIN
/// Files that are read often and stay open: more than a ring registers. The next one gets no place.
std::deque<file> take_all_places(perf::context& ctx, perf::workload& work)
{
    constexpr int more_than_places = 256;
    constexpr int often = 100;
    std::deque<file> files;
    for (int i = 0; i != more_than_places; ++i)
    {
        file& f = files.emplace_back(ctx, work.open());
        for (int n = 0; n != often; ++n)
            f.async_read_some_at(0, boost::asio::buffer(work.buffer(0), perf::block_size),
                                 [](perf::error_code ec, std::size_t) {
                                     if (ec)
                                         throw boost::system::system_error(ec, "read");
                                 });
        ctx.run();
        ctx.restart();
    }
    return files;
}
#endif

void file_read(const perf::assignment& a)
{
    perf::workload work(a);
    perf::context ctx;
#if PERF_PLAIN
    const std::deque<file> others = take_all_places(ctx, work);
#endif
#if PERF_FIXED
    const proactor::registered_buffers known(ctx, work.buffers(), perf::block_size);
    if (const auto ec = known.registration_error())
        throw boost::system::system_error(ec, "registration of buffers");
#endif
    std::deque<file> files; // they stay where they are, as do the lanes
    for (unsigned i = 0; i < (PERF_FILE_EACH ? work.depth() : 1); ++i)
        files.emplace_back(ctx, work.open());
    std::deque<lane> lanes;
    for (unsigned i = 0; i < work.depth(); ++i)
        lanes.emplace_back(files[i % files.size()], work, i).read();
    ctx.run();
    work.report();
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, file_read);
}
