// Stale names, what is never taken, what is won late, and the end of the slab.
#include <proactor/op/slab.hpp>

#include "slab_under_test.hpp"

#include <asio/child.hpp>

#include <memory>
#include <optional>
#include <stdexcept>

namespace {

using namespace test;

/// A buffer that says when it is freed.
struct watched
{
    std::shared_ptr<std::string> text = std::make_shared<std::string>(16, '.');
};

/// One that cannot be moved a second time.
struct fragile
{
    explicit fragile(int moves) : left(moves) {}
    fragile(fragile&& other) : left(other.left - 1)
    {
        if (left < 0)
            throw std::runtime_error("moved too often");
    }
    int left;
    char bytes[8] = {};
};

} // namespace

template <>
struct proactor::buffer_traits<watched>
{
    static void* data(watched& b) noexcept { return b.text->data(); }
    static std::size_t size(const watched& b) noexcept { return b.text->size(); }
};

template <>
struct proactor::buffer_traits<fragile>
{
    static void* data(fragile& b) noexcept { return b.bytes; }
    static std::size_t size(const fragile& b) noexcept { return sizeof b.bytes; }
};

BOOST_AUTO_TEST_SUITE(lifetimes)

BOOST_AUTO_TEST_CASE(stale_tickets_are_harmless)
{
    slab_under_test s;
    BOOST_TEST(!s.cancel({}));
    BOOST_TEST(!s.discard({}));
    BOOST_TEST(!s.cancel({12345, 1}));
    const auto old = s.submit(op::nothing{}, 1);
    auto c = s.next();
    BOOST_TEST(!s.cancel(old)); // handed out
    BOOST_TEST(!s.discard(old));
    c.reset();
    BOOST_TEST(!s.cancel(old)); // freed
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    const auto young = s.submit(at, op::poll{readiness::read}, 2);
    BOOST_TEST(young.index == old.index); // the same place
    BOOST_TEST(!s.cancel(old));
    BOOST_TEST(!s.discard(old));
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.cancel(young));
    BOOST_TEST(cancelled(s.next()));
}

BOOST_AUTO_TEST_CASE(a_ticket_may_be_let_go_of)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    {
        [[maybe_unused]] const auto t = s.submit(at, op::receive{watched()}, 1);
    }
    BOOST_TEST(s.quiet());
    write_all(other, "data");
    auto c = s.next();
    BOOST_TEST(c.value() == 4u);
    BOOST_TEST(*c.take<op::receive<watched>>().buffer.text == "data............");
}

BOOST_AUTO_TEST_CASE(what_is_discarded_is_never_heard_of_and_freed)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    watched w;
    const std::weak_ptr<std::string> text = w.text;
    const auto t = s.submit(at, op::receive{std::move(w)}, 1);
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.discard(t));
    BOOST_TEST(!s.discard(t));
    BOOST_TEST(!s.cancel(t));
    BOOST_TEST(s.in_flight() == 0u);
    BOOST_TEST(s.quiet());
    BOOST_TEST(text.expired());
    write_all(other, "x");
    BOOST_TEST(s.quiet());
    BOOST_TEST(read_some(one) == "x");
}

BOOST_AUTO_TEST_CASE(a_completion_that_is_dropped_frees_its_buffer)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    watched w;
    const std::weak_ptr<std::string> text = w.text;
    s.submit(at, op::send{std::move(w)}, 1);
    {
        auto c = s.next();
        BOOST_TEST(c.value() == 16u);
        op::completion moved(std::move(c));
        BOOST_TEST(!c.holds<op::send<watched>>());
        BOOST_TEST(moved.holds<op::send<watched>>());
        BOOST_TEST(!text.expired());
    }
    BOOST_TEST(text.expired());
}

