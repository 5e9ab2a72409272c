#include <proactor/detail/mailbox.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

struct letter
{
    char name = 0;
    letter* next = nullptr;
};

using mailbox = proactor::detail::mailbox<letter>;
using queue = proactor::detail::intrusive_queue<letter>;

std::string taken(mailbox& m)
{
    queue q;
    m.take(q);
    std::string names;
    while (letter* l = q.pop())
        names += l->name;
    return names;
}

} // namespace

BOOST_AUTO_TEST_SUITE(mailbox_of_one_thread)

BOOST_AUTO_TEST_CASE(oldest_first_behind_what_the_target_held)
{
    letter a{'a'}, b{'b'}, c{'c'}, d{'d'};
    mailbox m;
    m.push(b);
    m.push(c);
    m.push(d);
    queue q;
    q.push(a);
    m.take(q);
    std::string names;
    while (letter* l = q.pop())
        names += l->name;
    BOOST_TEST(names == "abcd");
    BOOST_TEST(taken(m) == "");
}

BOOST_AUTO_TEST_CASE(filled_says_whether_something_lies_inside)
{
    letter a{'a'};
    mailbox m;
    BOOST_TEST(!m.filled());
    BOOST_TEST(m.sleep());
    BOOST_TEST(!m.filled());
    m.push(a);
    BOOST_TEST(m.filled());
    taken(m);
    BOOST_TEST(!m.filled());
}

BOOST_AUTO_TEST_CASE(nobody_rings_for_a_consumer_that_is_awake)
{
    letter a{'a'};
    mailbox m;
    BOOST_TEST(!m.push(a));
    BOOST_TEST(!m.rouse());
}

BOOST_AUTO_TEST_CASE(there_is_no_sleep_over_a_letter)
{
    letter a{'a'};
    mailbox m;
    m.push(a);
    BOOST_TEST(!m.sleep());
    BOOST_TEST(taken(m) == "a");
    BOOST_TEST(m.sleep());
}

BOOST_AUTO_TEST_CASE(the_first_to_find_a_sleeper_rings_and_no_other)
{
    letter a{'a'}, b{'b'}, c{'c'};
    mailbox m;
    BOOST_TEST(m.sleep());
    BOOST_TEST(m.push(a));
    BOOST_TEST(!m.push(b));
    BOOST_TEST(!m.rouse());
    BOOST_TEST(taken(m) == "ab");
    BOOST_TEST(!m.push(c));
    BOOST_TEST(taken(m) == "c");
}

BOOST_AUTO_TEST_CASE(rousing_ends_the_sleep_once)
{
    letter a{'a'};
    mailbox m;
    BOOST_TEST(m.sleep());
    BOOST_TEST(m.rouse());
    BOOST_TEST(!m.rouse());
    BOOST_TEST(!m.push(a));
    BOOST_TEST(taken(m) == "a");
}

BOOST_AUTO_TEST_CASE(taking_nothing_leaves_a_sleeper_asleep)
{
    letter a{'a'};
    mailbox m;
    BOOST_TEST(m.sleep());
    BOOST_TEST(taken(m) == "");
    BOOST_TEST(m.push(a));
}

BOOST_AUTO_TEST_SUITE_END()
