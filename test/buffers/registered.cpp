// Buffers that the system knows: the ordinary operations over them, and their ends in any order.
#include "completion.hpp"

#include "../support/handles.hpp"
#include "../support/little_locked_memory.hpp"
#include "../support/mapped_memory.hpp"

#include <boost/asio/buffer_registration.hpp>

#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace asio = boost::asio;
using test::completion;
using test::error_code;

namespace {

using file_type = proactor::basic_random_access_file<test::executor>;
using stream_type = proactor::basic_stream_file<test::executor>;
using proactor::registered_buffer;
using proactor::registered_buffers;

std::string text_of(registered_buffer const& b)
{
    return {reinterpret_cast<char const*>(b.data()), b.size()};
}

void fill(registered_buffer const& b, char c)
{
    std::memset(b.data(), c, b.size());
}

// The system's word for it on this driver.
bool serves(test::context& ctx)
{
    return registered_buffers(ctx, 1, 1).registered();
}

} // namespace

BOOST_AUTO_TEST_SUITE(registered)

BOOST_AUTO_TEST_CASE(are_read_and_written_as_owned_ones)
{
    test::context ctx;
    test::temporary_file const name;
    file_type file(ctx, name.path(), proactor::file_base::read_write);
    registered_buffers buffers(ctx, 3, 100);
    completion<registered_buffer> wrote, read, whole;
    registered_buffer b = buffers.acquire();
    fill(b, 'r');
    proactor::async_write_at(file, 0, std::move(b), wrote.handler());
    test::run(ctx);
    BOOST_TEST((!wrote.ec && wrote.n == 100 && wrote.buffer->size() == 100u));
    proactor::async_read_some_at(file, 50, buffers.acquire(), read.handler());
    proactor::async_read_at(file, 50, buffers.acquire(), whole.handler());
    test::run(ctx);
    BOOST_TEST((!read.ec && read.n == 50));
    BOOST_TEST((whole.ec == asio::error::eof && whole.n == 50));
    BOOST_TEST(text_of(*read.buffer).substr(0, 50) == std::string(50, 'r'));
    BOOST_TEST(text_of(*whole.buffer).substr(0, 50) == std::string(50, 'r'));
}

BOOST_AUTO_TEST_CASE(slices_and_lists_of_them)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), "0123456789");
    stream_type file(ctx, name.path(), proactor::file_base::read_only);
    registered_buffers buffers(ctx, 2, 10);
    completion<proactor::buffer_slice<registered_buffer>> slice;
    completion<std::tuple<registered_buffer, std::string>> list;
    registered_buffer b = buffers.acquire();
    fill(b, '.');
    proactor::async_read(file, proactor::buffer_slice(std::move(b), 3, 4), slice.handler());
    test::run(ctx);
    BOOST_TEST((!slice.ec && slice.n == 4));
    b = std::move(*slice.buffer).release();
    BOOST_TEST(text_of(b) == "...0123...");
    proactor::async_read(file, std::tuple(std::move(b), std::string(3, '.')), list.handler());
    test::run(ctx);
    BOOST_TEST((list.ec == asio::error::eof && list.n == 6));
    BOOST_TEST(text_of(std::get<0>(*list.buffer)) == "4567893...");
}

BOOST_AUTO_TEST_CASE(are_referred_to_as_any_memory)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), "reference");
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    registered_buffers buffers(ctx, 1, 20);
    registered_buffer const b = buffers.acquire();
    std::size_t read = 0;
    file.async_read_some_at(3, asio::buffer(b), [&](error_code, std::size_t n) { read = n; });
    test::run(ctx);
    BOOST_TEST(read == 6u);
    BOOST_TEST(text_of(b).substr(0, 6) == "erence");
    file.async_read_some_at(0, asio::buffer(asio::buffer(b) + 1, 3),
                            [&](error_code, std::size_t n) { read = n; });
    test::run(ctx);
    BOOST_TEST(read == 3u);
    BOOST_TEST(text_of(b).substr(0, 6) == "erefce");
}

