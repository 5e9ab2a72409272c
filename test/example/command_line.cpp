#include <command_line.hpp>

#include <boost/test/unit_test.hpp>

#include <string_view>
#include <vector>

namespace {

using arguments = std::vector<std::string_view>;
using file_server::parse_command_line;

bool refused(arguments const& given)
{
    try
    {
        parse_command_line(given);
        return false;
    }
    catch (file_server::bad_arguments const& error)
    {
        return *error.what() != '\0';
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(command_lines)

BOOST_AUTO_TEST_CASE(a_root_is_enough)
{
    auto const result = parse_command_line({"--root", "/"});
    BOOST_TEST(result.root == "/");
    BOOST_TEST(result.port == 0);
    BOOST_TEST(result.address.to_string() == "127.0.0.1");
    BOOST_TEST(result.port_file.empty());
    BOOST_TEST(!result.help);
    BOOST_TEST(!result.copy);
}

BOOST_AUTO_TEST_CASE(every_argument_is_read)
{
    auto const result = parse_command_line(
        {"--port", "65535", "--address", "::1", "--port-file", "/tmp/port", "--copy", "--root",
         "/"});
    BOOST_TEST(result.copy);
    BOOST_TEST(result.port == 65535);
    BOOST_TEST(result.address.to_string() == "::1");
    BOOST_TEST(result.port_file == "/tmp/port");
}

BOOST_AUTO_TEST_CASE(help_needs_nothing_else)
{
    BOOST_TEST(parse_command_line({"--help"}).help);
}

BOOST_AUTO_TEST_CASE(bad_arguments_are_refused)
{
    BOOST_TEST(refused({}));
    BOOST_TEST(refused({"--root"}));
    BOOST_TEST(refused({"--root", ""}));
    BOOST_TEST(refused({"--root", "/no/such/folder"}));
    BOOST_TEST(refused({"--root", "/dev/null"}));
    BOOST_TEST(refused({"/"}));
    BOOST_TEST(refused({"--root", "/", "more"}));
    for (auto const port : {"-1", "65536", "80x", " 80", "0x50", "http"})
        BOOST_TEST(refused({"--root", "/", "--port", port}), port);
    for (auto const address : {"localhost", "127.0.0", "1.2.3.4:80"})
        BOOST_TEST(refused({"--root", "/", "--address", address}), address);
}

BOOST_AUTO_TEST_SUITE_END()
