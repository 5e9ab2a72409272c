#ifndef PROACTOR_TEST_UNIT_ENGINE_LOOP_HPP
#define PROACTOR_TEST_UNIT_ENGINE_LOOP_HPP

#include <proactor/detail/engine.hpp>

#include <support/bounded.hpp>
#include <support/fake_driver.hpp>
#include <support/test_operation.hpp>

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace test {

/// An engine over a fake driver, and the run functions that a context makes of it.
class loop
{
public:
    using clock = proactor::detail::engine::clock;

    explicit loop(proactor::context_options options = without_spin())
        : loop(std::make_unique<fake_driver>(), options)
    {
    }

    ~loop()
    {
        // What a test hooks in refers to its own variables, which have gone when the engine goes.
        driver.when_looked_at = nullptr;
        driver.while_asleep = nullptr;
    }

    fake_driver& driver; ///< touched inside a handler, or with nobody running
    proactor::detail::engine engine;

    /// Runs until the engine stops, and returns the number of handlers.
    std::size_t run()
    {
        if (!engine.has_work())
            return 0;
        proactor::detail::engine::runner r(engine);
        if (!r.admitted())
            throw std::logic_error("not admitted");
        std::size_t n = 0;
        const auto limit = clock::now() + patience;
        while (r.run_one(limit))
            ++n;
        if (!engine.stopped())
            throw std::runtime_error("the engine did not stop in time");
        return n;
    }

    /// Runs one handler if it comes before the deadline.
    bool run_one(clock::time_point deadline = clock::now() + patience)
    {
        if (!engine.has_work())
            return false;
        proactor::detail::engine::runner r(engine);
        return r.run_one(deadline);
    }

    /// Runs what is ready.
    std::size_t poll()
    {
        if (!engine.has_work())
            return 0;
        proactor::detail::engine::runner r(engine);
        std::size_t n = 0;
        while (r.poll_one())
            ++n;
        return n;
    }

    void detach(proactor::attachment& a)
    {
        engine.detach(a, proactor::detail::engine::handle_then::kept);
    }

    std::uint64_t handlers() { return engine.metrics().handlers; }

    static proactor::context_options without_spin()
    {
        proactor::context_options o;
        o.spin = {};
        return o;
    }

private:
    loop(std::unique_ptr<fake_driver> d, const proactor::context_options& options)
        : driver(*d), engine(std::move(d), options)
    {
    }
};

/// Operations that write their number down when they complete.
class recorded
{
public:
    explicit recorded(std::size_t count)
    {
        for (std::size_t i = 0; i != count; ++i)
            ops_.push_back(std::make_unique<test_operation>(
                std::function<void()>([this, i] { order.push_back(i); })));
    }

    test_operation& operator[](std::size_t i) { return *ops_[i]; }
    std::size_t size() const { return ops_.size(); }

    bool each_ended_once() const
    {
        for (const auto& op : ops_)
            if (op->ends() != 1)
                return false;
        return true;
    }

    std::vector<std::size_t> order;

private:
    std::vector<std::unique_ptr<test_operation>> ops_;
};

} // namespace test

#endif
