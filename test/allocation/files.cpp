// Reads of a file need no heap once they are warm, into the caller's buffers and into owned ones.
#include "steady_state.hpp"

#if !PROACTOR_TEST_ORACLE

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

namespace asio = boost::asio;

namespace {

// 1 MiB in a file that has no name any more.
class scratch_file
{
public:
    explicit scratch_file(test::context& ctx) : file(ctx)
    {
        char const* const folder = std::getenv("TMPDIR");
        path_ = std::string(folder ? folder : "/tmp") + "/proactor-allocation-XXXXXX";
        int const fd = ::mkstemp(path_.data());
        BOOST_REQUIRE(fd >= 0);
        std::string const content(1 << 20, 'f');
        BOOST_REQUIRE(::write(fd, content.data(), content.size())
                      == static_cast<ssize_t>(content.size()));
        ::close(fd);
        file.open(path_, proactor::random_access_file::read_write);
    }

    ~scratch_file() { ::unlink(path_.c_str()); }

    proactor::random_access_file file;

private:
    std::string path_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(reads_into_the_caller_s_buffer)
{
    test::context ctx;
    scratch_file scratch(ctx);
    std::array<char, 4096> data;
    int left = 0;
    std::size_t bytes = 0;
    auto const next = [&](auto self) -> void {
        scratch.file.async_read_some_at(static_cast<std::uint64_t>(left) * 4096 % (1 << 20),
                                        asio::buffer(data),
                                        [&, self](test::error_code, std::size_t n) {
                                            bytes += n;
                                            if (--left > 0)
                                                self(self);
                                        });
    };
    auto const count = test::allocations_when_warm([&] {
        left = 500;
        next(next);
        test::run(ctx);
    });
    BOOST_TEST(bytes == 3u * 500 * 4096);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(sixteen_reads_in_flight)
{
    test::context ctx;
    scratch_file scratch(ctx);
    std::array<std::array<char, 4096>, 16> data;
    std::size_t bytes = 0;
    auto const count = test::allocations_when_warm([&] {
        for (int round = 0; round < 50; ++round)
        {
            for (std::size_t i = 0; i < data.size(); ++i)
                asio::async_read_at(scratch.file, i * 4096, asio::buffer(data[i]),
                                    [&](test::error_code, std::size_t n) { bytes += n; });
            test::run(ctx);
        }
    });
    BOOST_TEST(bytes == 3u * 50 * 16 * 4096);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(reads_into_an_owned_vector)
{
    test::context ctx;
    scratch_file scratch(ctx);
    std::vector<char> buffer(4096);
    int left = 0;
    std::size_t bytes = 0;
    auto const next = [&](auto self) -> void {
        proactor::async_read_at(scratch.file, static_cast<std::uint64_t>(left) * 4096 % (1 << 20),
                                std::move(buffer),
                                [&, self](test::error_code, std::size_t n, std::vector<char> back) {
                                    bytes += n;
                                    buffer = std::move(back);
                                    if (--left > 0)
                                        self(self);
                                });
    };
    auto const count = test::allocations_when_warm([&] {
        left = 500;
        next(next);
        test::run(ctx);
    });
    BOOST_TEST(bytes == 3u * 500 * 4096);
    BOOST_TEST(buffer.size() == 4096u);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(reads_into_a_pool)
{
    test::context ctx;
    scratch_file scratch(ctx);
    proactor::buffer_pool pool(ctx, 4, 4096);
    int left = 0;
    std::size_t bytes = 0;
    auto const next = [&](auto self) -> void {
        auto const offset = static_cast<std::uint64_t>(left) * 4096 % (1 << 20);
        proactor::async_read_some_at(scratch.file, offset, pool,
                                     [&, self](test::error_code, proactor::pooled_buffer b) {
                                         bytes += b.size();
                                         if (--left > 0)
                                             self(self);
                                     });
    };
    auto const count = test::allocations_when_warm([&] {
        left = 500;
        next(next);
        next(next);
        test::run(ctx);
    });
    BOOST_TEST(bytes >= 3u * 500 * 4096);
    BOOST_TEST(pool.available() == 4u);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(writes_of_an_owned_vector)
{
    test::context ctx;
    scratch_file scratch(ctx);
    std::string buffer(4096, 'w');
    int written = 0;
    auto const count = test::allocations_when_warm([&] {
        for (std::uint64_t i = 0; i != 200; ++i)
        {
            auto const handler = [&](test::error_code ec, std::size_t n, std::string back) {
                written += !ec && n == back.size();
                buffer = std::move(back);
            };
            if (i % 2)
                proactor::async_write_at(scratch.file, i * 4096, std::move(buffer), handler);
            else
                proactor::async_write_some_at(scratch.file, i * 4096, std::move(buffer), handler);
            test::run(ctx);
        }
    });
    BOOST_TEST(written == 3 * 200);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(reads_in_a_coroutine)
{
    test::context ctx;
    scratch_file scratch(ctx);
    std::uint64_t count = 99;
    auto const body = [&]() -> test::awaitable<void> {
        std::array<char, 512> data;
        std::uint64_t before = 0;
        for (std::uint64_t i = 0; i < 1'500; ++i)
        {
            if (i == 1'000)
                before = test::allocations();
            co_await scratch.file.async_read_some_at(i * 512, asio::buffer(data),
                                                     test::use_awaitable);
        }
        count = test::allocations() - before;
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
