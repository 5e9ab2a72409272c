// Cancellations that come at each step, and contexts that go at each: nothing is left behind.
#include "scratch.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstdlib>
#include <memory>

namespace asio = boost::asio;

using namespace test;

namespace {

/// Steps of an operation, at the most: those of whole files have several.
int steps_of(int kind)
{
    return kind == 10 || kind == 11 ? 10 : 3;
}

/// Looks at the context so often, and gives what is in the kernel or in the pool some time each.
void take_steps(context& ctx, int count)
{
    for (int i = 0; i != count; ++i)
        ctx.run_one_for(1ms);
}

/// Everything that can be started, by an index, with a handler that takes anything.
constexpr int kinds = 13;

template <typename Handler>
void start(int kind, context& ctx, const scratch& s, Handler h)
{
    constexpr fs::write_options atomically{.replace_atomically = true};
    switch (kind)
    {
    case 0:
        return fs::async_open(ctx, s.path("file"), O_RDONLY, std::move(h));
    case 1:
        return fs::async_open(ctx, s.path("made"), O_WRONLY | O_CREAT, std::move(h));
    case 2:
        return fs::async_close(
            ctx, proactor::unique_handle(::open("/dev/null", O_RDONLY | O_CLOEXEC)), std::move(h));
    case 3:
        return fs::async_stat(ctx, s.path("file"), std::move(h));
    case 4:
        return fs::async_rename(ctx, s.path("file"), s.path("file"), std::move(h));
    case 5:
        return fs::async_remove(ctx, s.path("missing"), std::move(h));
    case 6:
        return fs::async_create_directory(ctx, s.path("file"), std::move(h));
    case 7:
        return fs::async_link(ctx, s.path("file"), s.path("file"), std::move(h));
    case 8:
        return fs::async_symlink(ctx, "target", s.path("file"), std::move(h));
    case 9:
        return fs::async_list(ctx, s.path(), std::move(h));
    case 10:
        return fs::async_read_file(ctx, s.path("file"), std::move(h));
    case 11:
        return fs::async_write_file(ctx, s.path("file"), std::string(100'000, 'n'), atomically,
                                    std::move(h));
    case 12:
        return fs::async_open<proactor::basic_stream_file<executor>>(
            ctx, s.path("file"), O_RDONLY, std::move(h));
    }
}

const std::string old_content(100'000, 'o');
const std::string new_content(100'000, 'n');

/// The file that is replaced has its old or its new content, and no other file came to be but
/// "made".
void check_directory(const scratch& s)
{
    const std::string now = s.content("file");
    BOOST_TEST((now == old_content || now == new_content));
    for (const std::string& name : s.names())
        BOOST_TEST((name == "file" || name == "made"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(cancellation)

BOOST_AUTO_TEST_CASE(at_each_step)
{
    const auto before = open_descriptors();
    {
        scratch s;
        for (int kind = 0; kind != kinds; ++kind)
            for (int step = 0; step != steps_of(kind); ++step)
            {
                context ctx;
                s.make("file", old_content);
                asio::cancellation_signal signal;
                int calls = 0;
                error_code ec;
                start(kind, ctx, s,
                      asio::bind_cancellation_slot(signal.slot(), [&](error_code e, auto&&...) {
                          ++calls;
                          ec = e;
                      }));
                take_steps(ctx, step);
                signal.emit(step % 2 ? asio::cancellation_type::terminal
                                     : asio::cancellation_type::total);
                run(ctx);
                BOOST_TEST(calls == 1);
                if (kind == 11)
                    BOOST_TEST((s.content("file") == new_content) == !ec);
                check_directory(s);
            }
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_at_each_step)
{
    const auto before = open_descriptors();
    {
        scratch s;
        for (int kind = 0; kind != kinds; ++kind)
            for (int step = 0; step != steps_of(kind); ++step)
            {
                s.make("file", old_content);
                auto alive = std::make_shared<int>(0);
                {
                    context ctx;
                    start(kind, ctx, s, [alive](auto&&...) {});
                    take_steps(ctx, step);
                }
                BOOST_TEST(alive.use_count() == 1);
                check_directory(s);
            }
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(what_is_started_on_a_context_that_goes)
{
    const auto before = open_descriptors();
    {
        scratch s;
        s.make("file", old_content);
        struct starts_on_destruction
        {
            context* ctx;
            const scratch* s;
            ~starts_on_destruction()
            {
                for (int kind = 0; kind != kinds; ++kind)
                    start(kind, *ctx, *s, [](auto&&...) {});
            }
        };
        {
            context ctx;
            auto last = std::make_shared<starts_on_destruction>(&ctx, &s);
            fs::async_stat(ctx, s.path("file"), [last](auto&&...) {});
            last.reset();
        }
        check_directory(s);
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(many_at_once)
{
    const auto before = open_descriptors();
    {
        context ctx;
        scratch s;
        s.make("file", old_content);
        constexpr int count = 520;
        std::vector<asio::cancellation_signal> signals(count);
        int calls = 0;
        for (int i = 0; i != count; ++i)
            start(i % kinds, ctx, s,
                  asio::bind_cancellation_slot(signals[static_cast<std::size_t>(i)].slot(),
                                               [&](auto&&...) { ++calls; }));
        ctx.poll();
        for (auto& signal : signals)
            signal.emit(asio::cancellation_type::terminal);
        run(ctx);
        BOOST_TEST(calls == count);
        check_directory(s);
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(an_open_that_waits)
{
    if (context().metrics().driver == std::string("io_uring")
        && !std::getenv("PROACTOR_TEST_MASKED"))
        return test::skipped("the kernel opens a FIFO without waiting for its other end");
    const auto before = open_descriptors();
    {
        context ctx;
        scratch s;
        checked(::mkfifo(s.path("fifo").c_str(), 0600), "mkfifo");
        asio::cancellation_signal signal;
        error_code ec;
        fs::async_open(ctx, s.path("fifo"), O_RDONLY,
                       asio::bind_cancellation_slot(signal.slot(),
                                                    [&](error_code e, auto&&...) { ec = e; }));
        ctx.run_for(5ms);
        BOOST_TEST(!ctx.stopped());
        signal.emit(asio::cancellation_type::terminal);
        run(ctx);
        BOOST_TEST(ec == asio::error::operation_aborted);
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()
