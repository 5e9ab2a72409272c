#pragma once

#include "processors.hpp"
#include "unique_fd.hpp"

#include <sched.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <ctime>

namespace echo {

// The server under load, as a child process. It cannot outlive this one.
class server_process
{
public:
    // Starts the program on these processors, and waits until it has said on which port it listens,
    // for 10 s at the most. Throws std::runtime_error.
    server_process(char** arguments, placement const& where);
    ~server_process();
    server_process(server_process const&) = delete;
    server_process& operator=(server_process const&) = delete;

    unsigned short port() const { return port_; }

    // What it has used so far, on all its threads, in user space and in the kernel.
    std::chrono::nanoseconds cpu_time() const;

    // Memory that is its own, in bytes: without what it shares with other processes.
    std::size_t private_memory() const;

    // Halts all its threads, and lets them go on. Whatever it waits for can come meanwhile.
    void pause();
    void resume();

    // Asks it to end, and waits for that for 2 s at the most. Throws std::runtime_error unless it
    // ended with status 0.
    void stop();

private:
    unsigned short read_port();

    pid_t pid_ = -1;
    unique_fd output_;
    clockid_t cpu_clock_{};
    unsigned short port_ = 0;
};

} // namespace echo
