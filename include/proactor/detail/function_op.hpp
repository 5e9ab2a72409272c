#ifndef PROACTOR_DETAIL_FUNCTION_OP_HPP
#define PROACTOR_DETAIL_FUNCTION_OP_HPP

#include <proactor/detail/engine.hpp>
#include <proactor/detail/operation_allocator.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace proactor::detail {

/// A function that the loop calls: what an executor posts.
template <typename Function, typename Allocator>
class function_op final : public operation
{
    using memory = operation_allocator<function_op, Allocator>;
    using allocator = typename memory::type;
    using traits = std::allocator_traits<allocator>;

public:
    template <typename F>
    static function_op& create(F&& f, const Allocator& a)
    {
        allocator memory_allocator = memory::get(a);
        function_op* p = traits::allocate(memory_allocator, 1);
        try
        {
            return *::new (static_cast<void*>(p)) function_op(std::forward<F>(f), a);
        }
        catch (...)
        {
            traits::deallocate(memory_allocator, p, 1);
            throw;
        }
    }

private:
    template <typename F>
    function_op(F&& f, const Allocator& a)
        : operation(&function_op::end)
        , function_(std::forward<F>(f))
        , allocator_(a)
    {
    }

    static void end(void* owner, operation& base)
    {
        auto& self = static_cast<function_op&>(base);
        Function function(std::move(self.function_));
        allocator a = memory::get(self.allocator_);
        self.~function_op();
        traits::deallocate(a, &self, 1);
        if (owner)
            std::move(function)();
    }

    Function function_;
    Allocator allocator_;
};

template <typename Function, typename Allocator>
void post_function(engine& e, Function&& f, const Allocator& a, bool continuation = false)
{
    auto& op
        = function_op<std::decay_t<Function>, Allocator>::create(std::forward<Function>(f), a);
    if (continuation)
        e.defer(op);
    else
        e.post(op);
}

} // namespace proactor::detail

#endif
