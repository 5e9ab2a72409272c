#ifndef PROACTOR_REGISTERED_BUFFERS_HPP
#define PROACTOR_REGISTERED_BUFFERS_HPP

#include <proactor/buffer_traits.hpp>
#include <proactor/detail/hosted_executor.hpp>
#include <proactor/detail/lent_memory.hpp>
#include <proactor/detail/lone_operation.hpp>
#include <proactor/error.hpp>

#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace proactor {

/// A buffer of `registered_buffers`, which goes back there when it is destroyed, on whatever
/// thread.
///
/// Operations can own it, and it converts to `asio::mutable_buffer` for those that refer to their
/// memory. It outlives what it comes from, and its context: its memory then goes with the last of
/// the buffers.
class registered_buffer
{
public:
    /// Without memory, as one that was moved from.
    registered_buffer() = default;

    registered_buffer(registered_buffer&& other) noexcept
        : memory_(std::move(other.memory_)), index_(other.index_)
    {
    }
    registered_buffer& operator=(registered_buffer&& other) noexcept
    {
        registered_buffer taken(std::move(other));
        memory_.swap(taken.memory_);
        std::swap(index_, taken.index_);
        return *this;
    }
    ~registered_buffer()
    {
        if (memory_)
            memory_->give_back(index_);
    }

    explicit operator bool() const noexcept { return memory_ != nullptr; }

    std::byte* data() const noexcept { return memory_ ? memory_->part(index_) : nullptr; }
    std::size_t size() const noexcept { return memory_ ? memory_->size() : 0; }
    std::span<std::byte> bytes() const noexcept { return {data(), size()}; }

    operator asio::mutable_buffer() const noexcept { return {data(), size()}; }

private:
    friend class registered_buffers;

    registered_buffer(std::shared_ptr<detail::lent_memory> m, std::size_t index) noexcept
        : memory_(std::move(m)), index_(index)
    {
    }

    std::shared_ptr<detail::lent_memory> memory_;
    std::size_t index_ = 0;
};

template <>
struct buffer_traits<registered_buffer>
{
    static constexpr bool data_stays = true;
    static void* data(registered_buffer& b) noexcept { return b.data(); }
    static std::size_t size(const registered_buffer& b) noexcept { return b.size(); }
};

/// Buffers whose memory the system knows beforehand, so that reads and writes of files cost less.
///
/// The operations are the ordinary ones, with owned buffers or with `asio::buffer(b)`, of the whole
/// or a part: on a context whose driver is io_uring a read or write of a file, or a send without
/// copying, of one buffer within the memory becomes a fixed one. All else, another context's operations, a driver that knows no such thing
/// and lists of buffers, uses the memory as any other.
///
/// The context must outlive the object, as with I/O objects, but not the buffers. Operations in
/// flight may outlive all of them.
///
/// Threads: `acquire`, `available` and the end of a buffer are safe on any thread, also beside each
/// other.
///
/// Errors: that the system does not know the memory is no error of construction, but said by
/// `registration_error()`. It counts as locked memory, of which a process may have little (`ulimit
/// -l`).
class registered_buffers
{
public:
    /// `count` buffers of `size` bytes, in memory of the object's own. Those of a page and more
    /// begin at the start of one. `context` is a context, an executor or an I/O object.
    template <typename Source>
    registered_buffers(Source&& context, std::size_t count, std::size_t size)
        : registered_buffers(engine_behind(context),
                             std::make_shared<detail::lent_memory>(count, size))
    {
    }

    /// As many of `size` bytes as fit into memory of the user's, which must stay mapped until the
    /// object and all buffers have gone.
    template <typename Source>
    registered_buffers(Source&& context, std::span<std::byte> memory, std::size_t size)
        : registered_buffers(engine_behind(context),
                             std::make_shared<detail::lent_memory>(memory, size))
    {
    }

    /// What was moved from can only be destroyed or assigned to.
    registered_buffers(registered_buffers&&) noexcept = default;
    registered_buffers& operator=(registered_buffers&& other) noexcept
    {
        registered_buffers taken(std::move(other));
        memory_.swap(taken.memory_);
        registration_.swap(taken.registration_);
        return *this;
    }

    /// A buffer, or one without memory if all are in use.
    registered_buffer acquire() noexcept
    {
        const std::size_t index = memory_->take();
        return index == detail::lent_memory::none ? registered_buffer()
                                                  : registered_buffer(memory_, index);
    }

    /// Those that are not in use, a moment ago.
    std::size_t available() const noexcept { return memory_->available(); }
    std::size_t count() const noexcept { return memory_->count(); }
    std::size_t buffer_size() const noexcept { return memory_->size(); }

    /// All of the memory. Operations on any part of it are served alike.
    std::span<std::byte> memory() const noexcept { return memory_->bytes(); }

    /// Why the system does not know the memory: `errc::operation_not_supported` by the driver, or
    /// the context is not a `proactor::io_context`; `errc::not_enough_memory` beyond what may be
    /// locked; `errc::no_buffer_space` of more than a gigabyte or none, and after 256 on one
    /// context; or another code of the system's. No error: it knows it.
    error_code registration_error() const
    {
        return detail::make_error(registration_ ? registration_->error() : EOPNOTSUPP);
    }
    bool registered() const { return !registration_error(); }

private:
    class registration
    {
    public:
        registration(detail::engine& e, std::span<std::byte> memory) : engine_(e), region_(memory)
        {
            engine_.register_memory(region_);
        }
        ~registration() { engine_.forget_memory(region_); }
        registration(const registration&) = delete;
        registration& operator=(const registration&) = delete;

        int error() { return engine_.memory_error(region_); }

    private:
        detail::engine& engine_;
        memory_region region_;
    };

    template <typename Source>
    static detail::engine* engine_behind(Source& source)
    {
        io_context* ours = detail::our_context(detail::executor_of(source));
        return ours ? &ours->engine() : nullptr;
    }

    registered_buffers(detail::engine* e, std::shared_ptr<detail::lent_memory> m)
        : memory_(std::move(m)),
          registration_(e ? std::make_unique<registration>(*e, memory_->bytes()) : nullptr)
    {
    }

    std::shared_ptr<detail::lent_memory> memory_;
    std::unique_ptr<registration> registration_; // goes before its memory
};

} // namespace proactor

#endif
