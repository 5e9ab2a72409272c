#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <support/forked.hpp>

#include <csignal>
#include <cstdio>
#include <sys/file.h>
#include <sys/utsname.h>

namespace {

using namespace test;

/// A file of equal bytes under a name, and its handle, which holds a lock of the file for as long
/// as the system holds that open.
class locked_file
{
public:
    explicit locked_file(char c) : content(c)
    {
        write_all(name_.file(), std::string(100, c));
        fd = open();
        checked(::flock(fd, LOCK_EX), "flock");
    }

    /// Whether nobody holds it any more.
    bool let_go() const
    {
        const handle another(open());
        return ::flock(another.get(), LOCK_EX | LOCK_NB) == 0;
    }

    const char content;
    int fd; ///< not closed here

private:
    int open() const { return checked(::open(name_.path(), O_RDWR | O_CLOEXEC), "open"); }
    temporary_file name_;
};

/// The first byte of a file, read once.
char first_byte(driver_under_test& d, attachment& a)
{
    char c = '-';
    test_operation op(request::read_at{buffers(&c, 1)});
    d.start(op, a);
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(!op.error());
    return c;
}

/// Reads so often that it pays to know the file.
void use(driver_under_test& d, attachment& a, char content, int times = 80)
{
    int right = 0;
    for (int i = 0; i != times; ++i)
        right += first_byte(d, a) == content;
    BOOST_TEST(right == times);
}

/// Whether this driver holds files here: its kernel lets go of them at once since 6.13.
bool holds(driver_under_test& d)
{
    utsname u;
    int major = 0;
    int minor = 0;
    return ::uname(&u) == 0 && std::sscanf(u.release, "%d.%d", &major, &minor) == 2
        && major * 100 + minor >= 613 && d->name() == std::string("io_uring")
        && !std::getenv("PROACTOR_TEST_MASKED");
}

/// Exchanges the file behind the driver's back: is what is read then the one that it holds?
bool is_held(driver_under_test& d, attachment& a, const locked_file& f)
{
    const locked_file another('?');
    checked(::dup2(another.fd, f.fd), "dup2");
    ::close(another.fd);
    return first_byte(d, a) == f.content;
}

} // namespace

BOOST_AUTO_TEST_SUITE(registered_files)

CONFORMANCE_CASE(a_file_is_let_go_of_when_it_is_given_back, "[D29] [D22]")
{
    for (const bool closes : {true, false})
    {
        const locked_file f('f');
        attachment& a = d->attach(f.fd);
        use(d, a, 'f');
        BOOST_TEST(!f.let_go());
        d->detach(a, closes);
        BOOST_TEST(is_open(f.fd) == !closes);
        if (!closes)
            ::close(f.fd);
        BOOST_TEST(f.let_go());
    }
}

CONFORMANCE_CASE(one_with_operations_in_flight_is_let_go_of_with_the_last, "[D29] [D22]")
{
    const locked_file f('f');
    attachment& a = d->attach(f.fd);
    use(d, a, 'f');
    char bytes[20] = {};
    std::deque<test_operation> ops;
    for (char& c : bytes)
        d->submit(ops.emplace_back(request::read_at{buffers(&c, 1)}), a, lane::none);
    d->detach(a, true);
    BOOST_TEST(!f.let_go());
    BOOST_TEST(d.wait_for_all(ops));
    BOOST_TEST(f.let_go());
    for (const char c : bytes)
        BOOST_TEST(c == 'f');
}

CONFORMANCE_CASE(another_file_under_the_same_number_is_another_file, "[D29]")
{
    const locked_file one('1');
    const locked_file two('2');
    attachment& a = d->attach(one.fd);
    use(d, a, '1');
    d->detach(a, true);
    checked(::dup2(two.fd, one.fd), "dup2");
    ::close(two.fd);
    attachment& b = d->attach(one.fd);
    use(d, b, '2');
    d->detach(b, true);
    BOOST_TEST(two.let_go());
}

