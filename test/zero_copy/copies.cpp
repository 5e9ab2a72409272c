// Files that are copied within the system.
#include "files.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/use_future.hpp>

namespace asio = boost::asio;
using proactor::async_copy;
using proactor::async_send_file;
using proactor::copy_range;
using proactor::to_end;
using test::bytes;
using test::connection;
using test::content_of;
using test::file_of;
using test::file_type;
using test::no_more_descriptors;
using test::part_of;
using test::pattern;
using test::result;

BOOST_AUTO_TEST_SUITE(copies)

BOOST_AUTO_TEST_CASE(all_of_a_file_or_a_range)
{
    test::context ctx;
    bytes const all = pattern((20 << 20) + 7);
    file_of const source(all);
    test::temporary_file const target;
    file_type from(ctx, source.name.path(), proactor::file_base::read_only);
    file_type to(ctx, target.path(), proactor::file_base::read_write);
    result whole;
    std::vector<std::uint64_t> told;
    async_copy(ctx, from, to, {}, [&](std::uint64_t n) { told.push_back(n); }, whole.handler());
    from.close(); // the operation has handles of its own
    to.close();
    test::run(ctx);
    BOOST_TEST(whole.calls == 1);
    BOOST_TEST(!whole.ec);
    BOOST_TEST(whole.n == all.size());
    BOOST_TEST((content_of(target.file()) == all));
    BOOST_TEST(told.size() > 1u);
    BOOST_TEST(std::is_sorted(told.begin(), told.end()));
    BOOST_TEST(told.back() == all.size());

    test::temporary_file const other;
    result part;
    async_copy(ctx, source.name.file().get(), other.file().get(), {100, 5, 1000}, part.handler());
    test::run(ctx);
    BOOST_TEST(part.n == 1000u);
    bytes expected(5, '\0');
    bytes const range = part_of(all, 100, 1000);
    expected.insert(expected.end(), range.begin(), range.end());
    BOOST_TEST((content_of(other.file()) == expected));
}

BOOST_AUTO_TEST_CASE(without_what_may_be_left_out)
{
    test::context ctx;
    bytes const all = pattern(1000);
    file_of const source(all);
    file_type from(ctx, source.name.path(), proactor::file_base::read_only);
    proactor::unique_handle const handle(::open(source.name.path(), O_RDONLY | O_CLOEXEC));
    auto const copied = [&](auto copy) {
        test::temporary_file const target;
        file_type to(ctx, target.path(), proactor::file_base::write_only);
        result r;
        copy(to, r.handler());
        test::run(ctx);
        BOOST_TEST(r.calls == 1);
        BOOST_TEST(r.n == all.size());
        BOOST_TEST((content_of(target.file()) == all));
    };
    auto const ignore = [](std::uint64_t) {};
    copy_range const everything;
    copied([&](auto& to, auto h) { async_copy(from, to, h); });
    copied([&](auto& to, auto h) { async_copy(from, to, {}, h); });
    copied([&](auto& to, auto h) { async_copy(from, to, everything, h); });
    copied([&](auto& to, auto h) { async_copy(from, to, {}, ignore, h); });
    copied([&](auto& to, auto h) { async_copy(ctx, handle, to, h); });
    copied([&](auto& to, auto h) { async_copy(ctx, from, to, {}, h); });
    copied([&](auto& to, auto h) { async_copy(from, handle, to, {}, ignore, h); });
    copied([&](auto& to, auto h) { async_copy(to, handle, to, h); });
}

// Some tokens can be called with a number, too, and so can a handler that takes anything.
BOOST_AUTO_TEST_CASE(tokens_that_look_like_progress)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    int const from = source.name.file().get();
    test::temporary_file const target;
    auto done = async_copy(ctx, from, target.file().get(), {}, asio::use_future);
    result deferred, generic;
    auto begin = async_copy(ctx, from, target.file().get(), asio::deferred);
    std::move(begin)(deferred.handler());
    async_copy(ctx, from, target.file().get(), {}, [&](auto&&... results) {
        generic.handler()(std::forward<decltype(results)>(results)...);
    });
    test::run(ctx);
    BOOST_TEST(done.get() == 100u);
    BOOST_TEST(deferred.n == 100u);
    BOOST_TEST(generic.n == 100u);
}

// What is appended would stand elsewhere than was asked for.
BOOST_AUTO_TEST_CASE(not_onto_a_file_that_is_open_to_append)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    file_of const target(bytes(10, 'y'));
    test::handle const append(::open(target.name.path(), O_WRONLY | O_APPEND | O_CLOEXEC));
    result r;
    async_copy(ctx, source.name.file().get(), append.get(), {}, r.handler());
    test::run(ctx);
    BOOST_TEST(r.ec == asio::error::bad_descriptor);
    BOOST_TEST((content_of(target.name.file()) == bytes(10, 'y')));
}

