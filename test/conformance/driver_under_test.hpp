#ifndef PROACTOR_TEST_CONFORMANCE_DRIVER_UNDER_TEST_HPP
#define PROACTOR_TEST_CONFORMANCE_DRIVER_UNDER_TEST_HPP

#include "../../src/driver/io_uring/io_uring_driver.hpp"

#include <proactor/open_driver.hpp>

#include <support/bounded.hpp>
#include <support/handles.hpp>
#include <support/recording_driver.hpp>
#include <support/test_operation.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

using proactor::attachment;
using proactor::invalid_handle;
using proactor::lane;
using proactor::operation_queue;

namespace request = proactor::request;

/// The driver that PROACTOR_DRIVER names, or io_uring. With PROACTOR_TEST_MASKED, a kernel that has no
/// opcode but those that nothing can stand in for.
inline proactor::open_driver_result open_under_test(proactor::driver_options options)
{
    if (std::getenv("PROACTOR_TEST_MASKED"))
        return proactor::io_uring::open(options, ~proactor::io_uring::required());
    if (!std::getenv("PROACTOR_DRIVER"))
        options.name = "io_uring";
    return proactor::open_driver(options);
}

/// One driver, driven by hand.
class driver_under_test
{
public:
    using clock = proactor::driver::clock;

    explicit driver_under_test(unsigned entries)
        : driver_under_test(proactor::driver_options{.entries = entries})
    {
    }

    explicit driver_under_test(const proactor::driver_options& options)
        : driver_under_test(options.entries, open_under_test(options))
    {
    }

    driver_under_test(unsigned entries, proactor::open_driver_result opened) : entries(entries)
    {
        if (!opened.driver)
            throw std::system_error(opened.error, std::generic_category(), opened.reason);
        driver_ = std::move(opened.driver);
        if (std::getenv("PROACTOR_TEST_RECORDED"))
            driver_ = std::make_unique<recording_driver>(std::move(driver_));
    }

    ~driver_under_test()
    {
        operation_queue left;
        driver_->shut_down(left);
        while (left.pop())
            ;
    }

    const unsigned entries;

    proactor::driver& operator*() const { return *driver_; }
    proactor::driver* operator->() const { return driver_.get(); }

    attachment& attach(const handle& h) { return driver_->attach(h.get()); }

    /// Submits one operation and asks the system for it.
    void start(proactor::operation& op, attachment& a, lane l = lane::none)
    {
        driver_->submit(op, a, l);
        driver_->flush();
    }

    /// Delivers what is complete. Does not wait.
    void reap()
    {
        operation_queue completed;
        driver_->reap(completed);
        deliver(completed);
    }

    /// Waits once.
    void wait(clock::time_point deadline = clock::now() + patience)
    {
        operation_queue completed;
        driver_->wait(deadline, completed);
        deliver(completed);
    }

    /// Waits until the condition holds. False: it took too long.
    template <typename Condition>
    bool wait_until(Condition done)
    {
        const auto limit = clock::now() + patience;
        while (!done())
        {
            if (clock::now() > limit)
                return false;
            wait(limit);
        }
        return true;
    }

    bool wait_for(const test_operation& op)
    {
        return wait_until([&] { return op.done(); });
    }

    bool wait_for_all(const std::deque<test_operation>& ops)
    {
        return wait_until([&] {
            return std::all_of(ops.begin(), ops.end(), [](auto& op) { return op.done(); });
        });
    }

    /// Looks often enough for the system to have completed what it can.
    void settle()
    {
        for (int i = 0; i != 20; ++i)
        {
            test_operation op;
            attachment& a = driver_->attach(invalid_handle);
            start(op, a);
            if (!wait_for(op))
                throw std::runtime_error("an operation without effect does not complete");
            driver_->detach(a);
            given.pop_back();
        }
    }

    std::vector<proactor::operation*> given; ///< back, in order

private:
    void deliver(operation_queue& completed)
    {
        while (proactor::operation* op = completed.pop())
        {
            driver_->deliver(*op);
            given.push_back(op);
            op->complete(this);
        }
    }

    std::unique_ptr<proactor::driver> driver_;
};

/// Runs a body over queues that hold everything, and over ones that are soon full.
inline void on_each_size(void (*body)(driver_under_test&))
{
    for (const unsigned entries : {256u, 4u, 8u})
        BOOST_TEST_CONTEXT("entries: " << entries)
        {
            driver_under_test d(entries);
            body(d);
        }
}

} // namespace test

/// A test case over `driver_under_test& d` that asserts the promises named by `tags`.
#define CONFORMANCE_CASE(name, tags)                                                               \
    static void name##_over(test::driver_under_test& d);                                           \
    BOOST_AUTO_TEST_CASE(name, *boost::unit_test::description(tags))                               \
    {                                                                                              \
        test::on_each_size(&name##_over);                                                          \
    }                                                                                              \
    static void name##_over([[maybe_unused]] test::driver_under_test& d)

#endif
