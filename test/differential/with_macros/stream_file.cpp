//
// Asio's stream_file.
//

#include "files.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace differential {

namespace {

using basis = asio::file_base::seek_basis;

void log_position(const char* name, stream_file& file)
{
    error_code ec;
    const auto position = file.seek(0, stream_file::seek_cur, ec);
    log(name, ec, position);
}

// What can be done with a file that is just open.
void log_use(stream_file& file)
{
    error_code ec;
    std::string got(4, '-');
    std::size_t n = file.read_some(asio::buffer(got), ec);
    log("  read", ec, n, std::string_view(got.data(), n));
    n = file.write_some(asio::buffer("XY", 2), ec);
    log("  write", ec, n);
    log_position("  position", file);
    const auto size = file.size(ec);
    log("  size", ec, size);
    file.close(ec);
    log("  close", ec, file);
}

} // namespace

PROACTOR_TEST_BODY(stream_file, open_flags)
{
    using base = asio::file_base;
    struct
    {
        const char* name;
        file_flags flags;
    } const table[] = {
        {"read_only", read_only},
        {"write_only", write_only},
        {"read_write", read_write},
        {"append", write_only | base::append},
        {"read_write append", read_write | base::append},
        {"create", read_write | base::create},
        {"exclusive", read_write | base::create | base::exclusive},
        {"truncate", read_write | base::truncate},
        {"create truncate", write_only | base::create | base::truncate},
        {"create append", read_write | base::create | base::append},
        {"truncate read_only", read_only | base::truncate},
        {"synchronous", read_write | base::sync_all_on_write},
    };
    for (const auto& [name, flags] : table)
    {
        context ctx;
        folder f;
        for (const std::string& path : {f.file(), f.absent()})
        {
            stream_file file(ctx);
            error_code ec;
            file.open(path, flags, ec);
            log(name, path == f.file() ? "there" : "absent", ec, file);
            if (!ec)
            {
                log_use(file);
            }
            log("  content", f.content(path));
        }
    }
}

PROACTOR_TEST_BODY(stream_file, mode_of_what_is_created)
{
    context ctx;
    folder f;
    ::umask(026);
    stream_file file(ctx, f.absent(), write_only | asio::file_base::create);
    struct stat s = {};
    ::fstat(file.native_handle(), &s);
    log("mode", static_cast<int>(s.st_mode & 07777));
}

PROACTOR_TEST_BODY(stream_file, opened)
{
    context ctx;
    folder f;
    stream_file file(ctx);
    error_code ec;
    file.open(f.name() + "/none/none", read_only, ec);
    log("no folder", ec, file);
    file.open(f.file() + "/none", read_only, ec);
    log("file as folder", ec, file);
    file.open(f.name(), read_write, ec);
    log("folder", ec, file);
    file.open("", read_only, ec);
    log("empty", ec, file);
    file.open(std::string(5000, 'n'), read_only, ec);
    log("too long", ec, file);
    file.open(f.file().c_str(), read_only, ec);
    log("opened", ec, file);
    file.open(f.file(), read_only, ec);
    log("twice", ec, file);
    attempt("open", [&] { file.open(f.file(), read_only); });
    attempt("constructor", [&] { stream_file(ctx, f.absent(), read_only); });
    attempt("of an executor", [&] { stream_file(ctx.get_executor(), f.absent(), read_only); });
    stream_file of_a_folder(ctx, f.name(), read_only);
    char byte;
    of_a_folder.read_some(asio::buffer(&byte, 1), ec);
    log("read of a folder", ec);
    of_a_folder.async_read_some(asio::buffer(&byte, 1), report{"read of a folder"});
    ctx.run();
}

PROACTOR_TEST_BODY(stream_file, seeks)
{
    context ctx;
    folder f;
    stream_file file(ctx, f.file(), read_write);
    struct
    {
        const char* name;
        std::int64_t offset;
        basis from;
    } const table[] = {
        {"set 3", 3, stream_file::seek_set},
        {"cur 2", 2, stream_file::seek_cur},
        {"cur -4", -4, stream_file::seek_cur},
        {"cur -2", -2, stream_file::seek_cur},
        {"end 0", 0, stream_file::seek_end},
        {"end -3", -3, stream_file::seek_end},
        {"end -11", -11, stream_file::seek_end},
        {"set -1", -1, stream_file::seek_set},
        {"set 1000", 1000, stream_file::seek_set},
        {"end 1000000", 1000000, stream_file::seek_end},
        {"least", std::numeric_limits<std::int64_t>::min(), stream_file::seek_cur},
        {"largest", std::numeric_limits<std::int64_t>::max(), stream_file::seek_end},
    };
    for (const auto& [name, offset, from] : table)
    {
        error_code ec;
        const auto position = file.seek(offset, from, ec);
        log(name, ec, position);
        log_position("  then", file);
        std::string got(2, '-');
        const auto n = file.read_some(asio::buffer(got), ec);
        log("  read", ec, n, std::string_view(got.data(), n));
    }
    attempt("throwing", [&] { return file.seek(-1, stream_file::seek_set); });
    file.seek(12, stream_file::seek_set);
    log("behind the end", file.write_some(asio::buffer("z", 1)));
    log("then", file.size(), f.content());
}

