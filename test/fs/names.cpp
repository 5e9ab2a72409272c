#include <proactor/fs/names.hpp>

#include "scratch.hpp"

using namespace test;

namespace {

int rename(context& ctx, const fs::location& from, const fs::location& to,
           fs::renaming how = fs::renaming::replace)
{
    return error_of(ctx, [&](auto h) { fs::async_rename(ctx, from, to, how, h); });
}
int remove(context& ctx, const fs::location& what)
{
    return error_of(ctx, [&](auto h) { fs::async_remove(ctx, what, h); });
}
int remove_directory(context& ctx, const fs::location& what)
{
    return error_of(ctx, [&](auto h) { fs::async_remove_directory(ctx, what, h); });
}
int create_directory(context& ctx, const fs::location& what)
{
    return error_of(ctx, [&](auto h) { fs::async_create_directory(ctx, what, h); });
}
int link(context& ctx, const fs::location& existing, const fs::location& created)
{
    return error_of(ctx, [&](auto h) { fs::async_link(ctx, existing, created, h); });
}
int symlink(context& ctx, const fs::location& target, const fs::location& created)
{
    return error_of(ctx, [&](auto h) { fs::async_symlink(ctx, target, created, h); });
}

/// Every function of names, with this one and others that are fine.
std::vector<int> all_with(context& ctx, const fs::location& l, const scratch& s)
{
    const std::string there = s.path("there"), absent = s.path("absent");
    return {rename(ctx, l, absent),   rename(ctx, there, l),    remove(ctx, l),
            remove_directory(ctx, l), create_directory(ctx, l), link(ctx, l, absent),
            link(ctx, there, l),      symlink(ctx, "target", l)};
}

/// This process as one that owns nothing.
class unprivileged
{
public:
    unprivileged() { checked(::seteuid(65534), "seteuid"); }
    ~unprivileged() { checked(::seteuid(0), "seteuid"); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(a_file_gets_another_name)
{
    context ctx;
    scratch s;
    s.make("a", "one");
    s.make("b", "two");
    BOOST_TEST(rename(ctx, s.path("a"), s.path("c")) == 0);
    BOOST_TEST((s.names() == std::vector<std::string>{"b", "c"}));
    BOOST_TEST(rename(ctx, s.path("b"), s.path("c")) == 0);
    BOOST_TEST((s.names() == std::vector<std::string>{"c"}));
    BOOST_TEST(s.content("c") == "two");
    BOOST_TEST(rename(ctx, s.path("a"), s.path("d")) == ENOENT);
    BOOST_TEST(error_of(ctx, [&](auto h) {
                   fs::async_rename(ctx, s.path("c"), s.path("e"), h);
               }) == 0);
    BOOST_TEST((s.names() == std::vector<std::string>{"e"}));
}

BOOST_AUTO_TEST_CASE(what_has_the_new_name_may_stay_or_get_the_old_one)
{
    context ctx;
    scratch s;
    s.make("a", "one");
    s.make("b", "two");
    BOOST_TEST(rename(ctx, s.path("a"), s.path("b"), fs::renaming::keep_existing) == EEXIST);
    BOOST_TEST(s.content("b") == "two");
    BOOST_TEST(rename(ctx, s.path("a"), s.path("b"), fs::renaming::exchange) == 0);
    BOOST_TEST(s.content("a") == "two");
    BOOST_TEST(s.content("b") == "one");
    BOOST_TEST(rename(ctx, s.path("a"), s.path("c"), fs::renaming::exchange) == ENOENT);
    BOOST_TEST(rename(ctx, s.path("a"), s.path("c"), fs::renaming::keep_existing) == 0);
}

BOOST_AUTO_TEST_CASE(files_and_directories_are_removed)
{
    context ctx;
    scratch s;
    s.make("file");
    BOOST_TEST(create_directory(ctx, s.path("folder")) == 0);
    BOOST_TEST(create_directory(ctx, s.path("folder")) == EEXIST);
    BOOST_TEST(create_directory(ctx, s.path("missing/folder")) == ENOENT);
    s.make("folder/inside");
    BOOST_TEST(remove(ctx, s.path("folder")) == EISDIR);
    BOOST_TEST(remove_directory(ctx, s.path("file")) == ENOTDIR);
    BOOST_TEST(remove_directory(ctx, s.path("folder")) == ENOTEMPTY);
    BOOST_TEST(remove(ctx, s.path("folder/inside")) == 0);
    BOOST_TEST(remove_directory(ctx, s.path("folder")) == 0);
    BOOST_TEST(remove(ctx, s.path("file")) == 0);
    BOOST_TEST(remove(ctx, s.path("file")) == ENOENT);
    BOOST_TEST(s.names().empty());
}

BOOST_AUTO_TEST_CASE(a_directory_is_made_for_whom_it_should_be)
{
    context ctx;
    scratch s;
    BOOST_TEST(error_of(ctx, [&](auto h) {
                   fs::async_create_directory(ctx, s.path("mine"), fs::permissions{0700}, h);
               }) == 0);
    BOOST_TEST(s.mode("mine") == 0700u);
}

BOOST_AUTO_TEST_CASE(links)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    BOOST_TEST(link(ctx, s.path("file"), s.path("hard")) == 0);
    BOOST_TEST(link(ctx, s.path("file"), s.path("hard")) == EEXIST);
    BOOST_TEST(link(ctx, s.path("missing"), s.path("other")) == ENOENT);
    BOOST_TEST(std::filesystem::hard_link_count(s.path("hard")) == 2u);
    BOOST_TEST(symlink(ctx, "file", s.path("soft")) == 0);
    BOOST_TEST(symlink(ctx, "file", s.path("soft")) == EEXIST);
    BOOST_TEST(s.content("soft") == "text");
    BOOST_TEST(symlink(ctx, "nowhere", s.path("dangling")) == 0);
    BOOST_TEST(std::filesystem::read_symlink(s.path("dangling")) == "nowhere");
    BOOST_TEST(link(ctx, s.path("soft"), s.path("second")) == 0); // not followed
    BOOST_TEST(std::filesystem::is_symlink(s.path("second")));
}

BOOST_AUTO_TEST_CASE(another_file_system_is_too_far)
{
    struct ::stat here, there;
    checked(::stat(".", &here), "stat");
    if (::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev)
        return test::skipped("there is one file system only");
    context ctx;
    scratch s;
    s.make("file");
    const std::string far = "/dev/shm/proactor-fs-" + std::to_string(::getpid());
    BOOST_TEST(rename(ctx, s.path("file"), far) == EXDEV);
    BOOST_TEST(link(ctx, s.path("file"), far) == EXDEV);
}

BOOST_AUTO_TEST_CASE(who_may_not_is_told)
{
    if (::geteuid() != 0)
        return test::skipped("only root can become somebody else");
    context ctx;
    scratch s;
    s.make("there");
    s.make("file");
    std::filesystem::permissions(s.path(), std::filesystem::perms(0700));
    const unprivileged now;
    for (const int error : all_with(ctx, s.path("file"), s))
        BOOST_TEST(error == EACCES);
}

BOOST_AUTO_TEST_CASE(relative_to_an_open_directory)
{
    context ctx;
    scratch s;
    handle folder(checked(::open(s.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open"));
    const int at = folder.get();
    BOOST_TEST(create_directory(ctx, {at, "d"}) == 0);
    s.make("a", "text");
    BOOST_TEST(rename(ctx, {at, "a"}, {at, "d/b"}) == 0);
    BOOST_TEST(link(ctx, {at, "d/b"}, {at, "c"}) == 0);
    BOOST_TEST(symlink(ctx, "c", {at, "s"}) == 0);
    BOOST_TEST((s.names() == std::vector<std::string>{"c", "d", "s"}));
    BOOST_TEST(s.content("s") == "text");
    BOOST_TEST(remove(ctx, {at, "d/b"}) == 0);
    BOOST_TEST(remove_directory(ctx, {at, "d"}) == 0);
    BOOST_TEST(remove(ctx, {at, s.path("s")}) == 0); // absolute
    // Never the working directory by mistake.
    s.make("there");
    for (const int error : all_with(ctx, {proactor::invalid_handle, "a"}, s))
        BOOST_TEST(error == EBADF);
    BOOST_TEST((s.names() == std::vector<std::string>{"c", "there"}));
}

BOOST_AUTO_TEST_CASE(paths_that_no_system_takes)
{
    context ctx;
    scratch s;
    s.make("cut");
    s.make("there");
    using namespace std::string_view_literals;
    for (const int error : all_with(ctx, s.path("cut\0here"sv), s))
        BOOST_TEST(error == EINVAL);
    std::string parts;
    while (parts.size() < 4096)
        parts += "./";
    for (const std::string& path : {std::string(10'000, 'x'), s.path(parts), std::string(256, 'n')})
        for (const int error : all_with(ctx, path, s))
            BOOST_TEST(error == ENAMETOOLONG);
    BOOST_TEST((s.names() == std::vector<std::string>{"cut", "there"}));
}

BOOST_AUTO_TEST_CASE(a_path_is_the_operation_s_own)
{
    context ctx;
    scratch s;
    int done = 0;
    for (int i = 0; i != 100; ++i)
    {
        std::string path = s.path("directory-with-a-long-name-" + std::to_string(i));
        fs::async_create_directory(ctx, std::string_view(path), [&](error_code ec) {
            BOOST_TEST(!ec);
            ++done;
        });
        std::fill(path.begin(), path.end(), '#');
    }
    run(ctx);
    BOOST_TEST(done == 100);
    BOOST_TEST(s.names().size() == 100u);
    BOOST_TEST(s.has("directory-with-a-long-name-99"));
}

BOOST_AUTO_TEST_SUITE_END()