// Asio's own buffers of this kind name their memory; that of ours is served by where it is.
BOOST_AUTO_TEST_CASE(asio_s_registration_over_the_same_memory)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), "registration");
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    test::mapped_memory m(1);
    registered_buffers const ours(ctx, m.bytes(), test::mapped_memory::page);
    bool const plain = !ours.registered();
    std::vector<asio::mutable_buffer> const pieces{asio::buffer(m.data(), 100),
                                                   asio::buffer(m.data() + 100, 100)};
    auto registration = asio::register_buffers(ctx, pieces);
    BOOST_TEST_REQUIRE(registration.size() == 2u);
    std::size_t read = 0;
    auto const handler = [&](error_code ec, std::size_t n) {
        BOOST_TEST(!ec);
        read = n;
    };
    file.async_read_some_at(0, registration[1], handler);
    test::run(ctx);
    BOOST_TEST(read == 12u);
    BOOST_TEST(m.holds(100, "registration"));
    m.exchange();
    file.async_read_some_at(0, asio::buffer(registration[0] + 1, 5), handler);
    test::run(ctx);
    BOOST_TEST(read == 5u);
    BOOST_TEST(m.holds(1, "regis") == plain);
}

BOOST_AUTO_TEST_CASE(reach_the_system_as_what_they_are)
{
    test::context ctx;
    test::context other;
    test::temporary_file const name;
    test::write_all(name.file(), "something");
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    file_type elsewhere(other, name.path(), proactor::file_base::read_only);
    test::mapped_memory m(2);
    registered_buffers buffers(ctx, m.bytes(), m.page);
    bool const plain = !buffers.registered();
    BOOST_TEST(plain == !serves(ctx));
    BOOST_TEST((!buffers.registration_error()
                || buffers.registration_error() == boost::system::errc::operation_not_supported));
    m.exchange();
    for (bool const own : {true, false})
    {
        completion<registered_buffer> c;
        proactor::async_read_some_at(own ? file : elsewhere, 0, buffers.acquire(), c.handler());
        test::run(own ? ctx : other);
        BOOST_TEST((!c.ec && c.n == 9));
        BOOST_TEST(m.holds(0, "something") == (plain || !own));
        m.fill('-');
    }
    completion<registered_buffer> moved;
    registered_buffers taken(ctx, 1, 100);
    taken = std::move(buffers);
    BOOST_TEST(taken.registered() == !plain);
    proactor::async_read_some_at(file, 0, taken.acquire(), moved.handler());
    test::run(ctx);
    BOOST_TEST(m.holds(0, "something") == plain);
}

BOOST_AUTO_TEST_CASE(run_out_and_come_back)
{
    test::context ctx;
    registered_buffers buffers(ctx, 130, 8);
    BOOST_TEST((buffers.count() == 130 && buffers.buffer_size() == 8));
    std::vector<registered_buffer> all;
    for (std::size_t i = 0; i != 130; ++i)
    {
        all.push_back(buffers.acquire());
        BOOST_TEST_REQUIRE(!!all.back());
        fill(all.back(), static_cast<char>(i));
    }
    BOOST_TEST(buffers.available() == 0u);
    registered_buffer none = buffers.acquire();
    BOOST_TEST((!none && none.size() == 0 && none.data() == nullptr));
    for (std::size_t i = 0; i != 130; ++i)
        BOOST_TEST(text_of(all[i]) == std::string(8, static_cast<char>(i)));
    std::byte* const seventh = all[7].data();
    all[7] = registered_buffer();
    none = buffers.acquire();
    BOOST_TEST(none.data() == seventh);
    all.clear();
    BOOST_TEST(buffers.available() == 129u);
    registered_buffer& same = none;
    none = std::move(same);
    BOOST_TEST(!!none);
}

BOOST_AUTO_TEST_CASE(without_memory_an_operation_is_one_over_an_empty_buffer)
{
    test::context ctx;
    test::temporary_file const name;
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    completion<registered_buffer> c;
    proactor::async_read_at(file, 0, registered_buffer(), c.handler());
    test::run(ctx);
    BOOST_TEST((c.calls == 1 && !c.ec && c.n == 0 && !*c.buffer));
}

