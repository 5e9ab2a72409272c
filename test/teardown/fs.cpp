// Whole files and what is known of them, where the context goes while a thread or the kernel still
// is at it.
#include "in_flight.hpp"

#include "../fs/scratch.hpp"

#include <string>
#include <vector>

namespace {

constexpr std::size_t size = 1 << 20;
constexpr int steps = 6;

/// Starts operations, as many as `at_once`, and lets the context go after each number of steps.
template <typename Start>
void go_down(int at_once, Start start)
{
    test::tally t;
    for (int step = 0; step != steps; ++step)
    {
        test::context ctx;
        for (int i = 0; i != at_once; ++i)
            start(ctx, i, [w = test::witness(t)](auto&&...) { w(); });
        for (int i = 0; i != step; ++i)
            ctx.run_one_for(std::chrono::milliseconds(1));
    }
    BOOST_TEST(t.made == steps * at_once);
    BOOST_TEST(t.destroyed == t.made);
}

/// Not in memory: a device has to be asked for it.
void leave_memory(const std::string& path)
{
    const test::handle file(test::checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open"));
    test::checked(::fsync(file.get()), "fsync");
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(teardown_fs, test::clean_process)

BOOST_AUTO_TEST_CASE(reads_of_whole_files)
{
    const test::scratch s;
    s.make("file", std::string(size, 'r'));
    go_down(4, [&](auto& ctx, int i, auto handler) {
        if (i == 0)
            leave_memory(s.path("file"));
        if (i % 2)
            test::fs::async_read_file(ctx, s.path("file"), std::move(handler));
        else
            test::fs::async_read_file<std::vector<char>>(ctx, s.path("file"), std::move(handler));
    });
    BOOST_TEST((s.content("file") == std::string(size, 'r'))); // so that the device has done
}

BOOST_AUTO_TEST_CASE(writes_of_whole_files)
{
    const test::scratch s;
    go_down(4, [&](auto& ctx, int i, auto handler) {
        test::fs::async_write_file(ctx, s.path(std::to_string(i)), std::string(size, 'w'),
                                   {.replace_atomically = i % 2 == 1}, std::move(handler));
    });
    for (const std::string& name : s.names())
    {
        const std::string content = s.content(name);
        BOOST_TEST(name.size() == 1u); // no temporary one is left
        BOOST_TEST(content.find_first_not_of('w') == content.npos);
        BOOST_TEST((name == "0" || name == "2" || content.size() == size));
    }
}

BOOST_AUTO_TEST_CASE(what_is_known_of_files)
{
    const test::scratch s;
    s.make("file");
    // A path that is too long for the string itself.
    const std::string path = s.path() + std::string(200, '/') + "file";
    go_down(100, [&](auto& ctx, int i, auto handler) {
        if (i % 2)
            test::fs::async_stat(ctx, path, std::move(handler));
        else
            test::fs::async_lstat(ctx, path, std::move(handler));
    });
}

BOOST_AUTO_TEST_SUITE_END()
