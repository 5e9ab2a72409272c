// A program that runs as a user runs it.
#pragma once

#include <support/handles.hpp>

#include <csignal>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <utility>
#include <vector>

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

} // namespace test
