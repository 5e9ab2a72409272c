#include <proactor/fs/file_data.hpp>

#include "scratch.hpp"

#include <proactor/fs/status.hpp>
#include <proactor/random_access_file.hpp>
#include <proactor/stream_file.hpp>

using namespace test;
using proactor::file_base;
using stream_file = proactor::basic_stream_file<executor>;
using random_access_file = proactor::basic_random_access_file<executor>;

namespace {

struct opened
{
    scratch s;
    context ctx;
    random_access_file file{ctx, s.make("file", std::string(8192, 'x')), file_base::read_write};

    fs::file_status status()
    {
        return std::get<1>(results_of<error_code, fs::file_status>(
            ctx, [&](auto h) { fs::async_stat(file, h); }));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(file_data)

BOOST_AUTO_TEST_CASE(truncates)
{
    opened o;
    const auto truncate = [&](std::uint64_t n) {
        return error_of(o.ctx, [&](auto h) { fs::async_truncate(o.file, n, h); });
    };
    BOOST_TEST(truncate(3) == 0);
    BOOST_TEST(o.s.content("file") == "xxx");
    BOOST_TEST(truncate(5) == 0);
    BOOST_TEST(o.s.content("file") == std::string("xxx\0\0", 5));
    BOOST_TEST(truncate(std::uint64_t(1) << 33) == 0);
    BOOST_TEST(o.status().size == std::uint64_t(1) << 33);
    BOOST_TEST(truncate(~std::uint64_t(0)) == EINVAL);
    random_access_file only_read(o.ctx, o.s.path("file"), file_base::read_only);
    BOOST_TEST(error_of(o.ctx, [&](auto h) { fs::async_truncate(only_read, 0, h); }) == EINVAL);
}

BOOST_AUTO_TEST_CASE(allocates)
{
    opened o;
    const auto allocate = [&](std::uint64_t offset, std::uint64_t size, fs::allocation what) {
        return error_of(o.ctx,
                        [&](auto h) { fs::async_allocate(o.file, offset, size, what, h); });
    };
    const auto before = o.status();
    BOOST_TEST(allocate(0, 1 << 20, fs::allocation::keep_size) == 0);
    BOOST_TEST(o.status().size == 8192u);
    BOOST_TEST(o.status().allocated > before.allocated);
    BOOST_TEST(error_of(o.ctx, [&](auto h) { fs::async_allocate(o.file, 0, 10'000, h); }) == 0);
    BOOST_TEST(o.status().size == 10'000u);
    BOOST_TEST(allocate(0, 4096, fs::allocation::punch_hole) == 0);
    BOOST_TEST(o.s.content("file").substr(4095, 2) == std::string("\0x", 2));
    BOOST_TEST(o.s.content("file")[0] == '\0');
    BOOST_TEST(allocate(4096, 0, fs::allocation::extend) == EINVAL);
    BOOST_TEST(allocate(0, std::uint64_t(1) << 62, fs::allocation::extend) != 0); // all 64 bits
}

BOOST_AUTO_TEST_CASE(advises_and_syncs)
{
    opened o;
    for (const fs::advice a :
         {fs::advice::normal, fs::advice::sequential, fs::advice::random, fs::advice::will_need,
          fs::advice::dont_need, fs::advice::no_reuse})
        for (const std::uint64_t size : {std::uint64_t(0), std::uint64_t(1) << 32})
            BOOST_TEST(error_of(o.ctx, [&](auto h) { fs::async_advise(o.file, 0, size, a, h); })
                       == 0);
    BOOST_TEST(error_of(o.ctx, [&](auto h) { fs::async_sync(o.file, h); }) == 0);
    BOOST_TEST(error_of(o.ctx, [&](auto h) { fs::async_sync_data(o.file, h); }) == 0);
    const auto range = [&](std::uint64_t offset, std::uint64_t size) {
        return error_of(o.ctx, [&](auto h) { fs::async_sync_range(o.file, offset, size, h); });
    };
    BOOST_TEST(range(0, 4096) == 0);
    BOOST_TEST(range(0, 0) == 0);
    BOOST_TEST(range(0, std::uint64_t(1) << 32) == 0);
    // A size that is not cut to 32 bits: the end is beyond what the system counts to.
    BOOST_TEST(range(std::uint64_t(1) << 62, std::uint64_t(3) << 61) == EINVAL);
}

BOOST_AUTO_TEST_CASE(a_pipe_is_no_file)
{
    context ctx;
    auto [out, in] = pipe_pair();
    stream_file file(ctx, in.release());
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_truncate(file, 0, h); }) == EINVAL);
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_allocate(file, 0, 1, h); }) == ESPIPE);
    BOOST_TEST(error_of(ctx, [&](auto h) {
                   fs::async_advise(file, 0, 0, fs::advice::normal, h);
               }) == ESPIPE);
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_sync_range(file, 0, 0, h); }) == ESPIPE);
    file.close();
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_truncate(file, 0, h); }) == EBADF);
}

BOOST_AUTO_TEST_CASE(behind_the_writes_of_a_stream)
{
    context ctx;
    scratch s;
    stream_file file(ctx, s.path("file"), file_base::write_only | file_base::create);
    const std::string text(100'000, 'x');
    std::vector<int> order;
    for (int i = 0; i != 20; ++i)
    {
        file.async_write_some(boost::asio::buffer(text),
                              [&, i](error_code, std::size_t) { order.push_back(2 * i); });
        fs::async_truncate(file, 0, [&, i](error_code ec) {
            BOOST_TEST(!ec);
            order.push_back(2 * i + 1);
        });
    }
    run(ctx);
    BOOST_TEST(order.size() == 40u);
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
    BOOST_TEST(file.size() == 0u);
}

BOOST_AUTO_TEST_CASE(the_file_may_go_meanwhile)
{
    const auto before = open_descriptors();
    {
        context ctx;
        scratch s;
        int ended = 0;
        for (int i = 0; i != 50; ++i)
        {
            random_access_file file(ctx, s.make("f" + std::to_string(i)), file_base::read_write);
            fs::async_truncate(file, 10, [&](error_code) { ++ended; });
            fs::async_stat(file, [&](error_code, fs::file_status) { ++ended; });
        }
        run(ctx);
        BOOST_TEST(ended == 100);
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()
