#pragma once

#include "unique_fd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>

namespace echo {

constexpr std::size_t buffer_size = 4096; // of a connection, as the measured servers have it

// What both bare servers begin with: the command line, a listening socket on 127.0.0.1 whose port
// they print, and a descriptor that becomes readable when they are asked to end.
struct floor_server
{
    // Ends the program with a message for bad arguments.
    floor_server(int argc, char** argv);

    std::chrono::microseconds spin{0}; // before each sleep, for so long, without a system call
    unique_fd listener;                // blocking
    unique_fd stop;
};

// The whole program of a bare server.
template <typename Server>
int run_floor(int argc, char** argv)
{
    try
    {
        Server(argc, argv).run();
        return 0;
    }
    catch (std::exception const& error)
    {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 1;
    }
}

} // namespace echo
