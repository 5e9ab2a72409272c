#include <document_root.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace {

namespace fs = std::filesystem;
using file_server::document_root;

struct tree
{
    fs::path top;
    fs::path root;

    tree()
    {
        std::string name = (fs::temp_directory_path() / "document_root.XXXXXX").string();
        BOOST_REQUIRE(mkdtemp(name.data()) != nullptr);
        top = fs::canonical(name);
        root = top / "root";
        fs::create_directories(root / "folder");
        fs::create_directories(top / "root2");
        for (auto const file : {"secret", "root2/secret", "root/a", "root/folder/b"})
            std::ofstream(top / file) << "content";
        fs::create_symlink("folder/b", root / "inside");
        fs::create_symlink("../secret", root / "outside");
        fs::create_symlink(top / "secret", root / "absolute");
        fs::create_symlink("../root2", root / "sibling");
        fs::create_symlink("loop", root / "loop");
    }
    ~tree()
    {
        std::error_code ignored;
        fs::remove_all(top, ignored);
    }
    tree(tree const&) = delete;
    tree& operator=(tree const&) = delete;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(document_roots, tree)

BOOST_AUTO_TEST_CASE(files_are_found_by_their_real_path)
{
    document_root const served(root);
    BOOST_TEST((served.find("a") == root / "a"));
    BOOST_TEST((served.find("folder/b") == root / "folder/b"));
    BOOST_TEST((served.find("inside") == root / "folder/b"));
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_not_found)
{
    document_root const served(root);
    for (auto const name : {"", "missing", "folder", "a/b", "loop"})
        BOOST_TEST(!served.find(name), name);
    BOOST_TEST(!served.find(std::string(5000, 'x')));
    BOOST_TEST(!document_root("/dev").find("null"));
}

BOOST_AUTO_TEST_CASE(nothing_outside_is_found)
{
    document_root const served(root);
    for (auto const name :
         {"outside", "absolute", "sibling/secret", "../secret", "../root2/secret"})
        BOOST_TEST(!served.find(name), name);
}

BOOST_AUTO_TEST_CASE(the_root_may_be_reached_in_any_way)
{
    fs::create_symlink("root", top / "link");
    BOOST_TEST((document_root(top / "link").find("a") == root / "a"));
    BOOST_TEST((document_root(root / "folder/../").find("a") == root / "a"));
    BOOST_TEST((document_root("/").find((root / "a").relative_path().string()) == root / "a"));
}

BOOST_AUTO_TEST_CASE(a_root_that_is_no_folder_is_an_error)
{
    BOOST_CHECK_THROW(document_root(root / "a"), fs::filesystem_error);
    BOOST_CHECK_THROW(document_root(root / "missing"), fs::filesystem_error);
}

BOOST_AUTO_TEST_SUITE_END()
