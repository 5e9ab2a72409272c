// Registered buffers, what they come from and their context go in any order, under reads of a
// device.
#include "in_flight.hpp"

#include <array>
#include <optional>

namespace {

using file_type = proactor::basic_random_access_file<test::executor>;
using proactor::registered_buffer;
using proactor::registered_buffers;
using test::device_file;

} // namespace

BOOST_FIXTURE_TEST_SUITE(registered, test::clean_process)

BOOST_AUTO_TEST_CASE(survive_the_file_and_their_origin)
{
    device_file const device;
    test::context ctx;
    int ended = 0;
    int wrong = 0;
    for (int round = 0; round < 20; ++round)
    {
        std::optional<file_type> file(std::in_place, ctx, device.open().release());
        std::optional<registered_buffers> origin(std::in_place, ctx, device_file::depth,
                                                 device_file::block);
        for (std::size_t i = 0; i < device_file::depth; ++i)
            proactor::async_read_at(
                *file, i * device_file::block, origin->acquire(),
                [&](test::error_code ec, std::size_t n, registered_buffer b) {
                    ++ended;
                    wrong += b.size() != device_file::block;
                    wrong += !ec && (n != b.size() || b.bytes().back() != std::byte{'d'});
                });
        if (round % 2)
            ctx.poll_one();
        if (round % 4 < 2)
            origin.reset();
        file.reset();
        if (round % 3 == 0)
            origin.emplace(ctx, 1, 4096); // in the place of the one before
        test::run(ctx);
    }
    BOOST_TEST(ended == 20 * static_cast<int>(device_file::depth));
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(survive_the_context)
{
    device_file const device;
    test::tally t;
    for (int round = 0; round < 20; ++round)
    {
        registered_buffer left;
        {
            test::context ctx;
            file_type file(ctx, device.open().release());
            auto origin =
                std::make_shared<registered_buffers>(ctx, device_file::depth, device_file::block);
            for (std::size_t i = 0; i + 1 < device_file::depth; ++i)
                proactor::async_read_at(
                    file, i * device_file::block, origin->acquire(),
                    [w = test::witness(t), keep = round % 2 ? origin : nullptr](
                        test::error_code, std::size_t, registered_buffer const&) { w(); });
            left = origin->acquire();
        }
        left.bytes().front() = std::byte{'l'};
    }
    BOOST_TEST(t.called == 0);
    BOOST_TEST(t.destroyed == t.made);
    device.read_through();
}

// The peer sends when everybody has gone.
BOOST_AUTO_TEST_CASE(of_streams_survive_everybody)
{
    test::tally t;
    for (int round = 0; round < 20; ++round)
    {
        test::handle_pair pipe = test::pipe_pair();
        test::handle const twin = test::duplicate(pipe.a);
        {
            test::context ctx;
            proactor::basic_stream_file<test::executor> stream(ctx, pipe.a.release());
            registered_buffers origin(ctx, 1, 100);
            proactor::async_read(stream, origin.acquire(),
                                 [w = test::witness(t)](test::error_code, std::size_t,
                                                        registered_buffer const&) { w(); });
            ctx.poll();
            if (round % 2)
            {
                test::write_all(pipe.b, "part");
                ctx.poll();
            }
        }
        test::write_all(pipe.b, "sent when everybody has gone");
    }
    BOOST_TEST(t.called == 0);
    BOOST_TEST(t.destroyed == t.made);
}

BOOST_AUTO_TEST_SUITE_END()
