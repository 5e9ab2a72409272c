// What the caller or the system does wrong, and the clear error that answers it.
#include "../support/context.hpp"
#include "../support/skip.hpp"
#include "child.hpp"

#if !PROACTOR_TEST_ORACLE
#    include <proactor/log.hpp>
#endif

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace asio = boost::asio;

BOOST_AUTO_TEST_SUITE(bad_input)

BOOST_AUTO_TEST_CASE(a_child_reports_how_it_ended)
{
    auto const exits = test::in_child([] {
        std::fputs("said this", stderr);
        return 3;
    });
    BOOST_TEST(exits.exited);
    BOOST_TEST(exits.status == 3);
    BOOST_TEST(exits.said == "said this");
    auto const aborts = test::in_child([]() -> int { std::terminate(); });
    BOOST_TEST(!aborts.exited);
    BOOST_TEST(aborts.status == SIGABRT);
}

BOOST_AUTO_TEST_CASE(an_operation_on_a_closed_object_reports_through_the_handler)
{
    test::context ctx;
    test::tcp_socket socket(ctx);
    char byte;
    test::error_code got;
    socket.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t) { got = ec; });
    BOOST_TEST(!got);
    test::run(ctx);
    BOOST_TEST(got == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_no_descriptor)
{
    test::context ctx;
    test::tcp_socket socket(ctx);
    test::error_code ec;
    char byte;
    test::error_code got;
    socket.assign(test::tcp::v4(), 1'000'000, ec);
    if (!ec)
        socket.async_read_some(asio::buffer(&byte, 1),
                               [&](test::error_code e, std::size_t) { got = e; });
    test::run(ctx);
    BOOST_TEST((ec == asio::error::bad_descriptor || got == asio::error::bad_descriptor));
}

#if !PROACTOR_TEST_ORACLE

