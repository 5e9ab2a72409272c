#include "probe.hpp"

#include "abi.hpp"

#include <array>
#include <cstddef>
#include <liburing.h>
#include <utility>

namespace proactor::io_uring {

namespace {

constexpr int none = -1;
constexpr int nowhere = 255; ///< an opcode that no kernel has

/// The opcodes that a request may need.
struct need
{
    int one, other;

    constexpr need(const request::nothing&) : need(IORING_OP_NOP) {}
    constexpr need(const request::read&) : need(IORING_OP_READ, IORING_OP_READV) {}
    constexpr need(const request::write&) : need(IORING_OP_WRITE, IORING_OP_WRITEV) {}
    constexpr need(const request::read_at&) : need(IORING_OP_READ, IORING_OP_READV) {}
    constexpr need(const request::write_at&) : need(IORING_OP_WRITE, IORING_OP_WRITEV) {}
    constexpr need(const request::receive&) : need(IORING_OP_RECV, IORING_OP_RECVMSG) {}
    constexpr need(const request::send&) : need(IORING_OP_SEND, IORING_OP_SENDMSG) {}
    constexpr need(const request::receive_message&) : need(IORING_OP_RECVMSG) {}
    constexpr need(const request::send_message&) : need(IORING_OP_SENDMSG) {}
    constexpr need(const request::accept&) : need(IORING_OP_ACCEPT) {}
    constexpr need(const request::connect&) : need(IORING_OP_CONNECT) {}
    constexpr need(const request::poll&) : need(IORING_OP_POLL_ADD) {}
    constexpr need(const request::open&) : need(IORING_OP_OPENAT) {}
    constexpr need(const request::sync&) : need(IORING_OP_FSYNC) {}
    constexpr need(const request::close&) : need(IORING_OP_CLOSE) {}
    constexpr need(const request::call&) : need(nowhere) {}
    constexpr need(const request::stat&) : need(IORING_OP_STATX) {}
    constexpr need(const request::rename&) : need(IORING_OP_RENAMEAT) {}
    constexpr need(const request::remove&) : need(IORING_OP_UNLINKAT) {}
    constexpr need(const request::create_directory&) : need(IORING_OP_MKDIRAT) {}
    constexpr need(const request::link&) : need(IORING_OP_LINKAT) {}
    constexpr need(const request::symlink&) : need(IORING_OP_SYMLINKAT) {}
    constexpr need(const request::truncate&) : need(abi::op_ftruncate) {}
    constexpr need(const request::allocate&) : need(IORING_OP_FALLOCATE) {}
    constexpr need(const request::advise&) : need(IORING_OP_FADVISE) {}
    constexpr need(const request::sync_range&) : need(IORING_OP_SYNC_FILE_RANGE) {}
    constexpr need(const request::receive_pooled&) : need(IORING_OP_RECV, IORING_OP_RECVMSG) {}
    constexpr need(const request::read_pooled&) : need(IORING_OP_READ) {}
    constexpr need(const request::read_pooled_at&) : need(IORING_OP_READ) {}
    constexpr need(const request::await_buffer&) : need(nowhere) {} // the driver's base does it
    constexpr need(const request::send_file&) : need(nowhere) {}
    constexpr need(const request::send_zc&) : need(IORING_OP_SEND_ZC, IORING_OP_SENDMSG_ZC) {}

private:
    constexpr need(int a, int b = none) : one(a), other(b) {}
};

constexpr auto needs = request::any::of_all([]<typename... R>() { return std::array{need(R{})...}; });

bool has(const opcodes& supported, int op) noexcept
{
    return op == none || supported.test(static_cast<std::size_t>(op));
}

} // namespace

opcodes supported_opcodes(int ring_fd) noexcept
{
    // io_uring_register(2): the header is followed by an array, one element an opcode.
    constexpr unsigned most = 256;
    alignas(io_uring_probe) std::byte
        memory[sizeof(io_uring_probe) + most * sizeof(io_uring_probe_op)]{};
    auto& answer = *reinterpret_cast<io_uring_probe*>(memory);
    opcodes supported;
    if (io_uring_register(static_cast<unsigned>(ring_fd), IORING_REGISTER_PROBE, &answer, most) < 0)
        return supported;
    for (unsigned i = 0; i != answer.ops_len; ++i)
        if (answer.ops[i].flags & IO_URING_OP_SUPPORTED)
            supported.set(answer.ops[i].op);
    return supported;
}

opcodes required() noexcept
{
    return opcodes().set(IORING_OP_NOP).set(IORING_OP_POLL_ADD).set(IORING_OP_ASYNC_CANCEL);
}

request_set served_by(const opcodes& supported) noexcept
{
    request_set served;
    for (std::size_t i = 0; i != needs.size(); ++i)
        served[i] = has(supported, needs[i].one) && has(supported, needs[i].other);
    return served;
}

bool can_receive_multishot(const opcodes& supported) noexcept
{
    return has(supported, IORING_OP_SEND_ZC);
}

bool can_receive_in_parts(const opcodes& supported, unsigned features) noexcept
{
    return can_receive_multishot(supported) && (features & abi::feature_no_iowait);
}

bool can_receive_bundles(const opcodes& supported, unsigned features) noexcept
{
    return can_receive_in_parts(supported, features) && has(supported, abi::op_pipe);
}

bool can_accept_multishot(const opcodes& supported) noexcept
{
    return multishot_accepts && has(supported, IORING_OP_SOCKET);
}

} // namespace proactor::io_uring
