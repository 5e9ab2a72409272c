//
// What the generator knows of an object, so that a program asks only for what Asio promises.
//

#ifndef PROACTOR_TEST_GENERATOR_MODEL_HPP
#define PROACTOR_TEST_GENERATOR_MODEL_HPP

#include "program.hpp"

namespace generator {

/// What others have done to an object since everything was settled.
enum class news
{
    none,
    data, // sent to it
    end,  // closed, shut down, reset: which call is told of it first is nobody's promise
};

struct model
{
    kind what = kind::tcp;
    bool open = true;
    bool exists = true;
    bool reserved = false; // a pending accept refers to it
    bool locked = false;   // until everything is settled, a handler alone may touch it
    bool pending = false;  // operations may wait on it
    bool exposed = false;  // and may have ended: cancelling them has two outcomes
    bool clogged = false;
    bool kept = false; // a handler may own it
    bool gone = false; // its peer ended: what it sends comes back as a reset
    bool accepting = false;
    bool set = true; // a timer's expiry is known
    bool near = false;
    int peer = -1;
    int chunks = 0; // sent to it since everything was settled
    int sent = 0;
    bool deferred = false;       // some of them asynchronously
    int reads = 0;               // at most so many wait on it
    int fresh_reads = 0;         // of these, started since everything was settled
    bool waits_to_write = false; // since everything was settled
    bool urgent = false;         // something may wait for its exceptional state
    bool failed = false;         // an asynchronous send was or will be told of an error
    bool ended = false;          // a read was or will be told of the end of the stream
    bool composed = false;       // one of its reads is several, and others would get in between
    news heard = news::none;

    bool is(kind k) const { return what == k; }
    bool is_stream() const { return is(kind::tcp) || is(kind::local_stream); }
    bool is_datagram() const
    {
        return is(kind::udp) || is(kind::connected_udp) || is(kind::local_datagram);
    }
    bool is_readable() const { return is_stream() || is_datagram() || is(kind::readable_pipe); }
    bool is_writable() const { return is_stream() || is_datagram() || is(kind::writable_pipe); }
};

} // namespace generator

#endif
