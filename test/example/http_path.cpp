#include <http_path.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace {

using file_server::path_below_root;

std::string path_of(std::string_view target)
{
    return path_below_root(target).value_or("(refused)");
}

bool refused(std::string_view target)
{
    return !path_below_root(target);
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_path)

BOOST_AUTO_TEST_CASE(plain_paths_lose_their_first_slash)
{
    BOOST_TEST(path_of("/a") == "a");
    BOOST_TEST(path_of("/a/b.txt") == "a/b.txt");
    BOOST_TEST(path_of("/...") == "...");
    BOOST_TEST(path_of("/..a/a..") == "..a/a..");
}

BOOST_AUTO_TEST_CASE(a_path_that_ends_in_a_slash_names_the_index)
{
    BOOST_TEST(path_of("/") == "index.html");
    BOOST_TEST(path_of("/a/") == "a/index.html");
    BOOST_TEST(path_of("/a/?b") == "a/index.html");
}

BOOST_AUTO_TEST_CASE(empty_and_dot_segments_vanish)
{
    BOOST_TEST(path_of("//a///b") == "a/b");
    BOOST_TEST(path_of("/./a/./b") == "a/b");
    BOOST_TEST(path_of("/%2e/a") == "a");
    BOOST_TEST(path_of("/.") == "");
}

BOOST_AUTO_TEST_CASE(a_query_is_cut_off_undecoded)
{
    BOOST_TEST(path_of("/a?b=%zz/../c") == "a");
    BOOST_TEST(path_of("/a%3fb") == "a?b");
}

BOOST_AUTO_TEST_CASE(escapes_are_decoded_once)
{
    BOOST_TEST(path_of("/a%20b") == "a b");
    BOOST_TEST(path_of("/%41%5a%7a%7A") == "AZzz");
    BOOST_TEST(path_of("/%c3%a4") == "\xc3\xa4");
    BOOST_TEST(path_of("/%2541") == "%41");
    BOOST_TEST(path_of("/%252e%252e/a") == "%2e%2e/a");
    BOOST_TEST(path_of("/a+b") == "a+b");
}

BOOST_AUTO_TEST_CASE(broken_escapes_are_refused)
{
    for (auto const target : {"/%", "/%4", "/a%", "/%zz", "/%4z", "/%%41", "/%4/1", "/%-1"})
        BOOST_TEST(refused(target), target);
}

BOOST_AUTO_TEST_CASE(the_parent_is_refused_in_every_spelling)
{
    for (auto const target : {"/..", "/../a", "/a/..", "/a/../b", "/%2e%2e/a", "/.%2e/a", "/%2E./a",
                              "/a/%2e%2E", "/..?a", "//..//a"})
        BOOST_TEST(refused(target), target);
}

BOOST_AUTO_TEST_CASE(nothing_decoded_separates)
{
    for (auto const target :
         {"/a%2fb", "/..%2fa", "/%2F", "/a%5cb", "/..\\a", "/a%00", "/%00", "/a%00.txt"})
        BOOST_TEST(refused(target), target);
    BOOST_TEST(refused(std::string_view("/a\0b", 4)));
}

BOOST_AUTO_TEST_CASE(the_absolute_form_is_its_path)
{
    BOOST_TEST(path_of("http://host/a/b?c") == "a/b");
    BOOST_TEST(path_of("HTTP://host:80/a") == "a");
    BOOST_TEST(path_of("http://host") == "index.html");
    BOOST_TEST(path_of("http://host/") == "index.html");
    for (auto const target : {"http:///a", "http://", "http://host?a", "http://host#a",
                              "https://host/a", "http:/host", "http://host/../a"})
        BOOST_TEST(refused(target), target);
}

BOOST_AUTO_TEST_CASE(other_forms_are_refused)
{
    for (auto const target : {"", "*", "a", "a/b", "host:443", "?a", "/a#b", "#"})
        BOOST_TEST(refused(target), target);
}

BOOST_AUTO_TEST_SUITE_END()
