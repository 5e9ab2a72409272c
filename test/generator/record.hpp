//
// What is known of one operation, and the handlers that tell the interpreter of its end.
//

#ifndef PROACTOR_TEST_GENERATOR_RECORD_HPP
#define PROACTOR_TEST_GENERATOR_RECORD_HPP

#include "objects.hpp"
#include "program.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace generator {

enum class lane
{
    none,
    read,
    write,
    except,
};

struct record
{
    step what{};
    lane direction = lane::none;
    bool nested = false; // started by a handler
    bool started = false;
    bool done = false;
    bool due = false; // will end whatever the system says of the handle
    bool then_done = false;
    std::string data{};
    udp::endpoint endpoint{};
    asio::cancellation_signal signal{};
    std::string text{};
};

inline std::string describe(const error_code& ec)
{
    if (!ec)
        return "success";
    return std::string(ec.category().name()) + ':' + std::to_string(ec.value());
}

/// What handlers call.
class listener
{
public:
    virtual void completed(int op, const error_code* ec, std::size_t n) = 0;
    virtual void accepted(int op, const error_code& ec, tcp_socket peer) = 0;

protected:
    ~listener() = default;
};

struct handler
{
    using cancellation_slot_type = asio::cancellation_slot;

    listener* owner = nullptr;
    int op = -1;
    asio::cancellation_slot slot{};
    std::shared_ptr<void> alive{};
    std::shared_ptr<void> keep{};

    cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }

    void operator()() { owner->completed(op, nullptr, 0); }
    void operator()(const error_code& ec) { owner->completed(op, &ec, 0); }
    void operator()(const error_code& ec, std::size_t n) { owner->completed(op, &ec, n); }
    void operator()(const error_code& ec, tcp_socket peer)
    {
        owner->accepted(op, ec, std::move(peer));
    }
};

struct strand_handler : handler
{
    using executor_type = strand;

    strand_handler(handler h, strand s) : handler(std::move(h)), where(std::move(s)) {}

    executor_type get_executor() const noexcept { return where; }

    strand where;
};

} // namespace generator

#endif
