// Asio's own file classes, which exist where a macro says so, are served here as well.
#include "../../support/context.hpp"
#include "../../support/handles.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

#if !defined(BOOST_ASIO_HAS_FILE)
#error "this program is about what the macro gives"
#endif

namespace asio = boost::asio;
using ex = test::executor;
using stream_file = asio::basic_stream_file<ex>;
using random_access_file = asio::basic_random_access_file<ex>;

// Whole classes, every member function of them.
template class asio::basic_stream_file<ex>;
template class asio::basic_random_access_file<ex>;
// What else this macro, or its being the default, puts on other services of Asio's.
template class asio::basic_stream_socket<asio::ip::tcp, ex>;
template class asio::basic_socket_acceptor<asio::ip::tcp, ex>;
template class asio::posix::basic_stream_descriptor<ex>;
template class asio::basic_serial_port<ex>;
template class asio::ip::basic_resolver<asio::ip::tcp, ex>;

namespace {

auto const no_handler = [](test::error_code, std::size_t) {};

} // namespace

BOOST_AUTO_TEST_SUITE(asio_files)

BOOST_AUTO_TEST_CASE(streams)
{
    test::context ctx;
    test::temporary_file on_disk;
    stream_file file(ctx, on_disk.path(), stream_file::read_write);
    auto const before = ctx.metrics().submissions;
    std::string got(5, '\0');
    asio::async_write(file, asio::buffer("hello", 5), no_handler);
    test::run(ctx);
    BOOST_TEST(ctx.metrics().submissions > before);
    BOOST_TEST(file.seek(0, stream_file::seek_set) == 0u);
    asio::async_read(file, asio::buffer(got), no_handler);
    test::run(ctx);
    BOOST_TEST(got == "hello");
    test::error_code end;
    file.async_read_some(asio::buffer(got), [&](test::error_code ec, std::size_t) { end = ec; });
    test::run(ctx);
    BOOST_TEST(end == asio::error::eof);
    file.seek(1, stream_file::seek_set);
    BOOST_TEST(file.write_some(asio::buffer("E", 1)) == 1u);
    BOOST_TEST(file.read_some(asio::buffer(got)) == 3u);
    BOOST_TEST(got.substr(0, 3) == "llo");
    file.sync_all();
    file.resize(2);
    BOOST_TEST(file.size() == 2u);
    stream_file moved(std::move(file));
    stream_file assigned(ctx);
    assigned = std::move(moved);
    BOOST_TEST(assigned.is_open());
    assigned.close();
    assigned.read_some(asio::buffer(got), end);
    BOOST_TEST(end == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(typed_files_move_into_erased_ones)
{
    test::context ctx;
    test::temporary_file on_disk;
    using own = test::context::executor_type;
    asio::basic_stream_file<own> typed(ctx, on_disk.path(), stream_file::read_write);
    typed.write_some(asio::buffer("moved", 5));
    typed.seek(0, stream_file::seek_set);
    auto const handle = typed.native_handle();
    asio::stream_file erased(std::move(typed));
    BOOST_TEST(!typed.is_open());
    BOOST_TEST(erased.native_handle() == handle);
    std::string got(5, '\0');
    erased.read_some(asio::buffer(got));
    BOOST_TEST(got == "moved");
    asio::random_access_file at(ctx);
    at = asio::basic_random_access_file<own>(ctx, on_disk.path(), stream_file::read_only);
    BOOST_TEST(at.read_some_at(1, asio::buffer(got)) == 4u);
}

BOOST_AUTO_TEST_CASE(at_positions)
{
    test::context ctx;
    test::temporary_file on_disk;
    random_access_file file(ctx, on_disk.path(), random_access_file::read_write);
    std::string got(2, '\0');
    asio::async_write_at(file, 3, asio::buffer("xyz", 3), no_handler);
    test::run(ctx);
    asio::async_read_at(file, 4, asio::buffer(got), no_handler);
    test::run(ctx);
    BOOST_TEST(got == "yz");
    BOOST_TEST(file.size() == 6u);
    BOOST_TEST(file.read_some_at(3, asio::buffer(got)) == 2u);
    BOOST_TEST(got == "xy");
    BOOST_TEST(file.write_some_at(0, asio::buffer("a", 1)) == 1u);
    file.sync_data();
    file.cancel();
    int const handle = file.release();
    BOOST_TEST(!file.is_open());
    file.assign(handle);
    BOOST_TEST(file.native_handle() == handle);
}

BOOST_AUTO_TEST_CASE(others)
{
    test::context ctx;
    struct test::tcp_pair pair(ctx); // not the function of this name
    char byte = 0;
    pair.a.async_read_some(asio::buffer(&byte, 1), no_handler);
    pair.b.async_write_some(asio::buffer("s", 1), no_handler);
    test::run(ctx);
    BOOST_TEST(byte == 's');
    test::tcp_resolver resolver(ctx);
    BOOST_TEST(resolver.resolve("127.0.0.1", "1").size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
