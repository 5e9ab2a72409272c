#include "aio_queue.hpp"

#include <proactor/attachment.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace proactor::linux_aio {

static_assert(sizeof(native_buffer) == sizeof(iovec));
static_assert(offsetof(native_buffer, data) == offsetof(iovec, iov_base));
static_assert(offsetof(native_buffer, size) == offsetof(iovec, iov_len));

namespace {

template <typename Request>
void fill(iocb& block, const Request& r, std::uint16_t opcode) noexcept
{
    block.aio_lio_opcode = opcode;
    block.aio_buf = reinterpret_cast<std::uintptr_t>(r.buffers.data());
    block.aio_nbytes = r.buffers.size();
    block.aio_offset = static_cast<std::int64_t>(r.offset);
}

/// In the operation's scratch, so that a cancellation finds it.
iocb* block_of(const operation& op) noexcept
{
    iocb* block;
    std::memcpy(&block, op.scratch, sizeof block);
    return block;
}

} // namespace

aio_queue::~aio_queue()
{
    // First, while all members are alive: it returns when nothing is in flight any more.
    if (context_)
        ::syscall(SYS_io_destroy, context_);
    if (event_ >= 0)
        ::close(event_);
}

int aio_queue::open(unsigned depth)
{
    event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event_ < 0 || ::syscall(SYS_io_setup, depth, &context_) < 0)
        return errno;
    blocks_.resize(depth);
    free_.reserve(depth);
    prepared_.reserve(depth);
    for (iocb& block : blocks_)
        free_.push_back(&block);
    return 0;
}

void aio_queue::part_from_parent() noexcept
{
    context_ = 0; // belongs to the parent's address space
    if (event_ >= 0)
        ::close(std::exchange(event_, -1));
}

void aio_queue::forget_all() noexcept
{
    blocks_.clear();
    free_.clear();
    prepared_.clear();
    in_flight_ = 0;
    due_ = 0;
}

bool aio_queue::prepare(operation& op) noexcept
{
    if (free_.empty())
        return false;
    iocb* const block = free_.back();
    free_.pop_back();
    *block = {};
    if (const auto* r = op.request.get_if<request::read_at>())
        fill(*block, *r, IOCB_CMD_PREADV);
    else
        fill(*block, op.request.get<request::write_at>(), IOCB_CMD_PWRITEV);
    block->aio_data = reinterpret_cast<std::uintptr_t>(&op);
    block->aio_fildes = static_cast<std::uint32_t>(op.attached->handle());
    block->aio_rw_flags = RWF_NOWAIT;
    block->aio_flags = IOCB_FLAG_RESFD;
    block->aio_resfd = static_cast<std::uint32_t>(event_);
    std::memcpy(op.scratch, &block, sizeof block);
    prepared_.push_back(block);
    return true;
}

/// One call of the kernel, which takes from the front up to the first that it refuses. That one it
/// names by an error only where it stands first: then it is dropped, and the error returned.
int aio_queue::hand_over() noexcept
{
    const long taken = ::syscall(SYS_io_submit, context_, prepared_.size(), prepared_.data());
    if (taken < 0)
    {
        const int error = errno;
        release(prepared_.front());
        prepared_.erase(prepared_.begin());
        return error;
    }
    in_flight_ += static_cast<unsigned>(taken);
    prepared_.erase(prepared_.begin(), prepared_.begin() + taken);
    return 0;
}

void aio_queue::count_events() noexcept
{
    std::uint64_t told = 0;
    if (::read(event_, &told, sizeof told) == sizeof told)
        due_ += told;
}

/// Never more than the eventfd has told. The kernel shows an event before it tells: one taken in
/// between would leave the eventfd readable, and nothing to reap.
std::span<io_event> aio_queue::take(std::span<io_event> room) noexcept
{
    const auto most = static_cast<long>(std::min<std::uint64_t>(due_, room.size()));
    if (most == 0)
        return {};
    timespec at_once{};
    const long taken = ::syscall(SYS_io_getevents, context_, most, most, room.data(), &at_once);
    if (taken <= 0)
        return {};
    due_ -= static_cast<std::uint64_t>(taken);
    in_flight_ -= static_cast<unsigned>(taken);
    return room.first(static_cast<std::size_t>(taken));
}

bool aio_queue::cancel(operation& op) noexcept
{
    iocb* const block = block_of(op);
    if (const auto i = std::find(prepared_.begin(), prepared_.end(), block); i != prepared_.end())
    {
        prepared_.erase(i);
        release(block);
        return true;
    }
    // Whatever it says, the completion comes through the queue and not, as the manual has it, here.
    io_event unused;
    ::syscall(SYS_io_cancel, context_, block, &unused);
    return false;
}

void aio_queue::release(iocb* block) noexcept
{
    free_.push_back(block);
}

} // namespace proactor::linux_aio