BOOST_AUTO_TEST_CASE(what_is_won_and_not_taken_is_closed)
{
    slab_under_test s;
    temporary_file f;
    const handle listener = tcp_listener();
    const auto at = s.attach(listener);
    const handle client = connect_to(listener);
    const auto before = open_descriptors();
    s.submit(at, op::accept{}, 1);
    s.submit(op::open{f.path(), O_RDONLY}, 2);
    {
        auto both = s.next_several(2);
        BOOST_TEST(open_descriptors() == before + 2);
        BOOST_TEST(!both[0].error());
        BOOST_TEST(!both[1].error());
    }
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(read_some(client) == ""); // the end
}

BOOST_AUTO_TEST_CASE(what_is_won_late_is_closed_or_the_next_one_s)
{
    slab_under_test s;
    temporary_file f;
    const handle listener = tcp_listener();
    const auto at = s.attach(listener);
    const handle client = connect_to(listener);
    const auto before = open_descriptors();
    // Too late: either succeeds when it is asked for.
    BOOST_TEST(s.cancel(s.submit(at, op::accept{}, 1)));
    BOOST_TEST(s.cancel(s.submit(op::open{f.path(), O_RDONLY}, 2)));
    for (auto& c : s.next_several(2))
        BOOST_TEST(cancelled(c));
    BOOST_TEST(open_descriptors() <= before + 1); // a connection that waits for its accept
    s.submit(at, op::accept{}, 3);
    auto c = s.next();
    BOOST_TEST_REQUIRE(!c.error());
    auto won = c.take<op::accept>();
    BOOST_TEST(won.peer.as<sockaddr_in>().sin_port == address_of(client).sin_port);
    won.handle.reset();
    BOOST_TEST(open_descriptors() == before);

    // Discarded ones.
    const handle second = connect_to(listener);
    const auto with_second = open_descriptors();
    BOOST_TEST(s.discard(s.submit(at, op::accept{}, 4)));
    BOOST_TEST(s.discard(s.submit(op::open{f.path(), O_RDONLY}, 5)));
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.detach(at));
    BOOST_TEST(open_descriptors() == with_second);
}

BOOST_AUTO_TEST_CASE(a_connection_that_nobody_takes_is_closed_with_the_slab)
{
    const handle listener = tcp_listener();
    const handle client = connect_to(listener);
    const auto before = open_descriptors();
    {
        slab_under_test s;
        BOOST_TEST(s.cancel(s.submit(s.attach(listener), op::accept{}, 1)));
        BOOST_TEST(cancelled(s.next()));
    }
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(read_some(client) == ""); // the end
}

BOOST_AUTO_TEST_CASE(the_slab_may_go_with_everything_in_flight)
{
    for (const bool seen : {false, true})
    {
        const auto [one, other] = socket_pair();
        const handle listener = tcp_listener();
        temporary_file f;
        watched w;
        const std::weak_ptr<std::string> text = w.text;
        const auto before = open_descriptors();
        {
            slab_under_test s;
            const auto at = s.attach(one);
            const auto at_listener = s.attach(listener);
            const auto file = s.attach(f.file());
            s.submit(at, op::receive{std::move(w)}, 1);
            s.submit(at, op::receive{watched()}, 1);
            s.submit(at, op::poll{readiness::read, true}, 1);
            s.submit(at_listener, op::accept{}, 1);
            s.submit(file, op::read_at{watched(), 0}, 1);
            s.submit(op::open{f.path(), O_RDONLY}, 1);
            s.submit(op::timeout{clock::now() + 1h}, 1);
            s.submit(op::timeout{clock::now()}, 1);
            s.submit(op::source{77, 1}, op::send{watched()}, 1);
            s.discard(s.submit(at, op::receive{watched()}, 1));
            op::waker rung(s, 1);
            rung.wake();
            if (seen)
            {
                s.flush();
                const handle client = connect_to(listener);
                s.wait(clock::now() + patience, {}); // ready, and nobody takes it
            }
        }
        BOOST_TEST(text.expired());
        BOOST_TEST(open_descriptors() == before);
        write_all(other, "x");
        BOOST_TEST(read_some(one) == "x");
    }
}

