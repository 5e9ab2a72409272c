#include "probe.hpp"

#include <array>
#include <cstddef>

namespace proactor::io_uring {

namespace {

constexpr std::array needed{
    IORING_OP_NOP,     IORING_OP_READ,     IORING_OP_WRITE,    IORING_OP_READV,
    IORING_OP_WRITEV,  IORING_OP_RECV,     IORING_OP_SEND,     IORING_OP_RECVMSG,
    IORING_OP_SENDMSG, IORING_OP_ACCEPT,   IORING_OP_CONNECT,  IORING_OP_POLL_ADD,
    IORING_OP_OPENAT,  IORING_OP_FSYNC,    IORING_OP_CLOSE,    IORING_OP_ASYNC_CANCEL,
};

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

int missing_opcode(const opcodes& supported) noexcept
{
    for (const int op : needed)
        if (!supported.test(static_cast<std::size_t>(op)))
            return op;
    return -1;
}

} // namespace proactor::io_uring
