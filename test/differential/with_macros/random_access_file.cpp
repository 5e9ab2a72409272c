//
// Asio's random_access_file.
//

#include "files.hpp"

#include <array>
#include <cstdint>

namespace differential {

PROACTOR_TEST_BODY(random_access_file, reads)
{
    context ctx;
    folder f;
    random_access_file file(ctx, f.file(), read_only);
    const std::uint64_t far = 1;
    for (const std::uint64_t at : {std::uint64_t(0), std::uint64_t(5), std::uint64_t(8),
                                   std::uint64_t(10), std::uint64_t(11), far << 31, far << 32,
                                   far << 40, far << 62, (far << 63) - 1, far << 63})
    {
        std::string got(4, '-');
        error_code ec;
        const auto n = file.read_some_at(at, asio::buffer(got), ec);
        log("sync", at, ec, n, got);
        got = "----";
        file.async_read_some_at(at, asio::buffer(got), report{"async"});
        ctx.run();
        ctx.restart();
        log("got", got);
        asio::async_read_at(file, at, asio::buffer(got), report{"composed"});
        ctx.run();
        ctx.restart();
    }
    std::string got(4, '-');
    attempt("throwing", [&] { return file.read_some_at(10, asio::buffer(got)); });
    attempt("composed", [&] { return asio::read_at(file, 8, asio::buffer(got)); });
}

PROACTOR_TEST_BODY(random_access_file, writes)
{
    context ctx;
    folder f;
    random_access_file file(ctx, f.file(), read_write);
    error_code ec;
    log("sync", file.write_some_at(2, asio::buffer("ab", 2), ec), ec);
    file.async_write_some_at(4, asio::buffer("cd", 2), report{"async"});
    ctx.run();
    ctx.restart();
    log("content", f.content());
    log("behind", file.write_some_at(12, asio::buffer("e", 1), ec), ec);
    log("content", f.content());
    file.async_write_some_at(15, asio::buffer("f", 1), report{"async behind"});
    ctx.run();
    ctx.restart();
    log("content", f.content(), file.size());
    const auto no_place = std::uint64_t(1) << 63;
    log("nowhere", file.write_some_at(no_place, asio::buffer("g", 1), ec), ec);
    file.async_write_some_at(no_place, asio::buffer("g", 1), report{"async nowhere"});
    ctx.run();
    ctx.restart();
    asio::async_write_at(file, 0, asio::buffer("hi", 2), report{"composed"});
    ctx.run();
    ctx.restart();
    log("content", f.content());
    random_access_file reading(ctx, f.file(), read_only);
    log("read_only", reading.write_some_at(0, asio::buffer("j", 1), ec), ec);
    reading.async_write_some_at(0, asio::buffer("j", 1), report{"read_only"});
    ctx.run();
    attempt("throwing", [&] { return reading.write_some_at(0, asio::buffer("j", 1)); });
}

PROACTOR_TEST_BODY(random_access_file, leaves_the_position_alone)
{
    context ctx;
    folder f;
    random_access_file file(ctx, f.file(), read_write);
    std::string got(3, '-');
    file.read_some_at(4, asio::buffer(got));
    file.async_read_some_at(4, asio::buffer(got), report{"read"});
    file.async_write_some_at(7, asio::buffer("w", 1), [](const error_code&, std::size_t) {});
    ctx.run();
    log("position", ::lseek(file.native_handle(), 0, SEEK_CUR), got, f.content());
}

PROACTOR_TEST_BODY(random_access_file, appends)
{
    context ctx;
    folder f;
    random_access_file file(ctx, f.file(), read_write | asio::file_base::append);
    error_code ec;
    // Linux appends, whatever the position.
    log("sync", file.write_some_at(2, asio::buffer("ab", 2), ec), ec);
    log("content", f.content());
    file.async_write_some_at(2, asio::buffer("cd", 2), report{"async"});
    ctx.run();
    log("content", f.content());
}

PROACTOR_TEST_BODY(random_access_file, empty_buffers)
{
    context ctx;
    folder f;
    random_access_file file(ctx, f.file(), read_write);
    for (const std::uint64_t at : {std::uint64_t(0), std::uint64_t(10), std::uint64_t(99)})
    {
        error_code ec;
        log("read", file.read_some_at(at, asio::mutable_buffer(), ec), ec);
        log("write", file.write_some_at(at, asio::const_buffer(), ec), ec);
        file.async_read_some_at(at, asio::mutable_buffer(), report{"async read"});
        ctx.run();
        ctx.restart();
        file.async_write_some_at(at, asio::const_buffer(), report{"async write"});
        ctx.run();
        ctx.restart();
    }
    log("size", file.size());
}

PROACTOR_TEST_BODY(random_access_file, closed)
{
    context ctx;
    random_access_file file(ctx);
    std::string got(2, '-');
    error_code ec;
    log("read", file.read_some_at(0, asio::buffer(got), ec), ec);
    log("write", file.write_some_at(0, asio::buffer(got), ec), ec);
    log("read none", file.read_some_at(0, asio::mutable_buffer(), ec), ec);
    log("size", file.size(ec), ec);
    file.resize(0, ec);
    log("resize", ec);
    file.sync_all(ec);
    log("sync_all", ec);
    file.sync_data(ec);
    log("sync_data", ec);
    file.cancel(ec);
    log("cancel", ec);
    file.close(ec);
    log("close", ec);
    file.async_read_some_at(0, asio::buffer(got), report{"async read"});
    ctx.run();
    ctx.restart();
    file.async_write_some_at(0, asio::buffer(got), report{"async write"});
    ctx.run();
    attempt("open", [&] { file.open("/nothing/of/this/name", read_only); });
    attempt("constructor", [&] { random_access_file(ctx, "/nothing/of/this/name", read_only); });
}

PROACTOR_TEST_BODY(random_access_file, life)
{
    context ctx;
    folder f;
    random_access_file file(ctx);
    error_code ec;
    file.open(f.file(), read_write, ec);
    log("opened", ec, file);
    file.open(f.file(), read_write, ec);
    log("twice", ec);
    file.resize(6, ec);
    log("resize", ec, file.size());
    file.sync_all(ec);
    log("sync_all", ec);
    file.sync_data(ec);
    log("sync_data", ec);
    file.cancel(ec);
    log("cancel", ec);
    const int handle = file.release();
    log("released", file, is_handle(handle));
    file.assign(handle, ec);
    log("assigned", ec, file.native_handle() == handle);
    file.assign(handle, ec);
    log("assigned twice", ec);
    random_access_file moved(std::move(file));
    random_access_file target(ctx);
    std::string got(4, '-');
    moved.async_read_some_at(3, asio::buffer(got), report{"read"});
    target = std::move(moved);
    log("moved", file, moved, target);
    ctx.run();
    log("got", got);
    target.close(ec);
    log("closed", ec, target, is_handle(handle));
}

PROACTOR_TEST_BODY(random_access_file, over_what_has_no_positions)
{
    context ctx;
    pipe_ends ends;
    random_access_file file(ctx, ends.in);
    std::string got(2, '-');
    error_code ec;
    log("read", file.read_some_at(0, asio::buffer(got), ec), ec);
    random_access_file out(ctx, ends.out);
    log("write", out.write_some_at(0, asio::buffer(got), ec), ec);
    log("size", file.size(ec), ec);
    file.resize(1, ec);
    log("resize", ec);
}

PROACTOR_TEST_BODY(random_access_file, many_at_once)
{
    context ctx;
    folder f;
    random_access_file file(ctx, f.file(), read_write);
    std::array<char, 10> got{};
    int ended = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
    {
        file.async_read_some_at(
            9 - i, asio::buffer(&got[i], 1),
            [&](const error_code& ec, std::size_t n) { ended += !ec && n == 1; });
    }
    ctx.run();
    log("read", ended, std::string_view(got.data(), got.size()));
    ctx.restart();
    for (std::size_t i = 0; i < got.size(); ++i)
    {
        file.async_write_some_at(
            i, asio::buffer(&got[i], 1),
            [&](const error_code& ec, std::size_t n) { ended += !ec && n == 1; });
    }
    ctx.run();
    log("written", ended);
    log("content", f.content());
}

PROACTOR_TEST_BODY(random_access_file, scattered)
{
    context ctx;
    folder f;
    random_access_file file(ctx, f.file(), read_write);
    std::string a(2, '-');
    std::string b(3, '-');
    const std::array<asio::mutable_buffer, 3> in{asio::buffer(a), asio::mutable_buffer(),
                                                 asio::buffer(b)};
    error_code ec;
    log("sync", file.read_some_at(7, in, ec), ec, a, b);
    file.async_read_some_at(1, in, report{"async"});
    ctx.run();
    ctx.restart();
    log("got", a, b);
    const std::array<asio::const_buffer, 2> out{asio::buffer("vw", 2), asio::buffer("xyz", 3)};
    file.async_write_some_at(8, out, report{"async"});
    ctx.run();
    log("sync", file.write_some_at(0, out, ec), ec);
    log("content", f.content());
}

} // namespace differential