PROACTOR_TEST_BODY(stream_file, resized)
{
    context ctx;
    folder f;
    stream_file file(ctx, f.file(), read_write);
    file.seek(8, stream_file::seek_set);
    for (const std::uint64_t size : {std::uint64_t(4), std::uint64_t(6), std::uint64_t(0),
                                     std::uint64_t(2), ~std::uint64_t(0), std::uint64_t(1) << 63})
    {
        error_code ec;
        file.resize(size, ec);
        log("resize", ec, file.size(), f.content());
        log_position("  position", file);
        std::string got(2, '-');
        file.read_some(asio::buffer(got), ec);
        log("  read", ec);
    }
    attempt("throwing", [&] { file.resize(~std::uint64_t(0)); });
    stream_file reading(ctx, f.file(), read_only);
    error_code ec;
    reading.resize(1, ec);
    log("of read_only", ec, reading.size());
}

PROACTOR_TEST_BODY(stream_file, synchronised)
{
    context ctx;
    folder f;
    for (const file_flags flags : {read_only, write_only, read_write})
    {
        stream_file file(ctx, f.file(), flags);
        error_code ec;
        file.sync_all(ec);
        log("sync_all", ec);
        file.sync_data(ec);
        log("sync_data", ec);
    }
    stream_file of_a_pipe(ctx, pipe_ends().in);
    error_code ec;
    of_a_pipe.sync_all(ec);
    log("sync_all of a pipe", ec);
    of_a_pipe.sync_data(ec);
    log("sync_data of a pipe", ec);
    attempt("sync_all", [&] { of_a_pipe.sync_all(); });
    attempt("sync_data", [&] { of_a_pipe.sync_data(); });
}

PROACTOR_TEST_BODY(stream_file, empty_buffers)
{
    context ctx;
    folder f;
    for (const file_flags flags : {read_only, write_only, read_write})
    {
        stream_file file(ctx, f.file(), flags);
        for (const auto from : {stream_file::seek_set, stream_file::seek_end})
        {
            file.seek(0, from);
            error_code ec;
            log("read", file.read_some(asio::mutable_buffer(), ec), ec);
            log("write", file.write_some(asio::const_buffer(), ec), ec);
            const std::array<asio::mutable_buffer, 2> none{};
            log("read of two", file.read_some(none, ec), ec);
            file.async_read_some(asio::mutable_buffer(), report{"async read"});
            ctx.run();
            ctx.restart();
            file.async_read_some(none, report{"async read of two"});
            ctx.run();
            ctx.restart();
            file.async_write_some(asio::const_buffer(), report{"async write"});
            ctx.run();
            ctx.restart();
            log_position("position", file);
        }
    }
    stream_file closed(ctx);
    error_code ec;
    log("closed read", closed.read_some(asio::mutable_buffer(), ec), ec);
    log("closed write", closed.write_some(asio::const_buffer(), ec), ec);
}

PROACTOR_TEST_BODY(stream_file, closed)
{
    context ctx;
    folder f;
    stream_file never(ctx);
    stream_file once(ctx, f.file(), read_write);
    once.close();
    for (stream_file* file : {&never, &once})
    {
        std::string got(2, '-');
        error_code ec;
        log("handle", file->native_handle());
        log("read", file->read_some(asio::buffer(got), ec), ec);
        log("write", file->write_some(asio::buffer("ab", 2), ec), ec);
        log("seek", file->seek(0, stream_file::seek_set, ec), ec);
        log("size", file->size(ec), ec);
        file->resize(1, ec);
        log("resize", ec);
        file->sync_all(ec);
        log("sync_all", ec);
        file->sync_data(ec);
        log("sync_data", ec);
        file->cancel(ec);
        log("cancel", ec);
        file->close(ec);
        log("close", ec);
        file->async_read_some(asio::buffer(got), report{"async read"});
        ctx.run();
        ctx.restart();
        file->async_write_some(asio::buffer("ab", 2), report{"async write"});
        ctx.run();
        ctx.restart();
        attempt("throwing read", [&] { return file->read_some(asio::buffer(got)); });
        attempt("throwing write", [&] { return file->write_some(asio::buffer("ab", 2)); });
        attempt("throwing size", [&] { return file->size(); });
        attempt("throwing resize", [&] { file->resize(1); });
        attempt("throwing sync_all", [&] { file->sync_all(); });
        attempt("throwing sync_data", [&] { file->sync_data(); });
        attempt("throwing cancel", [&] { file->cancel(); });
        attempt("throwing close", [&] { file->close(); });
    }
}

