#include <transfer_limit.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>
#include <proactor.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace {

namespace asio = boost::asio;
using file_server::transfer_limit;

struct outcome
{
    bool admitted = false;
    std::optional<transfer_limit::slot> slot;
};

// Keeps its slot until the test takes it away.
asio::awaitable<void> transfer(transfer_limit& limit, std::vector<int>& admitted, outcome& result,
                               int number)
{
    result.slot = co_await limit.acquire();
    result.admitted = result.slot.has_value();
    if (result.admitted)
        admitted.push_back(number);
}

struct fixture
{
    proactor::io_context context;
    transfer_limit limit{context.get_executor(), 2};
    std::vector<outcome> outcomes = std::vector<outcome>(5);
    std::vector<int> admitted;

    void start_all()
    {
        for (int i = 0; i < 5; ++i)
            asio::co_spawn(context,
                           transfer(limit, admitted, outcomes[static_cast<std::size_t>(i)], i),
                           asio::detached);
        go_on();
    }
    void go_on()
    {
        context.restart();
        context.poll();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(transfer_limits, fixture)

BOOST_AUTO_TEST_CASE(those_who_come_late_wait_in_order)
{
    start_all();
    BOOST_TEST(admitted == (std::vector{0, 1}), boost::test_tools::per_element());

    outcomes[1].slot.reset();
    go_on();
    BOOST_TEST(admitted == (std::vector{0, 1, 2}), boost::test_tools::per_element());

    outcomes[0].slot.reset();
    outcomes[2].slot.reset();
    go_on();
    BOOST_TEST(admitted == (std::vector{0, 1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nobody_overtakes_who_waits)
{
    start_all();
    outcome late;
    outcomes[0].slot.reset(); // 2 is admitted, but has not run yet
    asio::co_spawn(context, transfer(limit, admitted, late, 5), asio::detached);
    go_on();
    BOOST_TEST(admitted == (std::vector{0, 1, 2}), boost::test_tools::per_element());
    limit.close();
    go_on();
}

BOOST_AUTO_TEST_CASE(slots_are_used_again)
{
    for (int round = 0; round < 100; ++round)
    {
        outcome result;
        asio::co_spawn(context, transfer(limit, admitted, result, round), asio::detached);
        go_on();
        BOOST_TEST(result.admitted);
    }
}

BOOST_AUTO_TEST_CASE(closing_turns_everybody_else_away)
{
    start_all();
    limit.close();
    go_on();
    BOOST_TEST(admitted == (std::vector{0, 1}), boost::test_tools::per_element());

    outcomes[0].slot.reset();
    outcome late;
    asio::co_spawn(context, transfer(limit, admitted, late, 5), asio::detached);
    go_on();
    BOOST_TEST(!late.admitted);
    BOOST_TEST(admitted.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
