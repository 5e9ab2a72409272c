// The section's protocol, step by step, through every interleaving of a few threads on a machine
// that delays stores (total store order): never two inside, never stuck. Planted faults are found.
#include <proactor/detail/section.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace {

/// What is done as `section` does it, and what a fault leaves out.
struct protocol
{
    bool barrier = true;         ///< `revoke` has every thread's stores seen
    bool mark_per_thread = true; ///< "inside" belongs to the thread
    bool mark_first = true;      ///< and then look at the bias
};

constexpr std::size_t threads = 3;
constexpr std::size_t most_delayed = 3;

enum step : std::uint8_t
{
    begin,         // enter(): store "inside"
    look_at_owner, // biased to me?
    mark_late,     // the fault: only now store "inside"
    unmark,        // no: store "outside"
    inside_bias,   // in, without the mutex
    take_mutex,    // lock_mutex()
    look_at_bias,  // somebody else's?
    take_bias,     // revoke(): store "nobody's"
    run_barrier,
    await_outside,
    inside_mutex,  // in, with the mutex
    drop_mutex,
    ended
};

enum variable : std::uint8_t
{
    bias,  // 0 or a thread's number + 1
    mutex, // 0 or 1
    first_mark
};

struct store
{
    std::uint8_t where;
    std::uint8_t value;
};

struct thread_state
{
    std::uint8_t at = begin;
    std::uint8_t rounds = 0;
    std::uint8_t victim = 0;
    std::uint8_t delayed = 0;
    std::array<store, most_delayed> buffer{};
};

/// Bytes only, so that it is its own key.
struct state
{
    std::array<std::uint8_t, first_mark + threads> memory{};
    std::array<thread_state, threads> thread{};

    std::string key() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
};
static_assert(sizeof(state) == first_mark + threads + threads * sizeof(thread_state));

class explorer
{
public:
    explorer(const protocol& p, std::array<std::uint8_t, threads> rounds) : protocol_(p)
    {
        state first;
        for (std::size_t i = 0; i != threads; ++i)
            first.thread[i].rounds = rounds[i];
        reach(first);
        while (!open_.empty() && fault.empty())
        {
            const state s = open_.back();
            open_.pop_back();
            expand(s);
        }
    }

    std::string fault; ///< the first that was found
    std::size_t states() const { return seen_.size(); }

private:
    void reach(const state& s)
    {
        if (seen_.insert(s.key()).second)
            open_.push_back(s);
    }

    std::uint8_t mark_of(std::size_t i) const
    {
        return static_cast<std::uint8_t>(first_mark + (protocol_.mark_per_thread ? i : 0));
    }

    static std::uint8_t load(const state& s, std::size_t i, std::uint8_t where)
    {
        const thread_state& t = s.thread[i];
        for (std::size_t n = t.delayed; n-- != 0;)
            if (t.buffer[n].where == where)
                return t.buffer[n].value;
        return s.memory[where];
    }

    static void delay(thread_state& t, std::uint8_t where, std::uint8_t value)
    {
        t.buffer[t.delayed++] = {where, value};
    }

    static void show_oldest(state& s, std::size_t i)
    {
        thread_state& t = s.thread[i];
        s.memory[t.buffer[0].where] = t.buffer[0].value;
        for (std::size_t n = 1; n != t.delayed; ++n)
            t.buffer[n - 1] = t.buffer[n];
        t.buffer[--t.delayed] = {};
    }

    static void show_all(state& s, std::size_t i)
    {
        while (s.thread[i].delayed)
            show_oldest(s, i);
    }