namespace {

// In this process and from now on, the system call fails with the error.
bool forbid(long call, int error)
{
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

boost::test_tools::assertion_result filters_may_be_set(boost::unit_test::test_unit_id)
{
    auto const end = test::in_child([] { return forbid(__NR_io_uring_setup, EPERM) ? 0 : 99; });
    boost::test_tools::assertion_result result(end.exited && end.status == 0);
    result.message() << "no seccomp filters here";
    return result;
}

// The exit status of a child that makes a context and uses it: 0 if it could, saying what was logged
// and the driver's name; 1 on a system_error, which it says.
int make_a_context(proactor::context_options const& options = {})
{
    proactor::set_log_function([](std::string_view line) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    });
    try
    {
        proactor::io_context ctx(options);
        test::tcp_pair pair(ctx);
        char byte = 'x';
        pair.a.async_read_some(asio::buffer(&byte, 1), [](test::error_code ec, std::size_t n) {
            std::fprintf(stderr, "read %zu %d\n", n, ec.value());
        });
        pair.b.async_write_some(asio::buffer("y", 1), [](test::error_code, std::size_t) {});
        ctx.run();
        std::fprintf(stderr, "driver %s\n", ctx.metrics().driver);
        return byte == 'y' ? 0 : 3;
    }
    catch (boost::system::system_error const& e)
    {
        std::fprintf(stderr, "%s [%d]", e.what(), e.code().value());
        return 1;
    }
    catch (...)
    {
        return 2;
    }
}

struct refusal
{
    long call;
    int error;
    char const* named;
};

refusal const refusals[] = {
    {__NR_io_uring_setup, EPERM, "io_uring_setup"},
    {__NR_io_uring_setup, ENOSYS, "io_uring_setup"},
    {__NR_io_uring_setup, ENOMEM, "io_uring_setup"},
    {__NR_io_uring_enter, EPERM, "io_uring_enter"},
    {__NR_io_uring_register, EPERM, "io_uring_register"},
};

bool contains(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_system_without_io_uring_falls_back_and_says_why,
                     *boost::unit_test::precondition(filters_may_be_set))
{
    for (auto const& [call, error, named] : refusals)
    {
        auto const end = test::in_child([&] {
            ::unsetenv("PROACTOR_DRIVER");
            return forbid(call, error) ? make_a_context() : 99;
        });
        BOOST_REQUIRE(end.exited);
        BOOST_TEST(end.status == 0, end.said);
        BOOST_TEST(contains(end.said, "proactor: driver epoll, because of " + std::string(named)),
                   end.said);
        BOOST_TEST(contains(end.said, "driver epoll\n"), end.said);
        BOOST_TEST(contains(end.said, "read 1 0\n"), end.said);
    }
}

BOOST_AUTO_TEST_CASE(a_driver_that_was_asked_for_is_never_another,
                     *boost::unit_test::precondition(filters_may_be_set))
{
    for (auto const& [call, error, named] : refusals)
        for (bool const by_environment : {true, false})
        {
            auto const end = test::in_child([&] {
                proactor::context_options options;
                ::unsetenv("PROACTOR_DRIVER");
                if (by_environment)
                    ::setenv("PROACTOR_DRIVER", "io_uring", 1);
                else
                    options.driver = "io_uring";
                return forbid(call, error) ? make_a_context(options) : 99;
            });
            // A kernel that must not be asked for its opcodes is one without them.
            int const shown = call == __NR_io_uring_register ? ENOSYS : error;
            BOOST_REQUIRE(end.exited);
            BOOST_TEST(end.status == 1);
            BOOST_TEST(contains(end.said, named), end.said);
            BOOST_TEST(contains(end.said, "[" + std::to_string(shown) + "]"), end.said);
        }
}

BOOST_AUTO_TEST_CASE(the_driver_that_won_is_told_in_one_line)
{
    for (std::string const name : {"io_uring", "epoll"})
    {
        auto const end = test::in_child([&] {
            ::setenv("PROACTOR_DRIVER", name.c_str(), 1);
            return make_a_context();
        });
        if (end.status == 1)
        {
            test::skipped("no " + name + " here");
            continue;
        }
        BOOST_TEST(end.said
                   == "proactor: driver " + name + ", as PROACTOR_DRIVER says\nread 1 0\ndriver "
                       + name + "\n");
        // The options are stronger than the environment.
        auto const options_win = test::in_child([&] {
            ::setenv("PROACTOR_DRIVER", "nonsense", 1);
            proactor::context_options options;
            options.driver = name;
            return make_a_context(options);
        });
        BOOST_TEST(options_win.said.starts_with("proactor: driver " + name + ", as asked for\n"),
                   options_win.said);
    }
}

BOOST_AUTO_TEST_CASE(a_ring_that_is_forbidden_later_terminates,
                     *boost::unit_test::precondition(filters_may_be_set))
{
    auto const end = test::in_child([] {
        proactor::io_context ctx(proactor::context_options{.driver = "io_uring"});
        test::tcp_pair pair(ctx);
        char byte;
        pair.a.async_read_some(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
        if (!forbid(__NR_io_uring_enter, EPERM))
            return 99;
        ctx.run();
        return 0;
    });
    BOOST_TEST(!end.exited);
    BOOST_TEST(end.status == SIGABRT);
    BOOST_TEST(end.said.find("io_uring_enter") != std::string::npos, end.said);
}

BOOST_AUTO_TEST_CASE(a_driver_of_an_unknown_name_is_an_error)
{
    auto const by_environment = test::in_child([] {
        ::setenv("PROACTOR_DRIVER", "nonsense", 1);
        return make_a_context();
    });
    BOOST_TEST(by_environment.exited);
    BOOST_TEST(by_environment.status == 1);
    BOOST_TEST(by_environment.said.find("nonsense") != std::string::npos, by_environment.said);
    proactor::context_options options;
    options.driver = "nonsense";
    BOOST_CHECK_EXCEPTION(
        proactor::io_context{options}, boost::system::system_error,
        [](auto const& e) { return std::string(e.what()).find("nonsense") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(the_driver_can_be_named_in_the_options)
{
    proactor::context_options options;
    options.driver = "epoll";
    proactor::io_context ctx(options);
    BOOST_TEST(ctx.metrics().driver == std::string("epoll"));
}

BOOST_AUTO_TEST_CASE(a_ring_of_four_entries_serves_many_operations)
{
    proactor::io_context ctx(proactor::context_options{.entries = 4});
    std::vector<std::unique_ptr<test::tcp_pair>> pairs;
    int done = 0;
    std::vector<char> bytes(64);
    for (std::size_t i = 0; i < 64; ++i)
    {
        pairs.push_back(std::make_unique<test::tcp_pair>(ctx));
        pairs[i]->a.async_read_some(asio::buffer(&bytes[i], 1),
                                    [&](test::error_code ec, std::size_t) { done += !ec; });
        pairs[i]->b.async_write_some(asio::buffer("f", 1),
                                     [&](test::error_code ec, std::size_t) { done += !ec; });
    }
    test::run(ctx);
    BOOST_TEST(done == 128);
}

BOOST_AUTO_TEST_CASE(a_second_thread_in_run_under_threads_one_is_an_error)
{
    proactor::io_context ctx(proactor::context_options{.threads = 1});
    std::string said;
    asio::post(ctx, [&] {
        std::thread second([&] {
            try
            {
                ctx.run();
            }
            catch (std::system_error const& e)
            {
                said = e.what();
            }
            catch (boost::system::system_error const& e)
            {
                said = e.what();
            }
        });
        second.join();
    });
    BOOST_TEST(test::run(ctx) == 1u);
    BOOST_TEST(said.find("thread") != std::string::npos, said);
    // One after the other is fine, and so is nesting.
    std::thread next([&] {
        ctx.restart();
        asio::post(ctx, [&] {
            asio::post(ctx, [] {});
            ctx.poll();
        });
        said = ctx.run() == 1 ? "fine" : "not all";
    });
    next.join();
    BOOST_TEST(said == "fine");
}

BOOST_AUTO_TEST_CASE(destroying_a_context_in_its_own_handler_terminates)
{
    auto const end = test::in_child([] {
        auto ctx = std::make_unique<proactor::io_context>();
        asio::post(*ctx, [&] { ctx.reset(); });
        ctx->run();
        return 0;
    });
    BOOST_TEST(!end.exited);
    BOOST_TEST(end.status == SIGABRT);
    BOOST_TEST(end.said.find("proactor") != std::string::npos, end.said);
    BOOST_TEST(end.said.find("io_context") != std::string::npos, end.said);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
