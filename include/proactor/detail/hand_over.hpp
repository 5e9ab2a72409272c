#ifndef PROACTOR_DETAIL_HAND_OVER_HPP
#define PROACTOR_DETAIL_HAND_OVER_HPP

#include <proactor/detail/asio_detail.hpp>

#include <cassert>
#include <concepts>
#include <memory>
#include <utility>

namespace proactor::detail {

/// Asio's service that one of ours stands for, as `type`: see `asio_hooks.hpp`.
template <typename Ours>
struct stands_for;

/// Base of a service whose objects can be moved into objects that Asio serves itself: in typed width,
/// those with an erased executor.
///
/// Asio's constructor of the new object takes `&other.get_service()` for one of its own services, and
/// then gives that `other.get_implementation()` for one of its own implementations to move from. So the
/// address of our service is Asio's service, and our implementation converts to one of Asio's, which
/// `give` has let take over the handle. Nothing comes between the two steps.
template <typename Ours>
class gives_objects
{
public:
    template <typename Service = Ours>
    typename stands_for<Service>::type* operator&()
    {
        giver() = static_cast<Ours*>(this);
        return std::addressof(theirs(*giver()));
    }

private:
    template <typename, typename>
    friend struct given_implementation;

    static Ours*& giver() noexcept
    {
        static thread_local Ours* on_this_thread = nullptr;
        return on_this_thread;
    }

    template <typename Service>
    static auto& theirs(Service& ours)
    {
        return asio::use_service<typename stands_for<Service>::type>(ours.context());
    }
};

/// Base of that service's implementations.
template <typename Ours, typename Implementation>
struct given_implementation
{
    /// Asio moves from the result at once.
    template <typename Theirs>
        requires std::same_as<Theirs, typename stands_for<Ours>::type::implementation_type>
    operator Theirs&()
    {
        static thread_local Theirs given;
        using from = gives_objects<Ours>;
        Ours* const ours = std::exchange(from::giver(), nullptr);
        assert(ours && "an implementation converts only behind its service's address");
        auto& theirs = from::theirs(*ours);
        theirs.construct(given);
        ours->give(static_cast<Implementation&>(*this), theirs, given);
        return given;
    }
};

} // namespace proactor::detail

#endif
