#pragma once

#include <sys/resource.h>

#include <chrono>
#include <string>
#include <string_view>

namespace echo {

// This system cannot do it, whatever the server is like.
struct cannot_run_here
{
    std::string reason;
};

// What a client that measures a server is called with: VARIANT MILLISECONDS SERVER_PROGRAM
// [ARGUMENT...].
struct client_order
{
    std::string_view variant;
    std::chrono::milliseconds duration;
    char** server;
};

// For this process, and by inheritance for the server. Throws cannot_run_here.
void allow_descriptors(rlim_t wanted);

// The body of a client's main: turns exceptions into the statuses that the harness knows. False:
// there is no such variant.
int run_client(int argc, char** argv, char const* usage, bool (*measure)(client_order const&));

} // namespace echo
