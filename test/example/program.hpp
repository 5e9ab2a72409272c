#ifndef PROACTOR_TEST_EXAMPLE_PROGRAM_HPP
#define PROACTOR_TEST_EXAMPLE_PROGRAM_HPP

#include <support/handles.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <utility>
#include <vector>

/// Examples, run as a user runs them.
namespace test {

/// What a program that has ended left.
struct end_of_program
{
    int status = -1; ///< of exit; -1 is another end
    std::string out;
    std::string err;
};

class program
{
public:
    explicit program(std::vector<std::string> words)
    {
        auto [out, out_in] = pipe_pair();
        auto [err, err_in] = pipe_pair();
        std::vector<char*> argv;
        for (auto& w : words)
            argv.push_back(w.data());
        argv.push_back(nullptr);
        child_ = checked(::fork(), "fork");
        if (child_ == 0)
        {
            ::dup2(out_in.get(), STDOUT_FILENO);
            ::dup2(err_in.get(), STDERR_FILENO);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        out_ = std::move(out);
        err_ = std::move(err);
    }

    ~program()
    {
        if (child_ <= 0)
            return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    /// One line of its output, or what came of it.
    std::string line()
    {
        std::string text;
        while (text.empty() || text.back() != '\n')
        {
            const auto some = read_some(out_, 1);
            if (some.empty())
                break;
            text += some;
        }
        return text;
    }

    void signal(int number) { ::kill(child_, number); }

    end_of_program end()
    {
        end_of_program e;
        std::jthread other([&] { e.err = all_of(err_); });
        e.out = all_of(out_);
        other.join();
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        if (WIFEXITED(status))
            e.status = WEXITSTATUS(status);
        return e;
    }

private:
    static std::string all_of(const handle& h)
    {
        std::string text;
        for (;;)
        {
            const auto some = read_some(h, 4096);
            if (some.empty())
                return text;
            text += some;
        }
    }

    pid_t child_ = -1;
    handle out_;
    handle err_;
};

inline end_of_program run(std::vector<std::string> words)
{
    return program(std::move(words)).end();
}

inline std::string bytes(std::size_t n)
{
    std::string text(n, '\0');
    unsigned x = 12345;
    for (char& c : text)
        c = static_cast<char>((x = x * 1103515245 + 12345) >> 16);
    return text;
}

inline unsigned short port_of(program& server)
{
    const auto said = server.line();
    unsigned port = 0;
    BOOST_TEST_REQUIRE(std::sscanf(said.c_str(), "listening on 127.0.0.1:%u", &port) == 1);
    return static_cast<unsigned short>(port);
}

inline handle client_of(unsigned short port)
{
    handle h = inet_socket();
    sockaddr_in where = loopback_address(port);
    checked(::connect(h.get(), generic(where), sizeof where), "connect");
    return h;
}

/// Sends, half-closes, and gives what came back until the end.
inline std::string echo_of(const handle& h, const std::string& text)
{
    std::jthread sender([&] {
        write_all(h, text);
        ::shutdown(h.get(), SHUT_WR);
    });
    std::string back;
    for (;;)
    {
        const auto some = read_some(h, 65'536);
        if (some.empty())
            return back;
        back += some;
    }
}

} // namespace test

#endif
