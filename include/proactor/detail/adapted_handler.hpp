#ifndef PROACTOR_DETAIL_ADAPTED_HANDLER_HPP
#define PROACTOR_DETAIL_ADAPTED_HANDLER_HPP

#include <proactor/detail/invoke_hook.hpp>

#include <boost/asio/associator.hpp>

#include <type_traits>
#include <utility>

namespace proactor::detail {

/// A handler behind an adaptor, which is called with the handler and the arguments and passes on
/// what it makes of them. Everything associated with the handler stays associated, its hooks too.
template <typename Handler, typename Adaptor>
class adapted_handler : public before_a_handler
{
public:
    template <typename H>
    adapted_handler(H&& handler, Adaptor&& adaptor)
        : handler_(std::forward<H>(handler)), adaptor_(std::move(adaptor))
    {
    }

    template <typename... Args>
    void operator()(Args&&... args)
    {
        adaptor_(handler_, std::forward<Args>(args)...);
    }

    Handler& handler() noexcept { return handler_; }
    const Handler& handler() const noexcept { return handler_; }
    const Adaptor& adaptor() const noexcept { return adaptor_; }

private:
    Handler handler_;
    Adaptor adaptor_;
};

template <typename Handler, typename Adaptor>
adapted_handler<std::decay_t<Handler>, Adaptor> adapt_handler(Handler&& handler, Adaptor adaptor)
{
    return {std::forward<Handler>(handler), std::move(adaptor)};
}

} // namespace proactor::detail

namespace boost::asio {

template <template <typename, typename> class Associator, typename Handler, typename Adaptor,
          typename Default>
struct associator<Associator, proactor::detail::adapted_handler<Handler, Adaptor>, Default>
    : Associator<Handler, Default>
{
    using adapted = proactor::detail::adapted_handler<Handler, Adaptor>;

    static typename Associator<Handler, Default>::type get(const adapted& h) noexcept
    {
        return Associator<Handler, Default>::get(h.handler());
    }
    static auto get(const adapted& h, const Default& d) noexcept
        -> decltype(Associator<Handler, Default>::get(h.handler(), d))
    {
        return Associator<Handler, Default>::get(h.handler(), d);
    }
};

} // namespace boost::asio

#endif
