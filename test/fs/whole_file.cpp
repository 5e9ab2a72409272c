#include <proactor/fs/whole_file.hpp>

#include "scratch.hpp"

#include <proactor/buffers.hpp>

#include <csignal>
#include <sys/resource.h>

using namespace test;

namespace {

template <typename Buffer = std::string>
auto read_file(context& ctx, const fs::location& where)
{
    return results_of<error_code, Buffer>(
        ctx, [&](auto h) { fs::async_read_file<Buffer>(ctx, where, h); });
}

auto write_file(context& ctx, const fs::location& where, std::string text, fs::write_options how)
{
    return results_of<error_code, std::size_t, std::string>(
        ctx, [&](auto h) { fs::async_write_file(ctx, where, std::move(text), how, h); });
}

constexpr fs::write_options in_place{};
constexpr fs::write_options atomically{.replace_atomically = true};

std::string pattern(std::size_t n)
{
    std::string text(n, '\0');
    for (std::size_t i = 0; i != n; ++i)
        text[i] = static_cast<char>(i * 2654435761u >> 13);
    return text;
}

/// No file may get longer than this.
class file_size_limit
{
public:
    explicit file_size_limit(rlim_t bytes)
    {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
    }
    ~file_size_limit()
    {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

} // namespace

BOOST_AUTO_TEST_SUITE(whole_files)

BOOST_AUTO_TEST_CASE(files_of_all_sizes_are_read)
{
    context ctx;
    scratch s;
    for (const std::size_t size :
         {0, 1, 100, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 40'000, 5'000'000})
    {
        s.make("file", pattern(size));
        auto [ec, text] = read_file(ctx, s.path("file"));
        BOOST_TEST(!ec);
        BOOST_TEST((text == pattern(size)));
        BOOST_TEST(text.capacity() <= std::max<std::size_t>(2 * size, 16 * 1024));
        if (size == 100)
            BOOST_TEST(text.capacity() < 1000u);
        auto [ec2, bytes] = read_file<std::vector<unsigned char>>(ctx, s.path("file"));
        BOOST_TEST(bytes.size() == size);
    }
}

BOOST_AUTO_TEST_CASE(files_without_a_size_are_read)
{
    context ctx;
    auto [ec, text] = read_file(ctx, "/proc/self/status");
    BOOST_TEST(!ec);
    BOOST_TEST(text.find("Pid:") != text.npos);
    auto [ec2, more] = read_file(ctx, "/proc/self/smaps"); // of several reads
    BOOST_TEST(!ec2);
    BOOST_TEST(more.size() > 20'000u);
    BOOST_TEST(more.find("VmFlags", more.size() - 200) != more.npos);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read)
{
    context ctx;
    scratch s;
    const auto error
        = [&](const fs::location& l) { return std::get<0>(read_file(ctx, l)).value(); };
    BOOST_TEST(error(s.path("missing")) == ENOENT);
    BOOST_TEST(error(s.path()) == EISDIR);
    BOOST_TEST(error({-1, "file"}) == EBADF);
}

BOOST_AUTO_TEST_CASE(buffers_of_all_kinds_are_written)
{
    context ctx;
    scratch s;
    const auto written = [&]<typename Buffer>(Buffer buffer) {
        auto [ec, n, back] = results_of<error_code, std::size_t, Buffer>(ctx, [&](auto h) {
            fs::async_write_file(ctx, s.path("file"), std::move(buffer), h);
        });
        BOOST_TEST(!ec);
        BOOST_TEST(n == std::filesystem::file_size(s.path("file")));
        return std::get<1>(read_file(ctx, s.path("file")));
    };
    const auto text = std::make_shared<std::string>("text");
    BOOST_TEST(written(proactor::kept_span<const char, std::shared_ptr<std::string>>(*text, text))
               == "text");
    BOOST_TEST(written(std::array<std::string, 3>{"a", "", "bc"}) == "abc");
    BOOST_TEST(written(std::tuple(std::string("a"), std::vector<char>{'b'})) == "ab");
    std::vector<std::string> many(200, "0123456789"); // more than one call takes
    std::string all;
    for (const std::string& each : many)
        all += each;
    BOOST_TEST(written(std::move(many)) == all);
}

BOOST_AUTO_TEST_CASE(files_are_written)
{
    context ctx;
    scratch s;
    for (const fs::write_options& how : {in_place, atomically})
        for (const std::size_t size : {5'000'000, 100, 0})
        {
            const std::string text = pattern(size);
            auto [ec, n, back] = write_file(ctx, s.path("file"), text, how);
            BOOST_TEST(!ec);
            BOOST_TEST(n == size);
            BOOST_TEST((back == text));
            BOOST_TEST((s.content("file") == text));
            BOOST_TEST((s.names() == std::vector<std::string>{"file"}));
        }
    auto [ec, n, back] = results_of<error_code, std::size_t, std::array<char, 3>>(
        ctx, [&](auto h) {
            fs::async_write_file(ctx, s.path("file"), std::array<char, 3>{'a', 'b', 'c'}, h);
        });
    BOOST_TEST(!ec);
    BOOST_TEST(n == 3u);
    BOOST_TEST(back[2] == 'c');
    BOOST_TEST(s.content("file") == "abc");
}

BOOST_AUTO_TEST_CASE(relative_to_an_open_directory)
{
    context ctx;
    scratch s;
    handle folder(checked(::open(s.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open"));
    std::filesystem::create_directory(s.path("d"));
    for (const char* name : {"file", "d/file"})
    {
        BOOST_TEST(!std::get<0>(write_file(ctx, {folder.get(), name}, "text", atomically)));
        BOOST_TEST(s.content(name) == "text");
        BOOST_TEST(std::get<1>(read_file(ctx, {folder.get(), name})) == "text");
    }
    BOOST_TEST((s.names() == std::vector<std::string>{"d", "file"}));
}

BOOST_AUTO_TEST_CASE(a_replacement_has_the_permissions_of_what_it_replaces)
{
    context ctx;
    scratch s;
    const mode_t before = ::umask(077);
    s.make("file", "old");
    for (const mode_t mode : {0600u, 0666u, 04755u})
    {
        checked(::chmod(s.path("file").c_str(), mode), "chmod");
        BOOST_TEST(!std::get<0>(write_file(ctx, s.path("file"), "new", atomically)));
        BOOST_TEST(s.mode("file") == (mode & 0777u)); // of another user, perhaps
    }
    ::umask(022);
    for (fs::write_options how : {in_place, atomically})
    {
        how.mode = {0660};
        BOOST_TEST(!std::get<0>(write_file(ctx, s.path("other"), "new", how)));
        BOOST_TEST(s.mode("other") == 0640u);
        std::filesystem::remove(s.path("other"));
    }
    ::umask(before);
}

BOOST_AUTO_TEST_CASE(a_link_is_replaced_or_followed)
{
    context ctx;
    scratch s;
    s.make("file", "old");
    std::filesystem::create_symlink("file", s.path("link"));
    BOOST_TEST(!std::get<0>(write_file(ctx, s.path("link"), "new", in_place)));
    BOOST_TEST(s.content("file") == "new");
    BOOST_TEST(!std::get<0>(write_file(ctx, s.path("link"), "other", atomically)));
    BOOST_TEST(s.content("file") == "new");
    BOOST_TEST(s.content("link") == "other");
    BOOST_TEST(!std::filesystem::is_symlink(s.path("link")));
}

BOOST_AUTO_TEST_CASE(what_fails_leaves_nothing_behind)
{
    const auto before = open_descriptors();
    {
        context ctx;
        scratch s;
        const auto check = [&](const fs::location& where, std::size_t size, int expected) {
            const std::string text = pattern(size);
            auto [ec, n, back] = write_file(ctx, where, text, atomically);
            BOOST_TEST(ec.value() == expected);
            BOOST_TEST((back == text));
        };
        std::filesystem::create_directory(s.path("folder"));
        s.make("file", "old");
        const auto names = s.names();
        check(s.path("folder"), 100, EISDIR);
        check("/dev/null", 100, EINVAL);
        check(s.path("missing/file"), 100, ENOENT); // the open
        check(s.path("file/file"), 100, ENOTDIR);   // the look at what is there
        check({-1, "file"}, 100, EBADF);
        {
            const file_size_limit limit(65536);
            check(s.path("file"), 100'000, EFBIG); // the write
        }
        BOOST_TEST((s.names() == names));
        BOOST_TEST(s.content("file") == "old");
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_rename_that_is_refused_leaves_nothing_behind)
{
    if (::geteuid() != 0)
        return test::skipped("only root can become somebody else");
    context ctx;
    scratch s;
    s.make("file", "old");
    checked(::chmod(s.path().c_str(), 01777), "chmod"); // only owners rename in it
    checked(::seteuid(65534), "seteuid");
    const auto ec = std::get<0>(write_file(ctx, s.path("file"), "new", atomically));
    checked(::seteuid(0), "seteuid");
    BOOST_TEST(ec.value() == EPERM);
    BOOST_TEST((s.names() == std::vector<std::string>{"file"}));
    BOOST_TEST(s.content("file") == "old");
}

BOOST_AUTO_TEST_SUITE_END()
