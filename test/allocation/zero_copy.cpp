// Sends in place, files to sockets, splices and copies need no heap once they are warm.
#include "steady_state.hpp"

#if !PROACTOR_TEST_ORACLE

#include "../support/handles.hpp"

#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

using bytes = std::vector<char>;
constexpr std::size_t size = 32 << 10;

/// Runs `send(pair, done)` many times, each with a read of what it sends.
template <typename Send>
std::uint64_t allocations_of(Send send)
{
    test::context ctx;
    struct test::tcp_pair pair(ctx);
    bytes got(size);
    auto const count = test::allocations_when_warm([&] {
        for (int i = 0; i != 100; ++i)
        {
            int ended = 0;
            send(pair, [&](test::error_code ec, std::size_t n) {
                BOOST_TEST_REQUIRE((!ec && n == size));
                ++ended;
            });
            asio::async_read(pair.b, asio::buffer(got),
                             [&](test::error_code, std::size_t) { ++ended; });
            test::run(ctx);
            BOOST_TEST_REQUIRE(ended == 2);
        }
    });
    return count;
}

struct file_of_zeros
{
    file_of_zeros() { test::checked(::ftruncate(name.file().get(), size), "ftruncate"); }
    int handle() const { return name.file().get(); }
    test::temporary_file name;
};

} // namespace

BOOST_AUTO_TEST_SUITE(zero_copy)

BOOST_AUTO_TEST_CASE(sends_in_place)
{
    for (bool const even_if_copied : {false, true})
    {
        bytes buffer(size, 'x');
        PROACTOR_TEST_NO_ALLOCATIONS(allocations_of([&](auto& pair, auto done) {
            proactor::async_write_zc(pair.a, std::move(buffer),
                                     proactor::zero_copy{0, even_if_copied},
                                     [&buffer, done](test::error_code ec, std::size_t n, bytes b,
                                                     bool) {
                                         buffer = std::move(b);
                                         done(ec, n);
                                     });
        }));
    }
}

BOOST_AUTO_TEST_CASE(files_to_sockets)
{
    file_of_zeros const file;
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of([&](auto& pair, auto done) {
        proactor::async_send_file(pair.a, file.handle(), 0, size, done);
    }));
}

BOOST_AUTO_TEST_CASE(splices)
{
    test::context ctx;
    struct test::tcp_pair pair(ctx);
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    bytes got(size);
    bytes const text(size, 'x');
    PROACTOR_TEST_NO_ALLOCATIONS(test::allocations_when_warm([&] {
        for (int i = 0; i != 50; ++i)
        {
            proactor::async_splice(reader, pair.a, size, [](test::error_code ec, std::size_t n) {
                BOOST_TEST_REQUIRE((!ec && n == size));
            });
            asio::write(writer, asio::buffer(text));
            asio::async_read(pair.b, asio::buffer(got), [](test::error_code, std::size_t) {});
            test::run(ctx);
        }
    }));
}

BOOST_AUTO_TEST_CASE(copies)
{
    file_of_zeros const from, to;
    test::context ctx;
    PROACTOR_TEST_NO_ALLOCATIONS(test::allocations_when_warm([&] {
        for (int i = 0; i != 50; ++i)
        {
            proactor::async_copy(ctx, from.handle(), to.handle(), {},
                                 [](test::error_code ec, std::size_t n) {
                                     BOOST_TEST_REQUIRE((!ec && n == size));
                                 });
            test::run(ctx);
        }
    }));
}

BOOST_AUTO_TEST_SUITE_END()

#endif
