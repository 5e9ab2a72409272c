// example/tail, compared with tail.
#include <programs.hpp>

#include "program.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(tail_program)

BOOST_AUTO_TEST_CASE(prints_what_tail_prints)
{
    test::temporary_file const file;
    std::string text;
    std::string const contents[] = {"", "one line\n", "\n\n\n", "no end", "two\nand no end"};
    for (int i = 0; i < 30'000; ++i)
        text += "line " + std::to_string(i) + '\n';
    for (std::string const& content : {contents[0], contents[1], contents[2], contents[3],
                                       contents[4], text, text + "unfinished"})
    {
        BOOST_TEST(::ftruncate(file.file().get(), 0) == 0);
        ::lseek(file.file().get(), 0, SEEK_SET);
        test::write_all(file.file(), content);
        for (auto const lines : {"0", "1", "2", "10", "20000"})
        {
            auto const ours = test::run({EXAMPLE_TAIL, "--lines", lines, file.path()});
            auto const expected =
                test::run({"/bin/sh", "-c", "tail -n \"$1\" \"$2\"", "sh", lines, file.path()});
            BOOST_TEST(ours.status == 0);
            BOOST_TEST(ours.err == "");
            BOOST_TEST((ours.out == expected.out), lines);
        }
    }
}

BOOST_AUTO_TEST_CASE(follows_until_the_file_is_removed)
{
    test::temporary_file const file;
    test::write_all(file.file(), "first\nsecond\n");
    test::program tail({EXAMPLE_TAIL, "--lines", "1", "--follow", file.path()});
    BOOST_TEST(tail.line() == "second\n");
    test::write_all(file.file(), "appended\n");
    BOOST_TEST(tail.line() == "appended\n");
    test::write_all(file.file(), "in two ");
    test::write_all(file.file(), "parts\n");
    BOOST_TEST(tail.line() == "in two parts\n");
    BOOST_TEST(::ftruncate(file.file().get(), 0) == 0);
    ::lseek(file.file().get(), 0, SEEK_SET);
    test::write_all(file.file(), "new\n");
    BOOST_TEST(tail.line() == "new\n");
    ::unlink(file.path());
    // Its last name has gone, and so will the watch when nobody has it open.
    auto const end = tail.end();
    BOOST_TEST(end.status == 0);
    BOOST_TEST(end.out == "");
    BOOST_TEST(end.err.find("truncated\n") != std::string::npos, end.err);
    BOOST_TEST(end.err.find("removed\n") != std::string::npos, end.err);
}

BOOST_AUTO_TEST_CASE(follows_until_a_signal)
{
    test::temporary_file const file;
    test::write_all(file.file(), "first\n");
    test::program tail({EXAMPLE_TAIL, "--follow", file.path()});
    BOOST_TEST(tail.line() == "first\n");
    tail.signal(SIGINT);
    auto const end = tail.end();
    BOOST_TEST(end.status == 0);
    BOOST_TEST(end.err == "");
}

BOOST_AUTO_TEST_CASE(refuses_bad_input)
{
    using words = std::vector<std::string>;
    for (auto const& bad :
         {words{}, words{"--lines"}, words{"--lines", "-1", "file"}, words{"--what", "file"},
          words{"one", "two"}, words{"."}, words{"/dev/null"}})
    {
        words all{EXAMPLE_TAIL};
        all.insert(all.end(), bad.begin(), bad.end());
        auto const end = test::run(all);
        BOOST_TEST(end.status == 2);
        BOOST_TEST(end.err.find("usage: tail") != std::string::npos);
    }
    auto const missing = test::run({EXAMPLE_TAIL, "/nowhere/at/all"});
    BOOST_TEST(missing.status == 1);
    BOOST_TEST(missing.err.find("/nowhere/at/all") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
