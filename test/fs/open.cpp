#include <proactor/fs/open.hpp>

#include "scratch.hpp"

#include <proactor/random_access_file.hpp>
#include <proactor/stream_file.hpp>

using namespace test;
using proactor::file_base;
using proactor::unique_handle;
using stream_file = proactor::basic_stream_file<executor>;
using random_access_file = proactor::basic_random_access_file<executor>;

namespace {

template <typename File = unique_handle>
auto open(context& ctx, const fs::location& where, fs::open_flags how)
{
    return results_of<error_code, File>(
        ctx, [&](auto h) { fs::async_open<File>(ctx, where, how, h); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(open_and_close)

BOOST_AUTO_TEST_CASE(a_handle_that_closes_itself)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    int number = -1;
    {
        auto [ec, file] = open(ctx, s.path("file"), O_RDONLY);
        BOOST_TEST(!ec);
        number = file.get();
        char byte = 0;
        BOOST_TEST(::read(number, &byte, 1) == 1);
        BOOST_TEST(byte == 't');
        BOOST_TEST((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    }
    BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(flags_and_permissions_are_the_system_s)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    const auto error = [&](const char* name, fs::open_flags how) {
        return std::get<0>(open(ctx, s.path(name), how)).value();
    };
    BOOST_TEST(error("missing", O_RDONLY) == ENOENT);
    BOOST_TEST(error("file", O_WRONLY | O_CREAT | O_EXCL) == EEXIST);
    BOOST_TEST(error("file", O_RDONLY | O_DIRECTORY) == ENOTDIR);
    BOOST_TEST(error("", O_WRONLY) == EISDIR);
    BOOST_TEST(error("new", {O_WRONLY | O_CREAT, {0600}}) == 0);
    BOOST_TEST(s.mode("new") == 0600u);
    BOOST_TEST(error("other", {file_base::write_only | file_base::create, {0640}}) == 0);
    BOOST_TEST((s.mode("other") & ~022u) == 0640u);
    BOOST_TEST(error("file", file_base::write_only | file_base::truncate) == 0);
    BOOST_TEST(s.content("file").empty());
    std::filesystem::create_symlink("file", s.path("link"));
    BOOST_TEST(error("link", O_RDONLY | O_NOFOLLOW) == ELOOP);
    BOOST_TEST(error("link", O_PATH | O_NOFOLLOW) == 0);
    using namespace std::string_view_literals;
    BOOST_TEST(std::get<0>(open(ctx, s.path("file\0"sv), O_RDONLY)).value() == EINVAL);
    BOOST_TEST(error(std::string(256, 'n').c_str(), O_RDONLY) == ENAMETOOLONG);
}

BOOST_AUTO_TEST_CASE(relative_to_an_open_directory)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    auto [ec, folder] = open(ctx, s.path(), O_RDONLY | O_DIRECTORY);
    BOOST_TEST_REQUIRE(!ec);
    BOOST_TEST(std::get<1>(open(ctx, {folder.get(), "file"}, O_RDONLY)).get() >= 0);
    BOOST_TEST(std::get<0>(open(ctx, {folder.get(), "none"}, O_RDONLY)).value() == ENOENT);
    BOOST_TEST(std::get<0>(open(ctx, {-1, "file"}, O_RDONLY)).value() == EBADF);
}

BOOST_AUTO_TEST_CASE(a_file_of_our_own)
{
    context ctx;
    scratch s;
    s.make("file", "text");
    auto [ec, stream] = open<stream_file>(ctx, s.path("file"), file_base::read_write);
    BOOST_TEST(!ec);
    BOOST_TEST_REQUIRE(stream.is_open());
    BOOST_TEST(stream.size() == 4u);
    auto [ec2, file] = open<random_access_file>(ctx, s.path("file"), file_base::read_only);
    BOOST_TEST(!ec2);
    auto [ec3, n, text] = results_of<error_code, std::size_t, std::string>(
        ctx, [&, &f = file](auto h) { proactor::async_read_at(f, 1, std::string(3, '.'), h); });
    BOOST_TEST(!ec3);
    BOOST_TEST(text == "ext");
    auto [ec4, none] = open<stream_file>(ctx, s.path("missing"), file_base::read_only);
    BOOST_TEST(ec4.value() == ENOENT);
    BOOST_TEST(!none.is_open());
}

BOOST_AUTO_TEST_CASE(a_close_that_does_not_block)
{
    context ctx;
    scratch s;
    unique_handle file = std::get<1>(open(ctx, s.path("file"), O_WRONLY | O_CREAT));
    const int number = file.get();
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_close(ctx, std::move(file), h); }) == 0);
    BOOST_TEST(!is_open(number));
    BOOST_TEST(!file);
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_close(ctx, unique_handle(), h); }) == EBADF);
    random_access_file mine(ctx, s.path("file"), file_base::read_only);
    const int mine_number = mine.native_handle();
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_close(mine, h); }) == 0);
    BOOST_TEST(!mine.is_open());
    BOOST_TEST(!is_open(mine_number));
    BOOST_TEST(error_of(ctx, [&](auto h) { fs::async_close(mine, h); }) == EBADF);
    stream_file stream(ctx, s.path("file"), file_base::read_only);
    BOOST_TEST(error_of(ctx, [&](auto h) {
                   fs::async_close(ctx, unique_handle(stream.release()), h);
               }) == 0);
    BOOST_TEST(!stream.is_open());
    BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(many_at_a_time)
{
    context ctx;
    scratch s;
    const auto before = open_descriptors();
    std::vector<unique_handle> files;
    for (int i = 0; i != 600; ++i) // more than the queue holds
        fs::async_open(ctx, s.path("f" + std::to_string(i)), O_WRONLY | O_CREAT,
                       [&](error_code ec, unique_handle f) {
                           BOOST_TEST(!ec);
                           files.push_back(std::move(f));
                       });
    run(ctx);
    BOOST_TEST(files.size() == 600u);
    BOOST_TEST(s.names().size() == 600u);
    int closed = 0;
    for (unique_handle& f : files)
        fs::async_close(ctx, std::move(f), [&](error_code ec) {
            BOOST_TEST(!ec);
            ++closed;
        });
    run(ctx);
    BOOST_TEST(closed == 600);
    BOOST_TEST(open_descriptors() <= before + 80); // the context's own, its pool's
}

BOOST_AUTO_TEST_SUITE_END()
