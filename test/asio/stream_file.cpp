// Files as streams: one position, operations in the order of their start.
#include "../support/context.hpp"
#include "../support/handles.hpp"
#include "../support/skip.hpp"

#include <proactor/stream_file.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using file_base = proactor::file_base;
using stream_file = proactor::basic_stream_file<test::executor>;

namespace {

auto const no_handler = [](test::error_code, std::size_t) {};

struct opened
{
    explicit opened(test::context& ctx, file_base::flags flags = file_base::read_write)
        : file(ctx, on_disk.path(), flags)
    {
    }

    std::string content()
    {
        std::string all(file.size(), '\0');
        BOOST_TEST(::pread(on_disk.file().get(), all.data(), all.size(), 0)
                   == static_cast<ssize_t>(all.size()));
        return all;
    }

    test::temporary_file on_disk;
    stream_file file;
};

} // namespace

BOOST_AUTO_TEST_SUITE(stream_file_)

BOOST_AUTO_TEST_CASE(written_and_read)
{
    test::context ctx;
    opened o(ctx);
    std::string got(5, '\0');
    auto const body = [&]() -> test::awaitable<> {
        BOOST_TEST(co_await o.file.async_write_some(asio::buffer("hel", 3), test::use_awaitable)
                   == 3u);
        co_await asio::async_write(o.file, asio::buffer("lo", 2), test::use_awaitable);
        BOOST_TEST(o.file.seek(0, file_base::seek_set) == 0u);
        co_await asio::async_read(o.file, asio::buffer(got), test::use_awaitable);
        auto [ec, n] =
            co_await o.file.async_read_some(asio::buffer(got), asio::as_tuple(test::use_awaitable));
        BOOST_TEST(ec == asio::error::eof);
        BOOST_TEST(n == 0u);
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(got == "hello");
    BOOST_TEST(o.content() == "hello");
}

BOOST_AUTO_TEST_CASE(synchronously)
{
    test::context ctx;
    opened o(ctx);
    BOOST_TEST(o.file.write_some(asio::buffer("abcdef", 6)) == 6u);
    BOOST_TEST(o.file.seek(-2, file_base::seek_cur) == 4u);
    std::string got(8, '\0');
    BOOST_TEST(o.file.read_some(asio::buffer(got)) == 2u);
    BOOST_TEST(got.substr(0, 2) == "ef");
    test::error_code ec;
    BOOST_TEST(o.file.read_some(asio::buffer(got), ec) == 0u);
    BOOST_TEST(ec == asio::error::eof);
    BOOST_TEST(o.file.read_some(asio::mutable_buffer(), ec) == 0u);
    BOOST_TEST(!ec);
    BOOST_TEST(o.file.seek(0, file_base::seek_end) == 6u);
    BOOST_TEST(o.file.seek(-1, file_base::seek_set, ec) == 0u);
    BOOST_TEST(ec == asio::error::invalid_argument);
    BOOST_CHECK_THROW(o.file.seek(-1, file_base::seek_set), test::system_error);
    o.file.resize(3);
    BOOST_TEST(o.file.size() == 3u);
    o.file.sync_all();
    o.file.sync_data();
    o.file.close();
    o.file.read_some(asio::buffer(got), ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(in_the_order_of_their_start)
{
    // Started all at once: each write has its place, and each read begins where the operation
    // before has ended.
    test::context ctx;
    opened o(ctx);
    constexpr int count = 300;
    std::vector<std::string> blocks;
    std::string all;
    for (int i = 0; i < count; ++i)
        all += blocks.emplace_back(1 + i % 7, static_cast<char>('a' + i % 26));
    std::vector<int> order;
    for (int i = 0; i < count; ++i)
        o.file.async_write_some(asio::buffer(blocks[i]),
                                [&, i](test::error_code ec, std::size_t n) {
                                    BOOST_TEST(!ec);
                                    BOOST_TEST(n == blocks[i].size());
                                    order.push_back(i);
                                });
    test::run(ctx);
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
    BOOST_TEST(order.size() == count);
    BOOST_TEST(o.content() == all);

    o.file.seek(0, file_base::seek_set);
    std::vector<std::string> read(count);
    for (int i = 0; i < count; ++i)
    {
        read[i].resize(blocks[i].size());
        o.file.async_read_some(asio::buffer(read[i]), no_handler);
    }
    test::run(ctx);
    BOOST_TEST(read == blocks);
}

BOOST_AUTO_TEST_CASE(reads_and_writes_share_the_position)
{
    test::context ctx;
    opened o(ctx);
    std::string const text(400, '.');
    o.file.write_some(asio::buffer(text));
    o.file.seek(0, file_base::seek_set);
    std::string expected = text;
    char byte;
    for (int i = 0; i < 200; ++i)
    {
        o.file.async_read_some(asio::buffer(&byte, 1), no_handler);
        o.file.async_write_some(asio::buffer("w", 1), no_handler);
        expected[static_cast<std::size_t>(2 * i + 1)] = 'w';
    }
    test::run(ctx);
    BOOST_TEST(o.content() == expected);
}

BOOST_AUTO_TEST_CASE(reads_and_writes_share_the_position_of_a_device)
{
    // Past the kernel's memory, so that operations take their time and could overtake each other.
    constexpr std::size_t block = 4096;
    constexpr int count = 40;
    test::temporary_file on_disk;
    {
        std::string const text(2 * count * block, '.');
        test::write_all(on_disk.file(), text);
        BOOST_TEST(::fsync(on_disk.file().get()) == 0);
    }
    int const direct = ::open(on_disk.path(), O_RDWR | O_DIRECT | O_CLOEXEC);
    if (direct < 0)
        return test::skipped("no direct transfers on this file system");
    test::context ctx;
    stream_file file(ctx, direct);
    std::unique_ptr<char, decltype(&std::free)> const memory(
        static_cast<char*>(std::aligned_alloc(block, 2 * block)), &std::free);
    char* const out = memory.get() + block;
    std::fill(out, out + block, 'w');
    int moved = 0;
    auto const count_moved = [&](test::error_code ec, std::size_t n) {
        moved += !ec && n == block;
    };
    for (int i = 0; i < count; ++i)
    {
        file.async_read_some(asio::buffer(memory.get(), block), count_moved);
        file.async_write_some(asio::buffer(out, block), count_moved);
    }
    test::run(ctx);
    BOOST_TEST(moved == 2 * count);
    int wrong = 0;
    for (int i = 0; i < 2 * count; ++i)
    {
        char first = 0;
        BOOST_TEST(::pread(on_disk.file().get(), &first, 1, static_cast<off_t>(i * block)) == 1);
        wrong += first != (i % 2 ? 'w' : '.');
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(appending)
{
    test::context ctx;
    opened o(ctx, file_base::write_only | file_base::append);
    o.file.async_write_some(asio::buffer("one", 3), no_handler);
    test::run(ctx);
    o.file.seek(0, file_base::seek_set);
    o.file.async_write_some(asio::buffer("two", 3), no_handler);
    test::run(ctx);
    BOOST_TEST(o.content() == "onetwo");
}

BOOST_AUTO_TEST_CASE(opened_synced_and_read_without_blocking)
{
    test::context ctx;
    test::temporary_file on_disk;
    stream_file file(ctx);
    std::string got(3, '\0');
    auto const body = [&]() -> test::awaitable<> {
        co_await file.async_open(on_disk.path(), file_base::read_write, test::use_awaitable);
        co_await asio::async_write(file, asio::buffer("xyz", 3), test::use_awaitable);
        co_await file.async_sync_all(test::use_awaitable);
        co_await file.async_sync_data(test::use_awaitable);
        file.seek(0, file_base::seek_set);
        co_await asio::async_read(file, asio::buffer(got), test::use_awaitable);
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(got == "xyz");
}

BOOST_AUTO_TEST_CASE(a_sync_waits_for_the_writes_before_it)
{
    test::context ctx;
    opened o(ctx);
    std::string order;
    for (int i = 0; i < 5; ++i)
        o.file.async_write_some(asio::buffer("s", 1),
                                [&](test::error_code, std::size_t) { order += 'w'; });
    o.file.async_sync_data([&](test::error_code ec) { order += ec ? '!' : 's'; });
    o.file.async_write_some(asio::buffer("s", 1),
                            [&](test::error_code, std::size_t) { order += 'w'; });
    test::run(ctx);
    BOOST_TEST(order == "wwwwwsw");
}

BOOST_AUTO_TEST_CASE(the_position_is_the_systems)
{
    test::context ctx;
    opened o(ctx);
    o.file.write_some(asio::buffer("abcdef", 6));
    o.file.seek(0, file_base::seek_set);
    stream_file twin(ctx, ::dup(o.file.native_handle()));
    std::string got(2, '\0');
    o.file.async_read_some(asio::buffer(got), no_handler);
    test::run(ctx);
    twin.async_read_some(asio::buffer(got), no_handler);
    test::run(ctx);
    BOOST_TEST(got == "cd");
    int const handle = o.file.release();
    BOOST_TEST(!o.file.is_open());
    BOOST_TEST(::lseek(handle, 0, SEEK_CUR) == 4);
    ::close(handle);
}

BOOST_AUTO_TEST_CASE(what_has_no_position_goes_both_ways)
{
    test::context ctx;
    auto ends = test::socket_pair();
    stream_file a(ctx, ends.a.release());
    stream_file b(ctx, ends.b.release());
    char in = 0;
    a.async_read_some(asio::buffer(&in, 1), no_handler);
    ctx.poll();
    a.async_write_some(asio::buffer("1", 1), no_handler); // does not wait for the read
    b.async_read_some(asio::buffer(&in, 1), [&](test::error_code ec, std::size_t) {
        BOOST_TEST(!ec);
        b.async_write_some(asio::buffer("2", 1), no_handler);
    });
    test::run(ctx);
    BOOST_TEST(in == '2');

    test::error_code cancelled;
    a.async_read_some(asio::buffer(&in, 1),
                      [&](test::error_code ec, std::size_t) { cancelled = ec; });
    ctx.restart();
    ctx.poll();
    a.cancel();
    test::run(ctx);
    BOOST_TEST(cancelled == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(errors)
{
    test::context ctx;
    stream_file file(ctx);
    test::error_code ec;
    file.open("/nobody/here", file_base::read_only, ec);
    BOOST_TEST(ec.value() == ENOENT);
    file.cancel(ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    char byte;
    test::error_code read;
    test::error_code written;
    test::error_code synced;
    file.async_read_some(asio::buffer(&byte, 1),
                         [&](test::error_code e, std::size_t) { read = e; });
    file.async_write_some(asio::buffer("x", 1),
                          [&](test::error_code e, std::size_t) { written = e; });
    file.async_sync_all([&](test::error_code e) { synced = e; });
    test::run(ctx);
    BOOST_TEST(read == asio::error::bad_descriptor);
    BOOST_TEST(written == asio::error::bad_descriptor);
    BOOST_TEST(synced == asio::error::bad_descriptor);
    test::temporary_file on_disk;
    file.open(on_disk.path(), file_base::read_only);
    file.async_write_some(asio::buffer("x", 1),
                          [&](test::error_code e, std::size_t) { written = e; });
    test::run(ctx);
    BOOST_TEST(written == asio::error::bad_descriptor);
    file.open(on_disk.path(), file_base::read_only, ec);
    BOOST_TEST(ec == asio::error::already_open);
    BOOST_CHECK_THROW(stream_file(ctx, "/nobody/here", file_base::read_only), test::system_error);
}

BOOST_AUTO_TEST_CASE(moved_destroyed_and_rebound)
{
    test::context ctx;
    std::optional<opened> o(std::in_place, ctx);
    o->file.write_some(asio::buffer("moved", 5));
    o->file.seek(0, file_base::seek_set);
    std::string got(5, '\0');
    bool read = false;
    o->file.async_read_some(asio::buffer(got),
                            [&](test::error_code ec, std::size_t n) { read = !ec && n == 5; });
    stream_file moved(std::move(o->file));
    stream_file assigned(ctx);
    assigned = std::move(moved);
    test::run(ctx);
    BOOST_TEST(read);
    BOOST_TEST(got == "moved");
    BOOST_TEST(assigned.is_open());
    using erased = proactor::basic_stream_file<asio::any_io_executor>;
    erased other(std::move(assigned));
    BOOST_TEST(other.seek(0, file_base::seek_cur) == 5u);
    BOOST_TEST(other.is_open());

    auto const handler = std::make_shared<int>(0);
    for (int i = 0; i < 20; ++i)
        other.async_write_some(asio::buffer(got),
                               [handler](test::error_code, std::size_t) { ++*handler; });
    other = erased(ctx.get_executor());
    test::run(ctx);
    BOOST_TEST(*handler == 20);
    static_assert(
        !std::is_constructible_v<stream_file, proactor::basic_random_access_file<test::executor>>);
    static_assert(
        std::is_same_v<stream_file::rebind_executor<asio::any_io_executor>::other, erased>);
    static_assert(std::is_nothrow_move_constructible_v<stream_file>);
}

BOOST_AUTO_TEST_CASE(a_context_that_is_not_ours)
{
    asio::thread_pool pool(1);
    BOOST_CHECK_THROW(proactor::stream_file(pool.get_executor()), test::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
