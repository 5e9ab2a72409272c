#ifndef PROACTOR_SRC_RECYCLED_HPP
#define PROACTOR_SRC_RECYCLED_HPP

#include <proactor/detail/at_fork.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace proactor::detail {

/// Objects of threads: a thread takes one when it first needs it and puts it back when it ends, for
/// threads to come. None is ever destroyed, so whoever has a pointer may follow it.
template <typename T>
class recycled
{
public:
    static T& take()
    {
        pool& p = get();
        std::lock_guard held(leaf_mutex());
        if (!p.idle.empty())
        {
            T* t = p.idle.back();
            p.idle.pop_back();
            return *t;
        }
        p.idle.reserve(p.all.size() + 1); // so that putting back does not throw
        p.all.push_back(std::make_unique<T>());
        return *p.all.back();
    }

    static void put_back(T& t) noexcept
    {
        pool& p = get();
        std::lock_guard held(leaf_mutex());
        p.idle.push_back(&t);
    }

private:
    struct pool
    {
        std::vector<std::unique_ptr<T>> all;
        std::vector<T*> idle;
    };

    /// Never destroyed: destructors of other static objects may need it.
    static pool& get()
    {
        static pool* const only = new pool;
        return *only;
    }
};

} // namespace proactor::detail

#endif
