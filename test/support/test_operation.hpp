#ifndef PROACTOR_TEST_SUPPORT_TEST_OPERATION_HPP
#define PROACTOR_TEST_SUPPORT_TEST_OPERATION_HPP

#include <proactor/operation.hpp>

#include <functional>
#include <utility>

namespace test {

/// An operation that a test owns, and that counts its ends. One too many shows in `ends`.
class test_operation : public proactor::operation
{
public:
    explicit test_operation(proactor::request::any r = proactor::request::nothing{})
        : operation(&end)
    {
        request = std::move(r);
    }

    explicit test_operation(std::function<void()> handler)
        : operation(&end), when_completed(std::move(handler))
    {
    }

    bool done() const noexcept { return completed != 0; }
    int ends() const noexcept { return completed + destroyed; }

    int error() const noexcept { return outcome.error; }
    std::uint64_t value() const noexcept { return outcome.value; }

    std::function<void()> when_completed;
    std::function<void()> when_destroyed;
    int completed = 0;
    int destroyed = 0;
    void* owner = nullptr; ///< who completed it

private:
    static void end(void* owner, operation& self)
    {
        auto& op = static_cast<test_operation&>(self);
        ++(owner ? op.completed : op.destroyed);
        op.owner = owner;
        if (auto& then = owner ? op.when_completed : op.when_destroyed)
            then();
    }
};

} // namespace test

#endif