BOOST_AUTO_TEST_CASE(a_source_that_ends_before)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::temporary_file const target;
    result more, beyond;
    async_copy(ctx, source.name.file().get(), target.file().get(), {0, 0, 1000}, more.handler());
    async_copy(ctx, source.name.file().get(), target.file().get(), {1000, 0, to_end},
               beyond.handler());
    test::run(ctx);
    BOOST_TEST(more.ec == asio::error::eof);
    BOOST_TEST(more.n == 100u);
    BOOST_TEST(!beyond.ec);
    BOOST_TEST(beyond.n == 0u);
}

BOOST_AUTO_TEST_CASE(files_that_the_system_cannot_copy_are_read_and_written)
{
    test::context ctx;
    test::handle const stat(::open("/proc/version", O_RDONLY | O_CLOEXEC));
    test::temporary_file const target;
    result proc;
    async_copy(ctx, stat.get(), target.file().get(), {}, proc.handler());
    test::run(ctx);
    BOOST_TEST(!proc.ec);
    BOOST_TEST(proc.n > 10u);
    bytes expected(1000);
    expected.resize(static_cast<std::size_t>(::pread(stat.get(), expected.data(), 1000, 0)));
    BOOST_TEST((content_of(target.file()) == expected));

    // A device as the source: without an end, so a count.
    test::handle const zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    test::temporary_file const zeros;
    result device;
    async_copy(ctx, zero.get(), zeros.file().get(), {0, 0, 200'000}, device.handler());
    test::run(ctx);
    BOOST_TEST(!device.ec);
    BOOST_TEST(device.n == 200'000u);
    BOOST_TEST((content_of(zeros.file()) == bytes(200'000, '\0')));
}

BOOST_AUTO_TEST_CASE(errors)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::handle const read_only(::open(source.name.path(), O_RDONLY | O_CLOEXEC));
    test::handle const full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    result no_source, no_target, not_to_be_written, no_room, far;
    int const good = source.name.file().get();
    async_copy(ctx, -1, good, {}, no_source.handler());
    async_copy(ctx, good, -1, {}, no_target.handler());
    async_copy(ctx, good, read_only.get(), {0, 1000, to_end}, not_to_be_written.handler());
    async_copy(ctx, good, full.get(), {}, no_room.handler());
    async_copy(ctx, good, good, {~std::uint64_t(0), 0, 5}, far.handler());
    test::run(ctx);
    BOOST_TEST(no_source.ec == asio::error::bad_descriptor);
    BOOST_TEST(no_target.ec == asio::error::bad_descriptor);
    BOOST_TEST(not_to_be_written.ec == asio::error::bad_descriptor);
    BOOST_TEST(no_room.ec == boost::system::errc::no_space_on_device);
    BOOST_TEST(far.ec == asio::error::invalid_argument);
}

BOOST_AUTO_TEST_CASE(without_a_descriptor_for_handles_of_its_own)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::temporary_file const target;
    result before, done;
    auto const start = [&](result& r) {
        async_copy(ctx, source.name.file().get(), target.file().get(), {}, r.handler());
    };
    start(before); // opens what the context needs
    test::run(ctx);
    BOOST_TEST(!before.ec);
    {
        no_more_descriptors const limit;
        start(done);
    }
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.ec == boost::system::errc::too_many_files_open);
    BOOST_TEST(done.n == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancellation_ends_it_after_a_part)
{
    test::context ctx;
    test::handle const zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    test::handle const null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    asio::cancellation_signal signal;
    result done;
    std::uint64_t told = 0;
    async_copy(
        ctx, zero.get(), null.get(), {},
        [&](std::uint64_t n) {
            told = n;
            signal.emit(asio::cancellation_type::partial);
        },
        asio::bind_cancellation_slot(signal.slot(), done.handler()));
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.ec == asio::error::operation_aborted);
    BOOST_TEST(done.n == told);
    BOOST_TEST(told > 0u);
}

BOOST_AUTO_TEST_CASE(a_context_goes_in_the_middle)
{
    test::handle const zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    test::handle const null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    auto const before = test::open_descriptors();
    for (int round = 0; round != 10; ++round)
    {
        test::context ctx;
        async_copy(ctx, zero.get(), null.get(), {}, [](test::error_code, std::size_t) {});
        for (int i = 0; i != round; ++i)
            ctx.poll();
    }
    BOOST_TEST(test::open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(completion_tokens)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::temporary_file const target;
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            std::size_t const n = co_await async_copy(ctx, source.name.file().get(),
                                                      target.file().get(), {},
                                                      test::use_awaitable);
            BOOST_TEST(n == 100u);
            connection c(ctx);
            BOOST_TEST(co_await async_send_file(c.socket, target.file().get(), 0, to_end,
                                                test::use_awaitable)
                       == 100u);
            ended = true;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_SUITE_END()