BOOST_AUTO_TEST_CASE(of_no_or_odd_sizes)
{
    test::context ctx;
    test::mapped_memory m(1);
    BOOST_TEST(!registered_buffers(ctx, 0, 100).acquire());
    BOOST_TEST(registered_buffers(ctx, 1, 0).acquire().size() == 0u);
    BOOST_TEST(registered_buffers(ctx, m.bytes(), 0).count() == 0u);
    BOOST_TEST(registered_buffers(ctx, m.bytes(), 1000).count() == 4u);
    BOOST_TEST(registered_buffers(ctx, m.bytes(), 5000).count() == 0u);
    registered_buffers pages(ctx, 2, 4097);
    registered_buffer const one = pages.acquire();
    registered_buffer const two = pages.acquire();
    for (auto const* b : {&one, &two})
        BOOST_TEST(reinterpret_cast<std::uintptr_t>(b->data()) % 4096 == 0u);
    BOOST_CHECK_THROW(registered_buffers(ctx, std::size_t(1) << 60, 4096), std::bad_alloc);
    BOOST_CHECK_THROW(registered_buffers(ctx, 2, ~std::size_t(0)), std::bad_alloc);
}

BOOST_AUTO_TEST_CASE(several_objects_on_one_context)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), std::string(100, 's'));
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    std::vector<registered_buffers> objects;
    std::size_t known = 0;
    for (std::size_t i = 0; i != 270; ++i)
    {
        objects.emplace_back(ctx, 1, 100);
        known += objects.back().registered();
    }
    BOOST_TEST(known == (serves(ctx) || known ? 256u : 0u));
    for (std::size_t const i : {0u, 100u, 269u})
    {
        completion<registered_buffer> c;
        proactor::async_read_at(file, 0, objects[i].acquire(), c.handler());
        test::run(ctx);
        BOOST_TEST((!c.ec && text_of(*c.buffer) == std::string(100, 's')));
    }
    objects.clear();
    BOOST_TEST(registered_buffers(ctx, 1, 100).registered() == (known != 0));
}

BOOST_AUTO_TEST_CASE(memory_that_may_not_be_locked)
{
    test::temporary_file const name;
    test::write_all(name.file(), std::string(100, 'l'));
    test::little_locked_memory const limited;
    test::context ctx;
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    registered_buffers buffers(ctx, 2, test::little_locked_memory::limit);
    BOOST_TEST(!buffers.registered());
    BOOST_TEST((buffers.registration_error() == boost::system::errc::not_enough_memory
                || buffers.registration_error() == boost::system::errc::operation_not_supported));
    completion<registered_buffer> c;
    proactor::async_read_some_at(file, 0, buffers.acquire(), c.handler());
    test::run(ctx);
    BOOST_TEST((!c.ec && c.n == 100 && text_of(*c.buffer)[99] == 'l'));
}

BOOST_AUTO_TEST_CASE(on_a_context_of_another_kind)
{
    asio::thread_pool pool(1);
    registered_buffers buffers(pool, 1, 10);
    BOOST_TEST(!buffers.registered());
    BOOST_TEST(!!buffers.acquire());
    test::context ctx;
    test::executor const ex = ctx.get_executor();
    BOOST_TEST(registered_buffers(ex, 1, 10).registered() == serves(ctx));
}

BOOST_AUTO_TEST_CASE(outlive_what_they_come_from)
{
    registered_buffer left;
    {
        test::context ctx;
        test::temporary_file const name;
        test::write_all(name.file(), "outlives");
        file_type file(ctx, name.path(), proactor::file_base::read_only);
        std::optional<registered_buffers> buffers(std::in_place, ctx, 4, 8);
        completion<registered_buffer> c;
        proactor::async_read_at(file, 0, buffers->acquire(), c.handler());
        buffers.reset(); // while it is in flight
        test::run(ctx);
        BOOST_TEST((!c.ec && text_of(*c.buffer) == "outlives"));
        proactor::async_read_at(file, 0, std::move(*c.buffer), c.handler());
        test::run(ctx);
        left = std::move(*c.buffer);
    }
    BOOST_TEST(text_of(left) == "outlives");
    fill(left, 'x');
    std::thread([&] { left = registered_buffer(); }).join();
}

// What a handler owns goes with its context, while everything is in flight.
BOOST_AUTO_TEST_CASE(go_with_their_context)
{
    for (int round = 0; round != 10; ++round)
    {
        auto pipe = test::pipe_pair();
        test::context ctx;
        stream_type stream(ctx, pipe.a.release());
        auto buffers = std::make_unique<registered_buffers>(ctx, 2, 16);
        registered_buffer b = buffers->acquire();
        proactor::async_read_some(
            stream, std::move(b),
            [buffers = std::move(buffers)](error_code, std::size_t, registered_buffer) {
                BOOST_ERROR("nothing was to be read");
            });
        if (round % 2)
            ctx.poll();
    }
}

BOOST_AUTO_TEST_SUITE_END()
