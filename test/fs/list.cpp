#include <proactor/fs/directory.hpp>

#include "scratch.hpp"

using namespace test;

namespace {

using entries = std::vector<fs::directory_entry>;

auto list(context& ctx, const fs::location& where)
{
    return results_of<error_code, entries>(ctx, [&](auto h) { fs::async_list(ctx, where, h); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(list_)

BOOST_AUTO_TEST_CASE(everything_but_itself_and_its_parent)
{
    context ctx;
    scratch s;
    BOOST_TEST(std::get<1>(list(ctx, s.path())).empty());
    s.make("file");
    std::filesystem::create_directory(s.path("folder"));
    std::filesystem::create_symlink("nowhere", s.path("link"));
    auto [ec, found] = list(ctx, s.path());
    BOOST_TEST(!ec);
    std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.name < b.name; });
    BOOST_TEST_REQUIRE(found.size() == 3u);
    BOOST_TEST(found[0].name == "file");
    BOOST_TEST((found[0].type == fs::file_type::regular));
    BOOST_TEST((found[1].type == fs::file_type::directory));
    BOOST_TEST((found[2].type == fs::file_type::symlink));
    struct ::stat file;
    checked(::stat(s.path("file").c_str(), &file), "stat");
    BOOST_TEST(found[0].inode == file.st_ino);
}

BOOST_AUTO_TEST_CASE(a_long_one)
{
    context ctx;
    scratch s;
    for (int i = 0; i != 2000; ++i)
        s.make("a-file-with-a-name-that-takes-room-" + std::to_string(i));
    handle folder(checked(::open(s.path().c_str(), O_RDONLY | O_CLOEXEC), "open"));
    auto [ec, found] = list(ctx, {folder.get(), "."});
    BOOST_TEST(!ec);
    std::vector<std::string> names;
    for (auto& e : found)
        names.push_back(e.name);
    std::sort(names.begin(), names.end());
    BOOST_TEST((names == s.names()));
}

BOOST_AUTO_TEST_CASE(errors)
{
    const auto before = open_descriptors();
    {
        context ctx;
        scratch s;
        s.make("file");
        const auto error = [&](const fs::location& l) { return std::get<0>(list(ctx, l)).value(); };
        BOOST_TEST(error(s.path("file")) == ENOTDIR);
        BOOST_TEST(error(s.path("missing")) == ENOENT);
        BOOST_TEST(error({-1, "."}) == EBADF);
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()