    void expand(const state& s)
    {
        std::size_t inside = 0;
        bool moved = false;
        bool all_ended = true;
        for (std::size_t i = 0; i != threads; ++i)
        {
            const std::uint8_t at = s.thread[i].at;
            inside += at == inside_bias || at == inside_mutex;
            all_ended = all_ended && at == ended;
            if (s.thread[i].delayed)
            {
                state next = s;
                show_oldest(next, i);
                reach(next);
                moved = true;
            }
            if (s.thread[i].delayed < most_delayed - 1)
                moved = advance(s, i) || moved;
        }
        if (inside > 1)
            fault = "two inside";
        else if (!moved && !all_ended)
            fault = "stuck";
    }

    bool go(state next, std::size_t i, step to)
    {
        next.thread[i].at = to;
        reach(next);
        return true;
    }

    bool end_round(state next, std::size_t i)
    {
        thread_state& t = next.thread[i];
        return go(next, i, t.rounds-- == 1 ? ended : begin);
    }

    bool advance(const state& s, std::size_t i)
    {
        const auto me = static_cast<std::uint8_t>(i + 1);
        state next = s;
        thread_state& t = next.thread[i];
        switch (t.at)
        {
        case begin:
            if (protocol_.mark_first)
                delay(t, mark_of(i), 1);
            return go(next, i, look_at_owner);
        case look_at_owner:
            if (load(s, i, bias) != me)
                return go(next, i, protocol_.mark_first ? unmark : take_mutex);
            return go(next, i, protocol_.mark_first ? inside_bias : mark_late);
        case mark_late:
            delay(t, mark_of(i), 1);
            return go(next, i, inside_bias);
        case unmark:
            delay(t, mark_of(i), 0);
            return go(next, i, take_mutex);
        case inside_bias:
            delay(t, mark_of(i), 0);
            return end_round(next, i);
        case take_mutex: // an atomic step, which shows everything before it
            if (s.memory[mutex])
                return false;
            show_all(next, i);
            next.memory[mutex] = 1;
            return go(next, i, look_at_bias);
        case look_at_bias:
            t.victim = load(s, i, bias);
            if (t.victim && t.victim != me)
                return go(next, i, take_bias);
            return go(next, i, inside_mutex);
        case take_bias:
            delay(t, bias, 0);
            return go(next, i, run_barrier);
        case run_barrier:
            if (protocol_.barrier)
                for (std::size_t other = 0; other != threads; ++other)
                    show_all(next, other);
            return go(next, i, await_outside);
        case await_outside:
            return load(s, i, mark_of(t.victim - 1u)) == 0 && go(next, i, inside_mutex);
        case inside_mutex:
            t.victim = 0;
            go(next, i, drop_mutex);
            delay(t, bias, me);
            return go(next, i, drop_mutex);
        case drop_mutex:
            delay(t, mutex, 0);
            return end_round(next, i);
        default:
            return false;
        }
    }

    const protocol protocol_;
    std::unordered_set<std::string> seen_;
    std::vector<state> open_;
};

std::string explore(const protocol& p)
{
    for (const auto& rounds : {std::array<std::uint8_t, threads>{3, 2, 1}, {2, 2, 2}, {4, 1, 1}})
    {
        const explorer e(p, rounds);
        BOOST_TEST_MESSAGE(e.states() << " states");
        if (!e.fault.empty())
            return e.fault;
    }
    return "none";
}

} // namespace

BOOST_AUTO_TEST_SUITE(section_model)

BOOST_AUTO_TEST_CASE(no_two_threads_are_ever_inside_and_none_is_stuck)
{
    BOOST_TEST(explore({}) == "none");
}

BOOST_AUTO_TEST_CASE(without_the_barrier_two_are_inside)
{
    BOOST_TEST(explore({.barrier = false}) == "two inside");
}

BOOST_AUTO_TEST_CASE(with_one_mark_for_all_two_are_inside)
{
    BOOST_TEST(explore({.mark_per_thread = false}) == "two inside");
}

BOOST_AUTO_TEST_CASE(with_a_look_before_the_mark_two_are_inside)
{
    BOOST_TEST(explore({.mark_first = false}) == "two inside");
}

BOOST_AUTO_TEST_SUITE_END()
