#include <proactor/request.hpp>

#include "driver_under_test.hpp"

#include <cstdio>
#include <sys/stat.h>

namespace {

using namespace test;

/// A folder that goes with the names that a test gives there.
class folder
{
public:
    folder()
    {
        std::string name = (std::filesystem::current_path() / "proactor-names-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::system_error(errno, std::generic_category(), "mkdtemp");
        path_ = name;
        handle_.reset(checked(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open"));
    }
    ~folder() { std::filesystem::remove_all(path_); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    request::name operator()(const char* name) const { return {name, handle_.get()}; }
    const handle& get() const { return handle_; }
    bool has(const char* name) const { return std::filesystem::exists(path_ + '/' + name); }

private:
    std::string path_;
    handle handle_;
};

/// Carries one request out and returns its error; its value is 0.
int error_of(driver_under_test& d, const request::any& r, int fd = proactor::invalid_handle)
{
    attachment& a = d->attach(fd);
    test_operation op(r);
    d.start(op, a);
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.value() == 0u);
    d->detach(a);
    return op.error();
}

} // namespace

BOOST_AUTO_TEST_SUITE(files)

CONFORMANCE_CASE(names_are_given_and_taken, "[D3] [D7]")
{
    const folder in;
    BOOST_TEST(error_of(d, request::create_directory{in("d"), 0700}) == 0);
    BOOST_TEST(error_of(d, request::create_directory{in("d"), 0700}) == EEXIST);
    BOOST_TEST(error_of(d, request::symlink{"d", in("s")}) == 0);
    BOOST_TEST(error_of(d, request::link{in("s"), in("l")}) == 0);
    BOOST_TEST(error_of(d, request::rename{in("l"), in("d/l")}) == 0);
    BOOST_TEST(error_of(d, request::rename{in("s"), in("d/l"), RENAME_NOREPLACE}) == EEXIST);
    BOOST_TEST(error_of(d, request::remove{in("d"), AT_REMOVEDIR}) == ENOTEMPTY);
    BOOST_TEST(error_of(d, request::remove{in("d/l")}) == 0);
    BOOST_TEST(error_of(d, request::remove{in("d"), AT_REMOVEDIR}) == 0);
    BOOST_TEST(error_of(d, request::remove{in("s")}) == 0);
    BOOST_TEST(error_of(d, request::remove{in("s")}) == ENOENT);
    BOOST_TEST(!in.has("d"));
}

CONFORMANCE_CASE(files_in_an_open_directory, "[D3]")
{
    const folder in;
    attachment& a = d->attach(invalid_handle);
    test_operation open(request::open{"f", O_RDWR | O_CREAT, 0600, in.get().get()});
    d.start(open, a);
    BOOST_TEST(d.wait_for(open));
    BOOST_TEST_REQUIRE(open.error() == 0);
    d->detach(a);
    const handle file(static_cast<int>(open.value()));
    BOOST_TEST(in.has("f"));

    struct statx found = {};
    const request::stat by_name{in("f"), 0, STATX_BASIC_STATS, &found};
    const request::stat by_handle{{"", file.get()}, AT_EMPTY_PATH, STATX_BASIC_STATS, &found};
    BOOST_TEST(error_of(d, request::truncate{5000}, file.get()) == 0);
    BOOST_TEST(error_of(d, by_name) == 0);
    BOOST_TEST(found.stx_size == 5000u);
    BOOST_TEST(error_of(d, request::allocate{0, 9000, 0}, file.get()) == 0);
    BOOST_TEST(error_of(d, by_handle) == 0);
    BOOST_TEST(found.stx_size == 9000u);
    BOOST_TEST(error_of(d, request::stat{in("none"), 0, STATX_BASIC_STATS, &found}) == ENOENT);
}

CONFORMANCE_CASE(parts_of_files_of_any_size, "[D3]")
{
    const temporary_file name;
    const int file = name.file().get();
    constexpr std::uint64_t large = std::uint64_t(1) << 33;
    BOOST_TEST(error_of(d, request::truncate{large}, file) == 0);
    BOOST_TEST(std::filesystem::file_size(name.path()) == large);
    for (const std::uint64_t size : {std::uint64_t(0), std::uint64_t(4096), large})
    {
        BOOST_TEST(error_of(d, request::advise{0, size, POSIX_FADV_WILLNEED}, file) == 0);
        BOOST_TEST(error_of(d, request::sync_range{0, size, SYNC_FILE_RANGE_WRITE}, file) == 0);
    }
    // None of a size is lost on the way: this end is beyond what the system counts to.
    BOOST_TEST(error_of(d, request::sync_range{1, large, 0}, file) == 0);
    BOOST_TEST(error_of(d, request::sync_range{1 << 20, ~std::uint64_t(0) >> 1, 0}, file)
               == EINVAL);
    BOOST_TEST(error_of(d, request::advise{0, 0, 1000}, file) == EINVAL);
    BOOST_TEST(error_of(d, request::truncate{~std::uint64_t(0)}, file) == EINVAL);
}

/// To some calls the last offset is the position that the handle has.
CONFORMANCE_CASE(no_offset_is_the_current_position, "[D3]")
{
    const temporary_file name;
    const int file = name.file().get();
    checked(::pwrite(file, "12345678", 8, 0), "pwrite");
    checked(::lseek(file, 4, SEEK_SET), "lseek");
    char byte = '0';
    const proactor::buffer_list one{{&byte, 1}};
    for (const std::uint64_t beyond : {~std::uint64_t(0), ~std::uint64_t(0) - 1, std::uint64_t(1) << 63})
    {
        BOOST_TEST(error_of(d, request::read_at{one, beyond}, file) == EINVAL);
        BOOST_TEST(error_of(d, request::write_at{one, beyond}, file) == EINVAL);
    }
    BOOST_TEST(byte == '0');
    BOOST_TEST(::lseek(file, 0, SEEK_CUR) == 4);
    BOOST_TEST(std::filesystem::file_size(name.path()) == 8u);
}

BOOST_AUTO_TEST_SUITE_END()
