//
// What a cancellation slot's signal of each type does to an operation.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_CANCELLATION_TYPES_HPP
#define PROACTOR_TEST_DIFFERENTIAL_CANCELLATION_TYPES_HPP

#include "context.hpp"
#include "log.hpp"

#include <utility>

namespace differential {

using namespace std::chrono_literals;
using asio::cancellation_signal;
using asio::cancellation_type;

inline constexpr std::pair<const char*, cancellation_type> types[]{
    {"total", cancellation_type::total},       {"partial", cancellation_type::partial},
    {"terminal", cancellation_type::terminal}, {"all", cancellation_type::all},
    {"none", cancellation_type::none},
};

/// Starts the operation, emits each type in turn and logs whether that ended it.
template <class Start, class End>
void try_types(context& ctx, Start start, End end)
{
    for (const auto& [name, type] : types)
    {
        cancellation_signal signal;
        bool ended = false;
        start(asio::bind_cancellation_slot(
            signal.slot(), [&ended, name = name](const error_code& ec, const auto&...) {
                ended = true;
                log(name, ec);
            }));
        ctx.poll();
        signal.emit(type);
        ctx.restart();
        if (type != cancellation_type::none)
        {
            while (!ended && ctx.run_one_for(200ms) != 0)
            {
            }
        }
        if (!ended)
        {
            log(name, "not cancelled");
            end();
            ctx.restart();
            ctx.run();
        }
        ctx.restart();
    }
}

} // namespace differential

#endif
