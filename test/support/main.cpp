#include "skip.hpp"

#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <iostream>
#include <set>
#include <string>

namespace {

namespace ut = boost::unit_test;

/// Tells "all passed" from "nothing could run here", and keeps what was left out and why.
struct skip_counter : ut::test_observer
{
    void test_unit_finish(const ut::test_unit& unit, unsigned long) override
    {
        ran += unit.p_type == ut::TUT_CASE;
    }

    void test_unit_skipped(const ut::test_unit& unit, ut::const_string reason) override
    {
        if (unit.is_enabled()) // asked for, and its precondition does not hold
            left_out.insert(unit.full_name() + ": " + std::string(reason.begin(), reason.end()));
    }

    int ran = 0;
    std::set<std::string> left_out;
};

skip_counter counter;

bool start()
{
    ut::framework::register_observer(counter);
    return true;
}

constexpr int exit_skipped = 77;

} // namespace

void test::skipped(const std::string& reason)
{
    counter.left_out.insert(ut::framework::current_test_case().full_name() + ": " + reason);
}

int main(int argc, char** argv)
{
    // Boost.Test's signal handlers hide crashes from the sanitizers and count a child process that
    // ends by a signal as a failure of the test that asked for it.
    ::setenv("BOOST_TEST_CATCH_SYSTEM_ERRORS", "no", 0);

    const int status = ut::unit_test_main(&start, argc, argv);
    const bool nothing_ran = status == 0 && counter.ran == 0 && !counter.left_out.empty();
    for (const std::string& what : counter.left_out)
        std::cout << (nothing_ran ? "cannot run " : "left out: ") << what << std::endl;
    return nothing_ran ? exit_skipped : status;
}
