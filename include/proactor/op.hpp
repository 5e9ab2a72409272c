#ifndef PROACTOR_OP_HPP
#define PROACTOR_OP_HPP

/// Drives a driver by hand, without Asio: operations that own their buffers, a slab that holds
/// them, and batches of completions.
///
/// ```cpp
/// auto opened = proactor::open_driver();
/// proactor::op::slab slab(std::move(opened.driver));
/// const auto file = slab.attach(descriptor);
/// slab.submit(file, proactor::op::read_at{std::string(4096, '\0'), 0}, 7);
///
/// std::array<proactor::op::completion, 16> room;
/// for (auto& done : slab.wait(proactor::op::slab::clock::time_point::max(), room))
///     if (!done.error())
///         text = done.take<proactor::op::read_at<std::string>>().buffer;
/// ```
///
/// For a program that thinks in readiness, as one over mio: a registration is an `op::poll` with
/// `many` set and a token, its end `slab::discard`, another interest both, and there is a `waker`.
///
/// Examples: `example/driver_by_hand`, `example/readiness_echo`.

#include <proactor/op/address.hpp>
#include <proactor/op/calls.hpp>
#include <proactor/op/completion.hpp>
#include <proactor/op/file_data.hpp>
#include <proactor/op/messages.hpp>
#include <proactor/op/names.hpp>
#include <proactor/op/operations.hpp>
#include <proactor/op/pooled.hpp>
#include <proactor/op/registered_memory.hpp>
#include <proactor/op/slab.hpp>
#include <proactor/open_driver.hpp>

#endif
