// What goes by names, what is done to files, and calls that may block.
#include <proactor/op/calls.hpp>
#include <proactor/op/file_data.hpp>
#include <proactor/op/names.hpp>

#include "slab_under_test.hpp"

#include <cstdlib>
#include <linux/falloc.h>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace {

using namespace test;
using namespace std::string_literals;

/// A directory of the test's own, which goes with what is in it.
struct scratch
{
    scratch() { BOOST_TEST_REQUIRE(::mkdtemp(path) != nullptr); }
    ~scratch() { (void)!std::system(("rm -rf "s + path).c_str()); }

    op::name of(std::string_view n) const { return {std::string(path) + '/' + std::string(n)}; }

    char path[32] = "by_hand_XXXXXX";
};

template <typename Op>
std::error_code done(slab_under_test& s, Op&& o)
{
    s.submit(std::forward<Op>(o), 1);
    auto c = s.next();
    BOOST_TEST(c.holds<std::remove_cvref_t<Op>>());
    return c.error();
}

op::stat status_of(slab_under_test& s, op::name n, int flags = 0)
{
    s.submit(op::stat{std::move(n), flags}, 1);
    auto c = s.next();
    BOOST_TEST(!c.error());
    return c.take<op::stat>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(names_and_data)

BOOST_AUTO_TEST_CASE(names_come_change_and_go)
{
    slab_under_test s;
    const scratch d;
    BOOST_TEST(!done(s, op::create_directory{d.of("folder"), 0700}));
    BOOST_TEST(status_of(s, d.of("folder")).result.stx_mode == (S_IFDIR | 0700u));
    BOOST_TEST((done(s, op::create_directory{d.of("folder")}) == std::errc::file_exists));

    handle made(::open((d.of("folder/file").path).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    write_all(made, "abc");
    BOOST_TEST(!done(s, op::link{d.of("folder/file"), d.of("second")}));
    auto st = status_of(s, d.of("second"));
    BOOST_TEST(st.result.stx_nlink == 2u);
    BOOST_TEST(st.result.stx_size == 3u);
    BOOST_TEST(st.what.path == d.of("second").path);

    BOOST_TEST(!done(s, op::symlink{"folder/file", d.of("third")}));
    BOOST_TEST(S_ISLNK(status_of(s, d.of("third"), AT_SYMLINK_NOFOLLOW).result.stx_mode));
    BOOST_TEST(status_of(s, d.of("third")).result.stx_size == 3u);

    BOOST_TEST(!done(s, op::rename{d.of("second"), d.of("fourth")}));
    BOOST_TEST((done(s, op::rename{d.of("fourth"), d.of("third"), RENAME_NOREPLACE})
                == std::errc::file_exists));
    BOOST_TEST((done(s, op::stat{d.of("second")}) == std::errc::no_such_file_or_directory));
    BOOST_TEST(!done(s, op::remove{d.of("fourth")}));
    BOOST_TEST((done(s, op::remove{d.of("folder"), AT_REMOVEDIR})
                == std::errc::directory_not_empty));
    BOOST_TEST(!done(s, op::remove{d.of("folder/file")}));
    BOOST_TEST(!done(s, op::remove{d.of("folder"), AT_REMOVEDIR}));
    BOOST_TEST((done(s, op::remove{d.of("folder")}) == std::errc::no_such_file_or_directory));
}

BOOST_AUTO_TEST_CASE(names_begin_at_an_open_directory)
{
    slab_under_test s;
    const scratch d;
    const handle at(checked(::open(d.path, O_PATH | O_DIRECTORY | O_CLOEXEC), "open"));
    BOOST_TEST(!done(s, op::create_directory{{"inside", at.get()}}));
    BOOST_TEST(!done(s, op::rename{{"inside", at.get()}, {"other", at.get()}}));
    BOOST_TEST(S_ISDIR(status_of(s, {"other", at.get()}).result.stx_mode));
    BOOST_TEST(S_ISDIR(status_of(s, {"", at.get()}, AT_EMPTY_PATH).result.stx_mode));
    BOOST_TEST(S_ISDIR(status_of(s, d.of("other")).result.stx_mode));
}

BOOST_AUTO_TEST_CASE(a_name_that_would_be_cut_is_refused)
{
    slab_under_test s;
    const scratch d;
    op::name cut = d.of("folder\0hidden"s);
    const auto refused = std::errc::invalid_argument;
    BOOST_TEST((done(s, op::create_directory{cut}) == refused));
    BOOST_TEST((done(s, op::stat{cut}) == refused));
    BOOST_TEST((done(s, op::rename{d.of("x"), cut}) == refused));
    BOOST_TEST((done(s, op::link{cut, d.of("x")}) == refused));
    BOOST_TEST((done(s, op::symlink{"a\0b"s, d.of("x")}) == refused));
    BOOST_TEST((done(s, op::remove{cut}) == refused));
    BOOST_TEST((done(s, op::stat{d.of("folder")}) == std::errc::no_such_file_or_directory));
}

BOOST_AUTO_TEST_CASE(what_is_done_to_an_open_file)
{
    slab_under_test s;
    temporary_file f;
    write_all(f.file(), std::string(5000, 'x'));
    const auto file = s.attach(f.file());
    const auto on_file = [&](auto o)
    {
        s.submit(file, std::move(o), 1);
        return s.next().error();
    };
    const auto size = [&]
    {
        struct ::stat st;
        checked(::fstat(f.file().get(), &st), "fstat");
        return st.st_size;
    };
    BOOST_TEST(!on_file(op::truncate{100}));
    BOOST_TEST(size() == 100);
    BOOST_TEST(!on_file(op::allocate{0, 10'000}));
    BOOST_TEST(size() == 10'000);
    BOOST_TEST(!on_file(op::allocate{0, 20'000, FALLOC_FL_KEEP_SIZE}));
    BOOST_TEST(size() == 10'000);
    BOOST_TEST(!on_file(op::advise{0, 0, POSIX_FADV_SEQUENTIAL}));
    BOOST_TEST(!on_file(op::sync_range{0, 0, SYNC_FILE_RANGE_WRITE}));
    BOOST_TEST((on_file(op::truncate{~0ull}) == std::errc::invalid_argument
                || on_file(op::truncate{~0ull}) == std::errc::file_too_large));
}

BOOST_AUTO_TEST_CASE(calls_that_may_block)
{
    slab_under_test s;
    const auto here = std::this_thread::get_id();
    std::thread::id there = here;
    const auto ask = op::call{[&there, text = "owned"s]() -> std::int64_t
                              {
                                  there = std::this_thread::get_id();
                                  return static_cast<std::int64_t>(text.size());
                              }};
    s.submit(ask, 1);
    auto c = s.next();
    BOOST_TEST(c.value() == 5u);
    BOOST_TEST((there != here));
    s.submit(op::call{[]() -> std::int64_t { return -ENOENT; }}, 2);
    BOOST_TEST((s.next().error() == std::errc::no_such_file_or_directory));
}

BOOST_AUTO_TEST_CASE(files_are_copied)
{
    slab_under_test s;
    temporary_file from, to;
    std::string content(20'000'000, '\0');
    for (std::size_t i = 0; i != content.size(); ++i)
        content[i] = static_cast<char>(i * 31 >> 5);
    write_all(from.file(), content);
    std::uint64_t copied = 0;
    for (;;)
    {
        s.submit(op::copy_file{from.file().get(), to.file().get(), copied, copied + 3,
                               content.size()}, 1);
        auto c = s.next();
        BOOST_TEST_REQUIRE(!c.error());
        if (c.value() == 0)
            break;
        copied += c.value();
    }
    BOOST_TEST(copied == content.size());
    std::string back(content.size() + 10, '\0');
    BOOST_TEST(::pread(to.file().get(), back.data(), back.size(), 3)
               == static_cast<ssize_t>(content.size()));
    back.resize(content.size());
    BOOST_TEST((back == content));
    s.submit(op::copy_file{-1, to.file().get(), 0, 0, 1}, 2);
    BOOST_TEST((s.next().error() == std::errc::bad_file_descriptor));
}

BOOST_AUTO_TEST_CASE(bytes_are_spliced_between_polls)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto [out, in] = pipe_pair();
    set_non_blocking(one);
    const auto at = s.attach(one);
    auto moved = op::splice(one.get(), in.get(), 100);
    BOOST_TEST((moved.error == std::errc::resource_unavailable_try_again));
    BOOST_TEST(moved.from_is_empty);
    s.submit(at, op::poll{readiness::read}, 1);
    write_all(other, "through the kernel");
    BOOST_TEST(has(s.next().ready(), readiness::read));
    moved = op::splice(one.get(), in.get(), 100);
    BOOST_TEST(!moved.error);
    BOOST_TEST(moved.value == 18u);
    BOOST_TEST(read_some(out) == "through the kernel");

    // A full pipe: it is the other end that has to become ready.
    set_non_blocking(in);
    const std::string page(4096, 'p');
    while (::write(in.get(), page.data(), page.size()) > 0)
        ;
    write_all(other, "more");
    moved = op::splice(one.get(), in.get(), 100);
    BOOST_TEST((moved.error == std::errc::resource_unavailable_try_again));
    BOOST_TEST(!moved.from_is_empty);
}

BOOST_AUTO_TEST_SUITE_END()
