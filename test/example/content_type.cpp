#include <content_type.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(content_types)

BOOST_AUTO_TEST_CASE(the_extension_decides_in_either_case)
{
    BOOST_TEST(file_server::content_type("a.txt") == "text/plain");
    BOOST_TEST(file_server::content_type("/x.y/a.min.JS") == "text/javascript");
}

BOOST_AUTO_TEST_CASE(anything_else_is_bytes)
{
    for (auto const name : {"", "a", "a.", "a.unknown", "/x.txt/a", "txt"})
        BOOST_TEST(file_server::content_type(name) == "application/octet-stream", name);
}

BOOST_AUTO_TEST_SUITE_END()
