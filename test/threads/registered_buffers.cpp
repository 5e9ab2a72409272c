// Registered buffers are taken and given back, made and destroyed on any thread while others run.
#include "runners.hpp"

#include "../support/handles.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace {

using file_type = proactor::basic_random_access_file<test::executor>;
using proactor::registered_buffer;
using proactor::registered_buffers;

// Reads all the time, each time into a new buffer.
struct reader
{
    file_type& file;
    std::shared_ptr<registered_buffers> origin;
    std::atomic<int>& right;
    int left;

    void next()
    {
        registered_buffer b = origin->acquire();
        if (!b)
            return test::asio::post(file.get_executor(), [this] { next(); });
        proactor::async_read_at(file, 0, std::move(b),
                                [this](test::error_code ec, std::size_t n, registered_buffer got) {
                                    right += !ec && n == got.size()
                                        && got.bytes().back() == std::byte{'t'};
                                    got = registered_buffer();
                                    if (--left > 0)
                                        next();
                                });
    }
};

constexpr int reads = PROACTOR_TEST_SANITIZED ? 500 : 5'000;

} // namespace

BOOST_AUTO_TEST_SUITE(registered)

BOOST_AUTO_TEST_CASE(are_shared_by_runners)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), std::string(512, 't'));
    auto const origin = std::make_shared<registered_buffers>(ctx, 3, 512);
    std::atomic<int> right = 0;
    std::vector<file_type> files;
    for (int i = 0; i != 4; ++i)
        files.emplace_back(ctx, name.path(), proactor::file_base::read_only);
    std::vector<reader> readers;
    for (file_type& f : files)
        readers.push_back({f, origin, right, reads});
    for (reader& r : readers)
        test::asio::post(ctx, [&r] { r.next(); });
    test::runners(ctx, 3).join();
    BOOST_TEST(right == 4 * reads);
    BOOST_TEST(origin->available() == 3u);
}

BOOST_AUTO_TEST_CASE(come_and_go_beside_a_runner)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), std::string(512, 't'));
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    auto const origin = std::make_shared<registered_buffers>(ctx, 2, 512);
    std::atomic<int> right = 0;
    std::atomic<int> ended = 0;
    reader r{file, origin, right, reads};
    test::asio::post(ctx, [&r] { r.next(); });
    {
        test::runners running(ctx, 1);
        for (int i = 0; i != 100; ++i)
        {
            file_type another(ctx, name.path(), proactor::file_base::read_only);
            std::optional<registered_buffers> mine(std::in_place, ctx, 4, 512);
            for (int k = 0; k != 4; ++k)
                proactor::async_read_at(
                    another, 0, mine->acquire(),
                    [&](test::error_code, std::size_t, registered_buffer) { ++ended; });
            mine.reset();
            [[maybe_unused]] bool const known = origin->registered();
        }
        running.join();
    }
    BOOST_TEST(right == reads);
    BOOST_TEST(ended == 400);
}

BOOST_AUTO_TEST_SUITE_END()