CONFORMANCE_CASE(it_holds_those_that_are_used_often, "[D29]")
{
    const locked_file rare('r');
    const locked_file often('o');
    attachment& a = d->attach(rare.fd);
    attachment& b = d->attach(often.fd);
    use(d, a, 'r', 10);
    use(d, b, 'o');
    BOOST_TEST(!is_held(d, a, rare));
    BOOST_TEST(is_held(d, b, often) == holds(d));
    BOOST_TEST(often.let_go() == !holds(d));
    d->detach(a, true);
    d->detach(b, true);
    BOOST_TEST(often.let_go());
}

CONFORMANCE_CASE(two_attachments_of_one_handle_hold_it_each, "[D29]")
{
    const locked_file f('f');
    attachment& a = d->attach(f.fd);
    attachment& b = d->attach(f.fd);
    use(d, a, 'f');
    use(d, b, 'f');
    d->detach(a);
    use(d, b, 'f', 1);
    d->detach(b, true);
    BOOST_TEST(f.let_go());
}

CONFORMANCE_CASE(more_files_than_it_holds, "[D29]")
{
    std::deque<locked_file> files;
    std::vector<attachment*> at;
    for (int i = 0; i != 140; ++i)
    {
        const locked_file& f = files.emplace_back(static_cast<char>('0' + i % 64));
        at.push_back(&d->attach(f.fd));
        use(d, *at.back(), f.content, 66);
    }
    for (std::size_t i = 0; i != files.size(); ++i)
    {
        use(d, *at[i], files[i].content, 1);
        d->detach(*at[i], true);
        BOOST_TEST(files[i].let_go());
    }
    const locked_file after('a');
    attachment& a = d->attach(after.fd);
    use(d, a, 'a');
    BOOST_TEST(is_held(d, a, after) == holds(d));
    d->detach(a, true);
}

CONFORMANCE_CASE(streams_end_at_once, "[D29] [D22]")
{
    std::signal(SIGPIPE, SIG_IGN);
    auto [reader, writer] = pipe_pair();
    auto [one, other] = socket_pair();
    attachment& p = d->attach(reader.release());
    attachment& s = d->attach(one.release());
    for (int i = 0; i != 80; ++i)
        for (const auto& [at, from] : {std::pair{&p, &writer}, std::pair{&s, &other}})
        {
            char c = '-';
            write_all(*from, "x");
            test_operation op(request::read{buffers(&c, 1)});
            d.start(op, *at, lane::read);
            BOOST_TEST(d.wait_for(op));
            BOOST_TEST(c == 'x');
        }
    d->detach(p, true);
    d->detach(s, true);
    BOOST_TEST((::write(writer.get(), "x", 1) < 0 && errno == EPIPE));
    BOOST_TEST(read_some(other).empty());
}

CONFORMANCE_CASE(a_child_holds_its_own, "[D29] [D24]")
{
    const locked_file one('1');
    const locked_file two('2');
    attachment& a = d->attach(one.fd);
    attachment& b = d->attach(two.fd);
    use(d, a, '1');
    use(d, b, '2');
    forked child([&](findings& check) {
        d->detach(a, true); // does nothing to the parent's
        check(!is_open(one.fd), "the number is closed");
        check(d->reopen() == 0, "reopen");
        check(first_byte(d, b) == '2', "the second one");
        const locked_file three('3');
        attachment& c = d->attach(three.fd);
        use(d, c, '3');
        use(d, b, '2');
        d->detach(b, true);
        use(d, c, '3', 1);
        d->detach(c, true);
        check(three.let_go(), "its own is let go of");
    });
    BOOST_TEST(child.end() == 0);
    use(d, a, '1', 1);
    use(d, b, '2', 1);
    BOOST_TEST(!one.let_go());
    for (attachment* each : {&a, &b})
        d->detach(*each, true);
    BOOST_TEST((one.let_go() && two.let_go()));
}

BOOST_AUTO_TEST_SUITE_END()
