//
// A generated program: a list of steps as plain data, and nothing but data.
//

#ifndef PROACTOR_TEST_GENERATOR_PROGRAM_HPP
#define PROACTOR_TEST_GENERATOR_PROGRAM_HPP

#include <iterator>
#include <vector>

namespace generator {

/// The kinds of objects.
enum class kind
{
    tcp,
    acceptor,
    udp,
    local_stream,
    local_datagram,
    readable_pipe,
    writable_pipe,
    timer,
    connected_udp, // in pairs
};

enum class verb
{
    // Objects come and go.
    make,           // object, of the kind `amount`
    make_pair,      // object and other, connected, of the kind `amount` (of the first)
    open,           // object
    close,          // object
    release,        // object; the handle is closed by a plain call
    destroy,        // object
    move,           // object moves into the new object `other`
    move_assign,    // object is assigned to the existing object `other`
                    // Synchronous calls.
    connect,        // object to the acceptor `other`; -1: to where nobody listens
    accept,         // acceptor `object` into `other`, where a connection surely waits
    send,           // object, `amount` bytes; udp: to `other`
    receive,        // object, `amount` bytes, unless that would block
    shutdown,       // object, amount: 0 receive, 1 send, 2 both
    non_blocking,   // object, amount: 0 or 1
    option,         // object: sets and gets one
    state,          // object: everything that can be asked
    clog,           // object: writes until that would block
    send_urgent,    // object, one byte out of band
    receive_urgent, // object, the byte out of band
                    // Asynchronous operations, with the number `op` of their handler.
    async_connect,
    async_accept, // amount 1: the form that hands the socket over
    async_send,
    async_receive,
    async_wait, // amount: 0 read, 1 write, 2 error; a timer has one kind of wait
    post,
    defer,
    dispatch,
    // Ends of operations.
    cancel,     // object; a timer tells how many
    cancel_one, // timer
    expires,    // timer: in `amount` milliseconds, -1: in an hour
    emit,       // the cancellation signal of `op`; amount: 0 terminal, 1 partial, 2 total
                // The loop.
    settle,     // runs until nothing is left that can go on; amount: which run functions
    barrier,    // what was sent so far has arrived; runs nothing
    stop,       // stops, polls in vain and restarts; in a handler it stops only
    poll_one,   // in a handler
    raise,      // throws `amount` out of a handler
    finish,     // amount: how everything ends
};

/// How an asynchronous operation is asked for.
enum class form
{
    plain,
    composed,  // async_read, async_write: all of `amount` bytes
    until,     // async_read_until, at most `amount` bytes
    coroutine, // awaited
};

struct step
{
    verb what = verb::settle;
    int object = -1;
    int other = -1;
    int amount = 0;
    int op = -1;
    form as = form::plain;
    int strand = -1;          // where the handler runs
    bool slot = false;        // whether it listens to its cancellation signal
    int again = 0;            // how often the handler starts the same operation again
    bool keep = false;        // whether the handler owns the object
    std::vector<step> then{}; // what the handler does, the first time
};

struct program
{
    int runners = 1;
    int ops = 0;
    int objects = 0;
    bool counted = false; // whether the counts of run functions are observed
    std::vector<step> steps{};
};

inline constexpr int strands = 2;

inline const char* name_of(verb what)
{
    static constexpr const char* names[]{
        "make",         "make_pair",  "open",          "close",          "release",
        "destroy",      "move",       "move_assign",   "connect",        "accept",
        "send",         "receive",    "shutdown",      "non_blocking",   "option",
        "state",        "clog",       "send_urgent",   "receive_urgent", "async_connect",
        "async_accept", "async_send", "async_receive", "async_wait",     "post",
        "defer",        "dispatch",   "cancel",        "cancel_one",     "expires",
        "emit",         "settle",     "barrier",       "stop",           "poll_one",
        "raise",        "finish"};
    static_assert(std::size(names) == static_cast<std::size_t>(verb::finish) + 1);
    return names[static_cast<int>(what)];
}

inline const char* name_of(form as)
{
    static constexpr const char* names[]{"plain", "composed", "until", "coroutine"};
    return names[static_cast<int>(as)];
}

inline const char* name_of(kind what)
{
    static constexpr const char* names[]{"tcp",           "acceptor",       "udp",
                                         "local_stream",  "local_datagram", "readable_pipe",
                                         "writable_pipe", "timer",          "connected_udp"};
    return names[static_cast<int>(what)];
}

} // namespace generator

#endif
