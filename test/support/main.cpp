#define BOOST_TEST_NO_MAIN
#define BOOST_TEST_ALTERNATIVE_INIT_API

#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>

namespace {

namespace ut = boost::unit_test;

/// Tells "all passed" from "nothing could run here".
struct skip_counter : ut::test_observer
{
    void test_unit_finish(const ut::test_unit& unit, unsigned long) override
    {
        ran += unit.p_type == ut::TUT_CASE;
    }

    void test_unit_skipped(const ut::test_unit&, ut::const_string) override { ++skipped; }

    int ran = 0;
    int skipped = 0;
};

skip_counter counter;

bool start()
{
    ut::framework::register_observer(counter);
    return true;
}

constexpr int exit_skipped = 77;

} // namespace

int main(int argc, char** argv)
{
    // Boost.Test's signal handlers hide crashes from the sanitizers and count a child process that
    // ends by a signal as a failure of the test that asked for it.
    ::setenv("BOOST_TEST_CATCH_SYSTEM_ERRORS", "no", 0);

    const int status = ut::unit_test_main(&start, argc, argv);
    if (status == 0 && counter.ran == 0 && counter.skipped != 0)
        return exit_skipped;
    return status;
}
