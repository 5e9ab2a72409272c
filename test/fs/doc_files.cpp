// The code of doc/files.md, which fs.samples compares, and a run of it.
#include "scratch.hpp"

#include <proactor.hpp>

#include <iostream>

namespace asio = boost::asio;

using test::scratch;

namespace {

using asio::awaitable;
using asio::use_awaitable;

namespace fs = proactor::fs;

awaitable<void> copy(proactor::io_context& context, std::string from, std::string to)
{
    std::string text = co_await fs::async_read_file(context, from, use_awaitable);
    co_await fs::async_write_file(context, to, std::move(text), {.replace_atomically = true},
                                  use_awaitable);
}

awaitable<void> list(proactor::io_context& context, std::string folder)
{
    auto directory = co_await fs::async_open(context, folder, O_PATH | O_DIRECTORY, use_awaitable);
    for (auto& entry : co_await fs::async_list(context, folder, use_awaitable))
    {
        auto status = co_await fs::async_lstat(context, {directory.get(), entry.name},
                                               use_awaitable);
        std::cout << entry.name << ' ' << status.size << '\n';
    }
}

awaitable<void> append_line(proactor::io_context& context, std::string log, std::string line)
{
    using base = proactor::file_base;
    auto file = co_await fs::async_open<proactor::stream_file>(
        context, log, {base::write_only | base::create | base::append, {0600}}, use_awaitable);
    co_await asio::async_write(file, asio::buffer(line), use_awaitable);
    co_await fs::async_sync_data(file, use_awaitable);
}

awaitable<void> serve(auto& socket, proactor::random_access_file& file)
{
    std::string head = "HTTP/1.0 200 OK\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(head), use_awaitable);
    co_await proactor::async_send_file(socket, file, 0, proactor::to_end, use_awaitable);
}

awaitable<void> copy_range(proactor::io_context& context, int from, int to)
{
    co_await proactor::async_copy(
        context, from, to, {.from_offset = 4096, .count = 1 << 20},
        [](std::uint64_t n) { std::cout << n << " bytes\n"; }, use_awaitable);
}

awaitable<void> run_child(proactor::io_context& context, int pid)
{
    proactor::exit_status status
        = co_await proactor::async_wait(context, proactor::process{pid}, use_awaitable);
    std::cout << (status.success() ? "done" : "failed") << '\n';
}

awaitable<void> echo(proactor::io_context& context)
{
    proactor::stdin_stream in(context);
    proactor::stdout_stream out(context);
    std::string line;
    for (;;)
    {
        std::size_t n = co_await asio::async_read_until(in, asio::dynamic_buffer(line), '\n',
                                                        use_awaitable);
        co_await asio::async_write(out, asio::buffer(line, n), use_awaitable);
        line.erase(0, n);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(doc_files)

BOOST_AUTO_TEST_CASE(runs)
{
    proactor::io_context context;
    scratch s;
    s.make("from", "text");
    const auto check = [](std::exception_ptr e) { BOOST_TEST(!e); };
    asio::co_spawn(context, copy(context, s.path("from"), s.path("to")), check);
    asio::co_spawn(context, append_line(context, s.path("log"), "line\n"), check);
    const int child = ::fork();
    if (child == 0)
        ::_exit(0);
    asio::co_spawn(context, run_child(context, child), check);
    test::run(context);
    {
        proactor::random_access_file file(context, s.path("from"), proactor::file_base::read_only);
        test::handle const target(::open(s.path("copy").c_str(), O_WRONLY | O_CREAT, 0600));
        struct test::tcp_pair pair(context);
        asio::co_spawn(context, serve(pair.a, file), check);
        asio::co_spawn(context, copy_range(context, file.native_handle(), target.get()),
                       [](std::exception_ptr e) { BOOST_TEST(!!e); }); // the file is shorter
        test::run(context);
        pair.a.close();
        std::string got;
        test::error_code ec;
        asio::read(pair.b, asio::dynamic_buffer(got), ec);
        BOOST_TEST(got == "HTTP/1.0 200 OK\r\n\r\ntext");
    }
    asio::co_spawn(context, list(context, s.path()), check); // when no temporary file comes and goes
    test::run(context);
    BOOST_TEST(s.content("to") == "text");
    BOOST_TEST(s.content("log") == "line\n");
    if (test::is_open(STDIN_FILENO) && test::is_open(STDOUT_FILENO))
    {
        context.restart();
        asio::co_spawn(context, echo(context), asio::detached);
        context.poll(); // and goes with the context
    }
}

BOOST_AUTO_TEST_SUITE_END()