BOOST_AUTO_TEST_CASE(completions_may_outlive_the_slab)
{
    temporary_file f;
    const auto before = open_descriptors();
    std::vector<op::completion> kept;
    watched w;
    const std::weak_ptr<std::string> text = w.text;
    {
        slab_under_test s;
        const auto file = s.attach(f.file());
        s.submit(file, op::read_at{std::move(w), 0}, 1);
        kept.push_back(s.next());
        s.submit(op::open{f.path(), O_RDONLY}, 2);
        kept.push_back(s.next());
    }
    BOOST_TEST(!text.expired());
    auto opened = kept[1].take<op::open>();
    BOOST_TEST(is_open(opened.handle.get()));
    kept.clear();
    BOOST_TEST(text.expired());
    opened.handle.reset();
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_source_that_is_detached)
{
    slab_under_test s;
    auto [one, other] = socket_pair();
    const int number = one.release();
    const auto at = s.attach(number);
    s.submit(at, op::receive{watched()}, 1);
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.detach(at, true));
    BOOST_TEST(!s.detach(at));
    BOOST_TEST(s.cancel_all(at) == 0u);
    BOOST_TEST(!s.take_kept(at));

    // Nothing new begins, and its buffer comes back.
    const auto young = s.attach(other);
    BOOST_TEST(young.index == at.index);
    s.submit(at, op::send{watched()}, 2);
    auto c = s.next();
    BOOST_TEST((c.error() == std::errc::bad_file_descriptor));
    BOOST_TEST(c.take<op::send<watched>>().buffer.text->size() == 16u);

    // What had begun goes on, and then the handle is closed.
    BOOST_TEST(is_open(number));
    write_all(other, "data");
    c = s.next();
    BOOST_TEST(c.token() == 1u);
    BOOST_TEST(c.value() == 4u);
    BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(an_operation_that_cannot_be_moved_in_does_not_begin)
{
    slab_under_test s;
    temporary_file f;
    const auto file = s.attach(f.file());
    BOOST_CHECK_THROW(s.submit(file, op::write_at<fragile>{fragile(0)}, 1), std::runtime_error);
    BOOST_TEST(s.in_flight() == 0u);
    s.submit(file, op::write_at<fragile>{fragile(1)}, 2);
    auto c = s.next();
    BOOST_TEST(c.value() == 8u);
    // Nor taken: then it stays.
    BOOST_CHECK_THROW((void)c.take<op::write_at<fragile>>(), std::runtime_error);
    BOOST_TEST(c.holds<op::write_at<fragile>>());
}

BOOST_AUTO_TEST_CASE(taking_the_wrong_thing_terminates)
{
    const auto said = "it holds no operation of that type";
    const auto wrong_type = in_child([] {
        slab_under_test s;
        s.submit(op::nothing{}, 1);
        (void)s.next().take<op::timeout>();
        return 0;
    });
    BOOST_TEST(wrong_type.status == SIGABRT);
    BOOST_TEST(wrong_type.said.find(said) != std::string::npos);
    const auto twice = in_child([] {
        slab_under_test s;
        s.submit(op::nothing{}, 1);
        auto c = s.next();
        (void)c.take<op::nothing>();
        (void)c.take<op::nothing>();
        return 0;
    });
    BOOST_TEST(twice.status == SIGABRT);
    BOOST_TEST(twice.said.find(said) != std::string::npos);
    const auto of_one_that_goes_on = in_child([] {
        slab_under_test s;
        const auto [one, other] = socket_pair();
        s.submit(s.attach(one), op::poll{readiness::write, true}, 1);
        (void)s.next().take<op::poll>();
        return 0;
    });
    BOOST_TEST(of_one_that_goes_on.status == SIGABRT);
    BOOST_TEST(of_one_that_goes_on.said.find(said) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_slab_without_a_driver_terminates)
{
    const auto end = in_child([] {
        op::slab s(nullptr);
        return 0;
    });
    BOOST_TEST(end.status == SIGABRT);
    BOOST_TEST(end.said.find("it was given no driver") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
