// example/copy, compared with cp.
#include <programs.hpp>

#include "program.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <utility>

namespace {

/// The same bytes, and the same permissions.
bool like_cp(std::string const& source, std::string const& copied)
{
    test::temporary_file const by_cp;
    auto const e = test::run({"/bin/sh", "-c",
                              "rm \"$3\"; cp -p \"$1\" \"$3\" && cmp \"$2\" \"$3\" && test "
                              "\"$(stat -c %a \"$2\")\" = \"$(stat -c %a \"$3\")\"",
                              "sh", source, copied, by_cp.path()});
    BOOST_TEST_MESSAGE(e.out << e.err);
    return e.status == 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(copy_program)

BOOST_AUTO_TEST_CASE(does_what_cp_does)
{
    for (std::size_t const size : {0u, 1u, 100'000u, 5'000'001u})
    {
        test::temporary_file const source;
        test::write_all(source.file(), test::bytes(size));
        ::fchmod(source.file().get(), 0640);
        test::temporary_file const destination; // that is longer before
        test::write_all(destination.file(), std::string(6'000'000, 'o'));
        for (auto const& how :
             {std::pair("1", "1048576"), std::pair("8", "4096"), std::pair("3", "99991")})
        {
            auto const e = test::run({EXAMPLE_COPY, "--jobs", how.first, "--block", how.second,
                                      source.path(), destination.path()});
            BOOST_TEST(e.status == 0);
            BOOST_TEST(e.out + e.err == "");
            BOOST_TEST(like_cp(source.path(), destination.path()));
        }
    }
}

BOOST_AUTO_TEST_CASE(tells_how_far_it_has_come)
{
    test::temporary_file const source;
    test::write_all(source.file(), std::string(1'000'000, 's'));
    test::temporary_file const destination;
    auto const e = test::run({EXAMPLE_COPY, "--progress", source.path(), destination.path()});
    BOOST_TEST(e.status == 0);
    BOOST_TEST(e.err.ends_with("\r1000000 of 1000000 bytes\n"), e.err);
}

BOOST_AUTO_TEST_CASE(refuses_bad_input)
{
    test::temporary_file const source;
    test::write_all(source.file(), "bytes");
    std::string const missing = std::string(source.path()) + "-missing";
    using words = std::vector<std::string>;
    auto const run = [](words arguments) {
        arguments.insert(arguments.begin(), EXAMPLE_COPY);
        return test::run(std::move(arguments));
    };
    for (auto const& bad :
         {words{}, words{source.path()}, words{"--jobs", "0", source.path(), missing},
          words{"--jobs"}, words{"--block", "1k", source.path(), missing},
          words{"--what", source.path(), missing}, words{source.path(), source.path()},
          words{source.path(), "."}, words{".", missing}, words{"/dev/null", missing}})
    {
        auto const e = run(bad);
        BOOST_TEST(e.status == 2);
        BOOST_TEST(e.err.find("usage: copy") != std::string::npos);
    }
    auto const nothing_there = run({missing, missing + "-too"});
    BOOST_TEST(nothing_there.status == 1);
    BOOST_TEST(nothing_there.err.find(missing) != std::string::npos);
    auto const nowhere = run({source.path(), "/nowhere/at/all"});
    BOOST_TEST(nowhere.status == 1);
    BOOST_TEST(nowhere.err.find("/nowhere/at/all") != std::string::npos);
    auto const full = run({source.path(), "/dev/full"});
    BOOST_TEST(full.status == 1);
    BOOST_TEST(full.err.find("/dev/full") != std::string::npos, full.err);
    BOOST_TEST(!std::filesystem::exists(missing));
    BOOST_TEST(!std::filesystem::exists(missing + "-too"));
}

BOOST_AUTO_TEST_SUITE_END()