PROACTOR_TEST_BODY(stream_file, access_that_was_not_asked_for)
{
    context ctx;
    folder f;
    std::string got(2, '-');
    error_code ec;
    stream_file reading(ctx, f.file(), read_only);
    log("write", reading.write_some(asio::buffer("ab", 2), ec), ec);
    reading.async_write_some(asio::buffer("ab", 2), report{"async write"});
    ctx.run();
    ctx.restart();
    stream_file writing(ctx, f.file(), write_only);
    log("read", writing.read_some(asio::buffer(got), ec), ec);
    writing.async_read_some(asio::buffer(got), report{"async read"});
    ctx.run();
    log("content", f.content());
}

PROACTOR_TEST_BODY(stream_file, released_and_assigned)
{
    context ctx;
    folder f;
    stream_file file(ctx, f.file(), read_write);
    const int handle = file.native_handle();
    file.seek(4, stream_file::seek_set);
    log("released", file.release() == handle);
    log("then", file, is_handle(handle));
    stream_file other(ctx);
    error_code ec;
    other.assign(handle, ec);
    log("assigned", ec, other, other.native_handle() == handle);
    log_position("position", other);
    other.assign(handle, ec);
    log("twice", ec, other);
    attempt("throwing", [&] { other.assign(handle); });
    std::string got(2, '-');
    other.async_read_some(asio::buffer(got), report{"read"});
    ctx.run();
    ctx.restart();
    log("got", got);
    other.close();
    log("closed", other, is_handle(handle));
    stream_file of_handle(ctx, ::open(f.file().c_str(), O_RDWR | O_CLOEXEC));
    log("constructor", of_handle, of_handle.size());
    context second;
    stream_file elsewhere(second, of_handle.release());
    elsewhere.async_read_some(asio::buffer(got), report{"elsewhere"});
    second.run();
    log("got", got);
}

PROACTOR_TEST_BODY(stream_file, end_of_file)
{
    context ctx;
    folder f;
    stream_file file(ctx, f.file(), read_write);
    std::string got(8, '-');
    const auto read = [&](const char* name) {
        file.async_read_some(asio::buffer(got), report{name});
        ctx.run();
        ctx.restart();
    };
    read("whole");
    read("part");
    read("end");
    read("again");
    error_code ec;
    log("sync", file.read_some(asio::buffer(got), ec), ec);
    attempt("throwing", [&] { return file.read_some(asio::buffer(got)); });
    asio::write(file, asio::buffer("more", 4));
    file.seek(-4, stream_file::seek_cur);
    read("grown");
    file.seek(6, stream_file::seek_set);
    asio::async_read(file, asio::buffer(got), report{"composed"});
    ctx.run();
    ctx.restart();
    asio::async_read(file, asio::buffer(got), report{"composed at the end"});
    ctx.run();
    ctx.restart();
    file.seek(0, stream_file::seek_set);
    std::string all;
    log("until", asio::read_until(file, asio::dynamic_buffer(all), '5', ec), ec);
    log("until none", asio::read_until(file, asio::dynamic_buffer(all), '\n', ec), ec, all);
}

PROACTOR_TEST_BODY(stream_file, several_at_once)
{
    context ctx;
    folder f("");
    stream_file file(ctx, f.file(), read_write);
    for (const char* text : {"one", "two", "three", "four"})
    {
        file.async_write_some(asio::buffer(text, std::string_view(text).size()), report{text});
    }
    ctx.run();
    ctx.restart();
    log("content", f.content());
    file.seek(0, stream_file::seek_set);
    std::array<std::string, 4> got;
    for (std::string& each : got)
    {
        each.resize(4);
        file.async_read_some(asio::buffer(each), report{"read"});
    }
    ctx.run();
    log("got", got[0], got[1], got[2], got[3]);
}

PROACTOR_TEST_BODY(stream_file, many_buffers)
{
    context ctx;
    folder f("");
    stream_file file(ctx, f.file(), read_write);
    std::string text;
    std::vector<asio::const_buffer> out;
    for (int i = 0; i < 100; ++i)
    {
        text += static_cast<char>('a' + i % 26);
    }
    for (const char& c : text)
    {
        out.emplace_back(&c, 1);
    }
    error_code ec;
    log("sync", file.write_some(out, ec), ec);
    file.async_write_some(out, report{"async"});
    ctx.run();
    ctx.restart();
    log("content", f.content());
    file.seek(0, stream_file::seek_set);
    std::string got(100, '-');
    std::vector<asio::mutable_buffer> in;
    for (char& c : got)
    {
        in.emplace_back(&c, 1);
    }
    log("sync", file.read_some(in, ec), ec, got);
    file.async_read_some(in, report{"async"});
    ctx.run();
    ctx.restart();
    log("got", got);
    file.seek(-3, stream_file::seek_end);
    asio::async_read(file, in, report{"to the end"});
    ctx.run();
}

