//
// Prints the table of doc/drivers.md: by what means each driver carries each request out. Exit status
// 77 where this system lacks one of the drivers.
//

#include "../../src/driver/io_uring/io_uring_driver.hpp"

#include <proactor/open_driver.hpp>

#include <array>
#include <iostream>
#include <utility>

namespace {

namespace request = proactor::request;

/// In the order of `request::any`.
constexpr std::array names{"nothing",         "read",         "write",  "read_at", "write_at",
                           "receive",         "send",         "receive_message", "send_message",
                           "accept",          "connect",      "poll",   "open",    "sync",
                           "close",           "call",         "stat",   "rename",  "remove",
                           "create_directory", "link",        "symlink", "truncate", "allocate",
                           "advise", "sync_range", "receive_pooled", "read_pooled",
                           "read_pooled_at", "await_buffer", "send_zc", "send_file"};
static_assert(names.size() == request::any::size);

} // namespace

int main()
{
    const auto ring = proactor::io_uring::open({});
    const auto bare = proactor::io_uring::open({}, ~proactor::io_uring::required());
    const auto epoll = proactor::open_driver({.name = "epoll"});
    if (!ring.driver || !bare.driver || !epoll.driver)
    {
        std::cout << "cannot run: not both drivers here" << std::endl;
        return 77;
    }
    std::cout << "| request | io_uring | without its opcode | epoll |\n|---|---|---|---|\n";
    for (const request::any& r :
         request::any::of_all([]<typename... R>() { return std::array{request::any(R())...}; }))
    {
        std::cout << "| `" << names[r.index()] << "` |";
        for (const auto* d : {&ring, &bare, &epoll})
            std::cout << ' ' << proactor::name_of(d->driver->serves(r)) << " |";
        std::cout << '\n';
    }
}
