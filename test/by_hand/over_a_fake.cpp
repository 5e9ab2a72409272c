// What no system can be made to do at a given moment.
#include <proactor/op/slab.hpp>

#include "slab_under_test.hpp"

#include <support/fake_driver.hpp>

namespace {

using namespace test;

struct fake_slab
{
    explicit fake_slab(std::unique_ptr<fake_driver> d = std::make_unique<fake_driver>())
        : driver(*d), slab(std::move(d))
    {
    }

    fake_driver& driver;
    op::slab slab;
};

void give_item(proactor::operation& poll, readiness what)
{
    static_cast<proactor::multishot_operation&>(poll).item(static_cast<std::uint64_t>(what));
}

} // namespace

BOOST_AUTO_TEST_SUITE(over_a_fake)

BOOST_AUTO_TEST_CASE(items_merge_and_come_before_the_end)
{
    fake_slab s;
    s.slab.submit(s.slab.attach(99), op::poll{readiness::read, true}, 1);
    s.slab.flush();
    auto& poll = *s.driver.started.at(0);
    give_item(poll, readiness::read);
    give_item(poll, readiness::write);
    s.driver.system_completes(poll, EIO);
    std::array<op::completion, 1> room;
    BOOST_TEST_REQUIRE(s.slab.wait(at_once, room).size() == 1u);
    BOOST_TEST(room[0].more());
    BOOST_TEST((room[0].ready() == (readiness::read | readiness::write)));
    BOOST_TEST(s.slab.in_flight() == 1u);
    BOOST_TEST_REQUIRE(s.slab.wait(at_once, room).size() == 1u);
    BOOST_TEST(!room[0].more());
    BOOST_TEST((room[0].error() == std::errc::io_error));
    BOOST_TEST(room[0].holds<op::poll>());
    BOOST_TEST(s.slab.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(an_item_after_a_cancellation_is_dropped)
{
    fake_slab s;
    const auto t = s.slab.submit(s.slab.attach(99), op::poll{readiness::read, true}, 1);
    s.slab.flush();
    auto& poll = *s.driver.started.at(0);
    s.driver.when_stopped = [&](proactor::operation& op) {
        give_item(op, readiness::read); // it crossed the request on its way
        s.driver.system_completes(op, ECANCELED);
    };
    BOOST_TEST(s.slab.cancel(t));
    BOOST_TEST(s.driver.has_stopped(poll));
    std::array<op::completion, 4> room;
    const auto got = s.slab.wait(at_once, room);
    BOOST_TEST_REQUIRE(got.size() == 1u);
    BOOST_TEST(!got[0].more());
    BOOST_TEST(cancelled(got[0]));
}

BOOST_AUTO_TEST_CASE(the_earliest_timeout_is_the_deadline_of_the_sleep)
{
    fake_slab s;
    const auto soon = clock::now() + 1h;
    s.slab.submit(op::timeout{soon + 1h}, 1);
    const auto t = s.slab.submit(op::timeout{soon}, 2);
    std::vector<clock::time_point> slept;
    s.driver.while_asleep = [&](clock::time_point until) {
        slept.push_back(until);
        if (slept.size() == 1)
            s.slab.cancel(t); // another thread, as it were
    };
    std::array<op::completion, 1> room;
    BOOST_TEST_REQUIRE(s.slab.wait(for_ever, room).size() == 1u);
    BOOST_TEST(room[0].token() == 2u);
    BOOST_TEST(s.driver.counters().wakes == 1u); // the sleeper was told
    s.driver.while_asleep = [&](clock::time_point until) {
        slept.push_back(until);
        s.slab.wake();
    };
    BOOST_TEST(s.slab.wait(for_ever, room).empty());
    BOOST_TEST((slept == std::vector<clock::time_point>{soon, soon + 1h}));
}

BOOST_AUTO_TEST_SUITE_END()