PROACTOR_TEST_BODY(stream_file, moved)
{
    context ctx;
    folder f;
    stream_file file(ctx, f.file(), read_write);
    const int handle = file.native_handle();
    file.seek(5, stream_file::seek_set);
    stream_file moved(std::move(file));
    log("constructed", file, moved, moved.native_handle() == handle);
    log_position("position", moved);
    stream_file target(ctx, f.absent(), write_only | asio::file_base::create);
    const int replaced = target.native_handle();
    target = std::move(moved);
    log("assigned", moved, target, target.native_handle() == handle, is_handle(replaced));
    std::string got(3, '-');
    target.async_read_some(asio::buffer(got), report{"read"});
    stream_file last(std::move(target));
    ctx.run();
    ctx.restart();
    log("got", got, target, last);
    context second;
    stream_file elsewhere(second);
    elsewhere = std::move(last);
    elsewhere.async_read_some(asio::buffer(got), report{"of the first context"});
    log("run of the second", second.run());
    ctx.run();
    // What was moved from is as good as new.
    file.open(f.file(), read_only);
    log("opened again", file, file.read_some(asio::buffer(got)), got);
}

PROACTOR_TEST_BODY(stream_file, cancelled)
{
    context ctx;
    pipe_ends ends;
    stream_file file(ctx, ends.in);
    std::string got(4, '-');
    // Of its two reads Asio ends the second first.
    error_code first;
    error_code second;
    file.async_read_some(asio::buffer(got), [&](const error_code& e, std::size_t) { first = e; });
    file.async_read_some(asio::buffer(got), [&](const error_code& e, std::size_t) { second = e; });
    ctx.poll();
    error_code ec;
    file.cancel(ec);
    log("cancel", ec);
    ctx.run();
    log("ends", first, second);
    ctx.restart();
    file.async_read_some(asio::buffer(got), report{"third"});
    ctx.poll();
    log("fed", ::write(ends.out, "pipe", 4));
    ctx.run();
    log("got", got);
    ctx.restart();
    file.async_read_some(asio::buffer(got), report{"end"});
    ctx.poll();
    ::close(ends.out);
    ctx.run();
}

PROACTOR_TEST_BODY(stream_file, cancelled_by_its_slot)
{
    context ctx;
    pipe_ends ends;
    stream_file file(ctx, ends.in);
    std::string got(4, '-');
    for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total})
    {
        asio::cancellation_signal signal;
        file.async_read_some(asio::buffer(got),
                             asio::bind_cancellation_slot(signal.slot(), report{"read"}));
        ctx.poll();
        asio::post(ctx, [&] { signal.emit(type); });
        ctx.run();
        ctx.restart();
    }
    ::close(ends.out);
}

PROACTOR_TEST_BODY(stream_file, closed_with_a_read)
{
    context ctx;
    pipe_ends ends;
    stream_file file(ctx, ends.in);
    std::string got(4, '-');
    file.async_read_some(asio::buffer(got), report{"read"});
    ctx.poll();
    file.close();
    log("closed", file);
    ctx.run();
    ctx.restart();
    {
        stream_file gone(ctx, pipe_ends().in);
        gone.async_read_some(asio::buffer(got), report{"of one that is gone"});
        ctx.poll();
    }
    ctx.run();
}

PROACTOR_TEST_BODY(stream_file, context_goes_first)
{
    const auto held = std::make_shared<int>(0);
    char byte = 0;
    {
        context ctx;
        stream_file file(ctx, pipe_ends().in);
        file.async_read_some(asio::buffer(&byte, 1),
                             [held](const error_code&, std::size_t) { log("called"); });
        ctx.poll();
        log("before", held.use_count());
    }
    log("after", held.use_count());
}

PROACTOR_TEST_BODY(stream_file, coroutine)
{
    context ctx;
    folder f("line one\nline two\n");
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            stream_file file(ctx, f.file(), read_write);
            std::string text;
            for (int i = 0; i < 2; ++i)
            {
                const auto n = co_await asio::async_read_until(file, asio::dynamic_buffer(text),
                                                               '\n', use_awaitable);
                log("line", std::string_view(text).substr(0, n - 1));
                text.erase(0, n);
            }
            log("write", co_await file.async_write_some(asio::buffer("end", 3), use_awaitable));
            char byte;
            co_await file.async_read_some(asio::buffer(&byte, 1), use_awaitable);
        },
        report{"ended"});
    ctx.run();
    log("content", f.content().size());
}

} // namespace differential
