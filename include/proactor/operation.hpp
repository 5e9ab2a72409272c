#ifndef PROACTOR_OPERATION_HPP
#define PROACTOR_OPERATION_HPP

#include <proactor/detail/intrusive_queue.hpp>
#include <proactor/request.hpp>

#include <cstddef>
#include <cstdint>

namespace proactor {

class attachment;

/// The queue of its handle in which an operation waits for its turn. Operations of one lane are in
/// the kernel one at a time, because kernels keep no order among several; those of lane `none`
/// (positioned file operations) all at once.
enum class lane : std::uint8_t
{
    read,
    write,
    except,
    none
};

inline constexpr std::size_t ordered_lanes = 3;

/// What an operation came to.
struct outcome
{
    std::int32_t error = 0;   ///< the system's code; 0 is success, negative a layer's above
    std::uint32_t flags = 0;  ///< the driver's, of the terminal completion
    std::uint64_t value = 0;  ///< bytes or handle, see the request
};

/// One operation: from initiation to its one end, in memory that its creator owns.
///
/// The creator fills `request` and submits it; nobody copies or moves it. Its end is one call of
/// its completion function: *invoke*, or *destroy* (the owner is null), which must release its
/// memory without calling the user.
///
/// The base is its link in the attachment's list of what has been submitted and not given back.
class operation : public detail::list_hook
{
public:
    /// `owner` is the engine that completes it, or null to destroy.
    using completion_function = void (*)(void* owner, operation& self);

    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    void complete(void* owner) { function_(owner, *this); }
    void destroy() { function_(nullptr, *this); }

    /// Link of the one queue (ready, mailbox, abandoned) that it stands in. Not with the driver.
    operation* next = nullptr;

    request::any request;
    proactor::outcome outcome;

    /// Sets the request in its place.
    template <typename Request>
    void ask(const Request& r) noexcept
    {
        request.emplace<Request>(r);
    }

    /// Identifies an operation to the cancellation slot that may cancel it. Compared, not followed.
    const void* cancellation_key = nullptr;

    // Below: for drivers and the engine.

    attachment* attached = nullptr;
    proactor::lane lane = proactor::lane::none;

    enum class phase : std::uint8_t
    {
        idle,      ///< not with a driver
        queued,    ///< behind others of its lane
        in_flight, ///< the kernel may touch it
        polled,    ///< in flight as a wait for readiness, to be tried again
        untried,   ///< in the driver's queue of what it tries next
        pooled,    ///< with the blocking pool
        between,   ///< two parts of a whole transfer
        held       ///< done but for its buffers, which the kernel still reads
    } phase = phase::idle;

    bool cancel_requested = false;
    bool immediate = false; ///< set by the driver: done as soon as it was asked for
    bool internal = false; ///< of a service, not a user: counts as no work and no handler
    bool found_along = false; ///< a wait beside one that has been delivered, see `driver::deliver`
    bool followed = false; ///< set by the driver: begun when the one before it in its lane had ended

    std::uint32_t driver_turn = 0; ///< the driver's own, while in flight
    std::uint32_t generation = 0; ///< of its attachment, when it was submitted

    /// The driver's own, while in flight: an OVERLAPPED, a message header.
    alignas(8) std::byte scratch[56];

protected:
    explicit operation(completion_function f) noexcept
        : function_(f)
    {
    }
    ~operation() = default;

private:
    completion_function function_;
};

static_assert(sizeof(void*) != 8 || sizeof(operation) <= 192);

/// An operation with results before its terminal one, which a driver hands over when it reaps them. That
/// runs no code of a user's: the owner keeps what it is given, and may be given more before it looks.
class multishot_operation : public operation
{
public:
    using item_function = void (*)(multishot_operation& self, std::uint64_t value);

    void item(std::uint64_t value) { item_(*this, value); }

    /// Set by the owner inside `item`, which may still be called a few times: the driver ends the operation,
    /// with value 0.
    bool enough = false;

protected:
    multishot_operation(completion_function f, item_function i) noexcept
        : operation(f)
        , item_(i)
    {
    }
    ~multishot_operation() = default;

private:
    item_function item_;
};

using operation_queue = detail::intrusive_queue<operation>;

} // namespace proactor

#endif
