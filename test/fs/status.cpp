#include <proactor/fs/status.hpp>

#include "scratch.hpp"

#include <proactor/stream_file.hpp>

using namespace test;
using stream_file = proactor::basic_stream_file<executor>;

namespace {

auto stat(context& ctx, const fs::location& where)
{
    return results_of<error_code, fs::file_status>(ctx,
                                                   [&](auto h) { fs::async_stat(ctx, where, h); });
}
auto lstat(context& ctx, const fs::location& where)
{
    return results_of<error_code, fs::file_status>(
        ctx, [&](auto h) { fs::async_lstat(ctx, where, h); });
}

void same(const fs::file_status& found, const struct ::stat& s)
{
    BOOST_TEST(found.size == static_cast<std::uint64_t>(s.st_size));
    BOOST_TEST(found.allocated == static_cast<std::uint64_t>(s.st_blocks) * 512);
    BOOST_TEST(found.inode == s.st_ino);
    BOOST_TEST(found.links == s.st_nlink);
    BOOST_TEST(found.permissions == (s.st_mode & 07777u));
    BOOST_TEST(found.user == s.st_uid);
    BOOST_TEST(found.group == s.st_gid);
    BOOST_TEST(found.block_size == static_cast<unsigned long>(s.st_blksize));
    const auto ns = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    BOOST_TEST(found.accessed.time_since_epoch().count() == ns(s.st_atim));
    BOOST_TEST(found.modified.time_since_epoch().count() == ns(s.st_mtim));
    BOOST_TEST(found.changed.time_since_epoch().count() == ns(s.st_ctim));
}

} // namespace

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(what_the_system_knows)
{
    context ctx;
    scratch s;
    s.make("file", std::string(5000, 'x'));
    checked(::chmod(s.path("file").c_str(), 04751), "chmod");
    std::filesystem::create_hard_link(s.path("file"), s.path("second"));
    struct ::stat expected;
    checked(::stat(s.path("file").c_str(), &expected), "stat");
    auto [ec, found] = stat(ctx, s.path("file"));
    BOOST_TEST(!ec);
    BOOST_TEST((found.type == fs::file_type::regular));
    same(found, expected);
    if (found.created)
        BOOST_TEST((*found.created <= found.changed));

    const proactor::unique_handle handle(::open(s.path("file").c_str(), O_PATH | O_CLOEXEC));
    auto [ec4, of_handle] = results_of<error_code, fs::file_status>(
        ctx, [&](auto h) { fs::async_stat(ctx, handle, h); });
    BOOST_TEST(!ec4);
    same(of_handle, expected);

    stream_file file(ctx, s.path("file"), proactor::file_base::read_only);
    auto [ec2, of_file] = results_of<error_code, fs::file_status>(
        ctx, [&](auto h) { fs::async_stat(file, h); });
    BOOST_TEST(!ec2);
    same(of_file, expected);
    file.close();
    BOOST_TEST(error_of<fs::file_status>(ctx, [&](auto h) { fs::async_stat(file, h); }) == EBADF);
}

BOOST_AUTO_TEST_CASE(types)
{
    context ctx;
    scratch s;
    std::filesystem::create_symlink("nowhere", s.path("link"));
    checked(::mkfifo(s.path("fifo").c_str(), 0600), "mkfifo");
    const auto type = [&](const fs::location& l) { return std::get<1>(lstat(ctx, l)).type; };
    BOOST_TEST((type(s.path("link")) == fs::file_type::symlink));
    BOOST_TEST((type(s.path()) == fs::file_type::directory));
    BOOST_TEST((type(s.path("fifo")) == fs::file_type::fifo));
    BOOST_TEST((type("/dev/null") == fs::file_type::character_device));
    BOOST_TEST(std::get<0>(stat(ctx, s.path("link"))).value() == ENOENT);
}

BOOST_AUTO_TEST_CASE(errors)
{
    context ctx;
    scratch s;
    s.make("file");
    const auto error = [&](const fs::location& l) { return std::get<0>(stat(ctx, l)).value(); };
    BOOST_TEST(error(s.path("missing")) == ENOENT);
    BOOST_TEST(error(s.path("file/inside")) == ENOTDIR);
    BOOST_TEST(error("") == ENOENT);
    BOOST_TEST(error(std::string(5000, 'x')) == ENAMETOOLONG);
    BOOST_TEST(error({-1, "file"}) == EBADF);
    std::filesystem::create_symlink("loop", s.path("loop"));
    BOOST_TEST(error(s.path("loop")) == ELOOP);
}

BOOST_AUTO_TEST_SUITE_END()
