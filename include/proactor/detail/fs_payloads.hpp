#ifndef PROACTOR_DETAIL_FS_PAYLOADS_HPP
#define PROACTOR_DETAIL_FS_PAYLOADS_HPP

#include <proactor/detail/lone_operation.hpp>
#include <proactor/fs/location.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <tuple>
#include <utility>

/// What the functions of `proactor::fs` that go by names have in common.
namespace proactor::detail {

/// Owns names while the system may read them. `Make` gives the request from `request::name`s.
template <typename Make, std::size_t N>
class on_names
{
public:
    on_names(Make make, std::array<fs::location, N>&& names)
        : make_(std::move(make))
        , names_(std::move(names))
    {
    }

    void prepare(operation& op)
    {
        op.ask(std::apply([this](const auto&... l) { return make_(l.name()...); }, names_));
    }
    std::tuple<error_code> finish(const outcome& o) { return {make_error(o.error)}; }

private:
    Make make_;
    std::array<fs::location, N> names_;
};

/// Starts an operation on names, or ends it if the system cannot be asked for one of them.
template <typename Payload, typename Handler, typename Executor, typename... Args>
void start_if(bool valid, engine& e, Handler& handler, const Executor& ex, Args&&... args)
{
    if (valid)
        start_lone<Payload>(e, invalid_handle, lane::none, handler, ex,
                            std::forward<Args>(args)...);
    else
        complete_at_once<Payload>(e, {.error = EINVAL}, handler, ex, std::forward<Args>(args)...);
}

/// A function of names that completes with `void(error_code)`.
template <typename Token, typename Source, typename Make, std::size_t N>
auto async_on_names(Source& source, std::remove_reference_t<Token>& token,
                    std::array<fs::location, N> names, Make make)
{
    return initiate_lone<Token, void(error_code)>(
        executor_of(source), token,
        [names = std::move(names), make](engine& e, auto& handler, const auto& ex) mutable
        {
            bool valid = true;
            for (const fs::location& l : names)
                valid = valid && l.valid();
            start_if<on_names<Make, N>>(valid, e, handler, ex, make, std::move(names));
        });
}

} // namespace proactor::detail

#endif
