#ifndef PROACTOR_DETAIL_ALLOCATE_HOOK_HPP
#define PROACTOR_DETAIL_ALLOCATE_HOOK_HPP

#include <boost/asio/detail/handler_alloc_helpers.hpp>

// Asked of the header that the release has included: the file may be that of another one, farther down
// the search path.
#if !defined(BOOST_ASIO_NO_DEPRECATED) && defined(BOOST_ASIO_HAS_HANDLER_HOOKS) \
    && defined(BOOST_ASIO_HANDLER_ALLOC_HOOK_HPP)
#    define PROACTOR_HAS_ALLOCATE_HOOK 1
#else
#    define PROACTOR_HAS_ALLOCATE_HOOK 0
#endif

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace proactor::detail {

#if PROACTOR_HAS_ALLOCATE_HOOK

namespace allocate_hook {

struct none
{
};

/// Ambiguous with Asio's own that takes everything, and so nothing is found but real hooks.
none asio_handler_allocate(std::size_t, ...);

/// Becomes the address of a handler for a hook that names the type, and not for those that deduce it: so
/// Asio's handlers pass hooks of others on.
template <typename Handler>
struct stand_in
{
    operator Handler*() const;
};

template <typename Handler>
concept own = std::is_class_v<Handler> && requires(const stand_in<Handler>& h)
{
    {
        asio_handler_allocate(std::size_t(), h)
        } -> std::same_as<void*>;
};

template <typename Handler>
concept passed_on = requires(Handler* h)
{
    {
        asio_handler_allocate(std::size_t(), h)
        } -> std::same_as<void*>;
};

template <typename Handler>
inline constexpr bool found = own<Handler>;
template <template <typename...> typename Before, typename... Types>
inline constexpr bool found<Before<Types...>>
    = own<Before<Types...>> || (passed_on<Before<Types...>> && (found<Types> || ...));

} // namespace allocate_hook

/// Whether the memory of a handler's operations comes from its `asio_handler_allocate`, or from that of
/// the handler which it stands before: older releases of Boost ask it unless there is an allocator.
template <typename Handler>
inline constexpr bool has_allocate_hook = allocate_hook::found<Handler>;

/// Room from a handler's hook, given back unless it is taken.
template <typename Handler>
class hooked_room
{
public:
    hooked_room(const hooked_room&) = delete;
    hooked_room& operator=(const hooked_room&) = delete;
    hooked_room(Handler& handler, std::size_t size, void* taken) noexcept
        : handler_(handler)
        , size_(size)
        , block_(taken)
    {
    }
    hooked_room(Handler& handler, std::size_t size)
        : hooked_room(handler, size, nullptr)
    {
        using boost::asio::asio_handler_allocate;
        block_ = asio_handler_allocate(size, std::addressof(handler));
    }
    ~hooked_room()
    {
        using boost::asio::asio_handler_deallocate;
        if (block_)
            asio_handler_deallocate(block_, size_, std::addressof(handler_));
    }

    void* get() const noexcept { return block_; }
    void take() noexcept { block_ = nullptr; }

private:
    Handler& handler_;
    const std::size_t size_;
    void* block_;
};

#else

template <typename>
inline constexpr bool has_allocate_hook = false;
template <typename Handler>
class hooked_room; // never made

#endif

} // namespace proactor::detail

#endif
