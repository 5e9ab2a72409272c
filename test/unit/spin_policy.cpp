#include <proactor/detail/spin_policy.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using proactor::detail::spin_policy;

/// Asks `parks` times and records each try as a hit or not; returns the number of tries.
int tries(spin_policy& p, int parks, bool hit)
{
    int n = 0;
    for (int i = 0; i != parks; ++i)
        if (p.worth_trying())
        {
            ++n;
            p.record(hit);
        }
    return n;
}

} // namespace

BOOST_AUTO_TEST_SUITE(spin_policy_decides)

BOOST_AUTO_TEST_CASE(a_new_loop_tries)
{
    spin_policy p;
    BOOST_TEST(p.worth_trying());
}

BOOST_AUTO_TEST_CASE(while_it_pays_it_always_tries)
{
    spin_policy p;
    BOOST_TEST(tries(p, 1000, true) == 1000);
}

BOOST_AUTO_TEST_CASE(where_it_never_pays_it_becomes_a_rare_trial_but_never_stops)
{
    spin_policy p;
    tries(p, 100, false);
    const int later = tries(p, 1000, false);
    BOOST_TEST(later > 0);
    BOOST_TEST(later < 100);
}

BOOST_AUTO_TEST_CASE(trials_that_pay_open_it_again)
{
    spin_policy p;
    tries(p, 1000, false);
    tries(p, 1000, true);
    BOOST_TEST(tries(p, 100, true) == 100);
}

BOOST_AUTO_TEST_CASE(half_the_tries_paying_is_enough)
{
    spin_policy p;
    int n = 0;
    for (int i = 0; i != 1000; ++i)
        if (p.worth_trying())
            p.record(++n % 2 == 0);
    BOOST_TEST(n == 1000);
}

BOOST_AUTO_TEST_SUITE_END()
