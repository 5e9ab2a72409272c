#include <proactor/standard_streams.hpp>

#include "scratch.hpp"

#include "../support/terminal.hpp"

#include <cstring>
#include <termios.h>

namespace asio = boost::asio;

using namespace test;
using stdin_stream = proactor::basic_stdin_stream<executor>;
using stdout_stream = proactor::basic_stdout_stream<executor>;

namespace {

int mode_of(int fd)
{
    return ::fcntl(fd, F_GETFL);
}

/// A device in raw mode: what comes is handed on as it is.
handle open_device(const terminal& t)
{
    handle device(checked(::open(t.device().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open"));
    termios raw{};
    checked(::tcgetattr(device.get(), &raw), "tcgetattr");
    ::cfmakeraw(&raw);
    checked(::tcsetattr(device.get(), TCSANOW, &raw), "tcsetattr");
    return device;
}

std::string read_text(context& ctx, stdin_stream& in, std::size_t size)
{
    std::string text(size, '.');
    auto [ec, n] = results_of<error_code, std::size_t>(
        ctx, [&](auto h) { asio::async_read(in, asio::buffer(text), h); });
    BOOST_TEST((!ec || ec == asio::error::eof));
    return text.substr(0, n);
}

std::size_t write_text(context& ctx, stdout_stream& out, const std::string& text)
{
    auto [ec, n] = results_of<error_code, std::size_t>(
        ctx, [&](auto h) { asio::async_write(out, asio::buffer(text), h); });
    BOOST_TEST(!ec);
    return n;
}

/// Starts a write that is longer than what the other end takes, and ends it.
void writes_and_waits(context& ctx, stdout_stream& out, int shared)
{
    ctx.restart();
    const std::string much(1 << 20, 'x');
    std::optional<error_code> ended;
    asio::async_write(out, asio::buffer(much), [&](error_code ec, std::size_t) { ended = ec; });
    ctx.run_for(5ms);
    BOOST_TEST(!ended);
    BOOST_TEST((mode_of(shared) & O_NONBLOCK) == 0);
    for (int i = 0; i != 1000 && !ended; ++i) // a part that was just written is followed by another
    {
        out.cancel();
        ctx.run_for(1ms);
    }
    BOOST_TEST_REQUIRE(ended.has_value());
    BOOST_TEST(*ended == asio::error::operation_aborted);
}

/// Reads that wait, are cancelled and then find something; the handle's own mode stays.
template <typename Write>
void waits_and_reads(int shared, Write write)
{
    context ctx;
    const int mode = mode_of(shared);
    stdin_stream in(ctx, shared);
    std::string text(4, '.');
    error_code ec;
    in.async_read_some(asio::buffer(text), [&](error_code e, std::size_t) { ec = e; });
    ctx.run_for(5ms); // would hang
    BOOST_TEST(!ctx.stopped());
    BOOST_TEST(mode_of(shared) == mode);
    in.cancel();
    run(ctx);
    BOOST_TEST(ec == asio::error::operation_aborted);
    in.async_read_some(asio::buffer(text), [&](error_code e, std::size_t) { ec = e; });
    ctx.run_for(2ms);
    write("data");
    run(ctx);
    BOOST_TEST(!ec);
    BOOST_TEST(text == "data");
    BOOST_TEST(mode_of(shared) == mode);
}

} // namespace

BOOST_AUTO_TEST_SUITE(standard_streams)

BOOST_AUTO_TEST_CASE(a_pipe)
{
    auto [out, in] = pipe_pair();
    waits_and_reads(out.get(), [&in = in](const char* text) { write_all(in, text); });
    context ctx;
    stdout_stream writer(ctx, in.get());
    BOOST_TEST(write_text(ctx, writer, "text") == 4u);
    stdin_stream reader(ctx, out.get());
    BOOST_TEST(read_text(ctx, reader, 4) == "text");
    writes_and_waits(ctx, writer, in.get());
}

BOOST_AUTO_TEST_CASE(a_terminal)
{
    const terminal t;
    const handle device = open_device(t);
    const auto say = [&](const char* text) {
        BOOST_TEST(::write(t.far_end(), text, std::strlen(text)) > 0);
    };
    waits_and_reads(device.get(), say);
    context ctx;
    stdout_stream out(ctx, device.get());
    BOOST_TEST(write_text(ctx, out, "text") == 4u);
    char text[5] = "";
    BOOST_TEST(::read(t.far_end(), text, 4) == 4);
    BOOST_TEST(std::string(text) == "text");
    writes_and_waits(ctx, out, device.get());
}

BOOST_AUTO_TEST_CASE(a_socket)
{
    auto [near, far] = socket_pair();
    waits_and_reads(near.get(), [&far = far](const char* text) { write_all(far, text); });
}

BOOST_AUTO_TEST_CASE(a_file_whose_position_others_share)
{
    context ctx;
    scratch s;
    s.make("file", "one two three");
    handle file(checked(::open(s.path("file").c_str(), O_RDWR | O_CLOEXEC), "open"));
    const int mode = mode_of(file.get());
    stdin_stream in(ctx, file.get());
    BOOST_TEST(read_text(ctx, in, 4) == "one ");
    char text[5] = "";
    BOOST_TEST(::read(file.get(), text, 4) == 4);
    BOOST_TEST(std::string(text) == "two ");
    BOOST_TEST(read_text(ctx, in, 100) == "three");
    stdout_stream out(ctx, file.get());
    BOOST_TEST(write_text(ctx, out, " four") == 5u);
    BOOST_TEST(s.content("file") == "one two three four");
    BOOST_TEST(mode_of(file.get()) == mode);
}

BOOST_AUTO_TEST_CASE(the_process_s_own_handle_stays_open)
{
    context ctx;
    auto [out, in] = pipe_pair();
    const auto before = open_descriptors();
    {
        stdin_stream reader(ctx, out.get());
        stdin_stream other(std::move(reader));
        BOOST_TEST(other.native_handle() != out.get());
    }
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(is_open(out.get()));
    BOOST_CHECK_THROW(stdin_stream(ctx, -1), system_error);
    if (is_open(STDERR_FILENO))
        stdout_stream(ctx, STDERR_FILENO);
}

BOOST_AUTO_TEST_SUITE_END()
