#include <proactor/detail/intrusive_queue.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

namespace {

using proactor::detail::list_hook;

struct element
{
    char name = 0;
    element* next = nullptr;
};

using queue = proactor::detail::intrusive_queue<element>;

std::string drained(queue& q)
{
    std::string names;
    while (element* e = q.pop())
        names += e->name;
    return names;
}

struct named_hook : list_hook
{
    explicit named_hook(char n) : name(n) {}
    char name;
};

std::string names_of(const list_hook& list)
{
    std::string names;
    for (const list_hook* h = list.after; h != &list; h = h->after)
        names += static_cast<const named_hook*>(h)->name;
    return names;
}

} // namespace

BOOST_AUTO_TEST_SUITE(intrusive_queue)

BOOST_AUTO_TEST_CASE(an_empty_one_gives_null)
{
    queue q;
    BOOST_TEST(q.empty());
    BOOST_TEST(q.front() == nullptr);
    BOOST_TEST(q.pop() == nullptr);
}

BOOST_AUTO_TEST_CASE(first_in_first_out_and_again_after_it_was_empty)
{
    element a{'a'}, b{'b'}, c{'c'};
    queue q;
    for (int round = 0; round != 2; ++round)
    {
        q.push(a);
        q.push(b);
        q.push(c);
        BOOST_TEST(q.front() == &a);
        BOOST_TEST(drained(q) == "abc");
        BOOST_TEST(q.empty());
    }
}

BOOST_AUTO_TEST_CASE(what_is_popped_is_linked_to_nothing)
{
    element a{'a'}, b{'b'};
    queue q;
    q.push(a);
    q.push(b);
    BOOST_TEST(q.pop() == &a);
    BOOST_TEST(a.next == nullptr);
}

BOOST_AUTO_TEST_CASE(in_front_of_none_and_of_some)
{
    element a{'a'}, b{'b'}, c{'c'};
    queue q;
    q.push_front(b);
    q.push_front(a);
    q.push(c);
    BOOST_TEST(drained(q) == "abc");
}

BOOST_AUTO_TEST_CASE(splicing_empties_the_other)
{
    element a{'a'}, b{'b'}, c{'c'}, d{'d'};
    queue one;
    queue other;
    one.splice(other);
    BOOST_TEST(one.empty());
    other.push(a);
    other.push(b);
    one.splice(other);
    BOOST_TEST(other.empty());
    other.push(c);
    one.splice(other);
    one.splice(other);
    one.push(d);
    BOOST_TEST(drained(one) == "abcd");
    other.push(a);
    BOOST_TEST(drained(other) == "a");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hooks)

BOOST_AUTO_TEST_CASE(one_alone_is_not_linked)
{
    list_hook h;
    BOOST_TEST(!h.linked());
    h.unlink();
    BOOST_TEST(!h.linked());
}

BOOST_AUTO_TEST_CASE(before_the_list_itself_is_its_end)
{
    list_hook list;
    named_hook a('a'), b('b'), c('c');
    a.link_before(list);
    c.link_before(list);
    b.link_before(c);
    BOOST_TEST(list.linked());
    BOOST_TEST(names_of(list) == "abc");
}

BOOST_AUTO_TEST_CASE(an_element_leaves_from_anywhere)
{
    for (std::size_t leaves = 0; leaves != 3; ++leaves)
    {
        list_hook list;
        std::array hooks{named_hook('a'), named_hook('b'), named_hook('c')};
        for (named_hook& h : hooks)
            h.link_before(list);
        hooks[leaves].unlink();
        BOOST_TEST(!hooks[leaves].linked());
        BOOST_TEST(names_of(list) == std::string("abc").erase(leaves, 1));
        hooks[leaves].link_before(list);
        BOOST_TEST(names_of(list).back() == hooks[leaves].name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
