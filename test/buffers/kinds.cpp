// Everything that an operation can own, and what it cannot.
#include "completion.hpp"

#include "../support/handles.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace asio = boost::asio;
using test::completion;
using test::error_code;

namespace {

// A user's own type.
struct packet
{
    std::unique_ptr<char[]> memory = std::make_unique<char[]>(16);
    std::size_t wanted = 5;
};

// Bytes that may only be written from.
struct constant
{
    char const* text;
};

// With `data` but without `size`.
struct unfinished
{
};

} // namespace

template <>
struct proactor::buffer_traits<packet>
{
    static constexpr bool data_stays = true;
    static void* data(packet& p) noexcept { return p.memory.get(); }
    static std::size_t size(packet const& p) noexcept { return p.wanted; }
};

template <>
struct proactor::buffer_traits<constant>
{
    static void const* data(constant& c) noexcept { return c.text; }
    static std::size_t size(constant const& c) noexcept { return std::strlen(c.text); }
};

template <>
struct proactor::buffer_traits<unfinished>
{
    static void* data(unfinished&) noexcept { return nullptr; }
};

namespace {

static_assert(proactor::owned_mutable_buffer<packet>);
static_assert(proactor::owned_buffer<constant> && !proactor::owned_mutable_buffer<constant>);
static_assert(!proactor::owned_buffer<unfinished>);
static_assert(!proactor::owned_buffer<std::vector<int>>);
static_assert(!proactor::owned_buffer<std::vector<bool>>); // has no bytes
static_assert(!proactor::owned_buffer<asio::mutable_buffer>); // owns nothing
static_assert(!proactor::owned_buffer<std::vector<asio::mutable_buffer>>);
static_assert(!proactor::owned_buffer<std::tuple<>>);
static_assert(proactor::owned_mutable_buffer<std::tuple<std::string, std::array<char, 4>>>);
static_assert(!proactor::owned_mutable_buffer<std::tuple<std::string, constant>>);

// A file with `text`, read into `buffer` from position 0 and as a stream through a pipe.
template <typename Buffer, typename Make>
std::array<completion<Buffer>, 2> read_into(std::string const& text, Make make)
{
    test::context ctx;
    std::array<completion<Buffer>, 2> done;
    test::temporary_file const name;
    test::write_all(name.file(), text);
    proactor::basic_random_access_file<test::executor> file(ctx, name.path(),
                                                            proactor::file_base::read_only);
    proactor::async_read_at(file, 0, make(), done[0].handler());
    test::handle_pair pipe = test::pipe_pair();
    test::stream_descriptor in(ctx, pipe.a.release());
    test::write_all(pipe.b, text);
    proactor::async_read(in, make(), done[1].handler());
    test::run(ctx);
    return done;
}

// What comes out of a pipe and a file that `make()` was written to.
template <typename Make>
void check_written(std::string const& expected, Make make)
{
    using buffer = decltype(make());
    test::context ctx;
    test::handle_pair pipe = test::pipe_pair();
    test::stream_descriptor out(ctx, pipe.b.release());
    test::temporary_file const name;
    proactor::basic_random_access_file<test::executor> file(ctx, name.path(),
                                                            proactor::file_base::read_write);
    completion<buffer> done[2];
    proactor::async_write(out, make(), done[0].handler());
    proactor::async_write_at(file, 0, make(), done[1].handler());
    test::run(ctx);
    for (auto const& each : done)
    {
        BOOST_TEST(!each.ec);
        BOOST_TEST(each.n == expected.size());
    }
    BOOST_TEST((expected.empty() || test::read_some(pipe.a, expected.size() + 1) == expected));
    std::string from_file(expected.size() + 1, '.');
    error_code ec;
    from_file.resize(file.read_some_at(0, asio::buffer(from_file), ec));
    BOOST_TEST(from_file == expected);
}

} // namespace

BOOST_AUTO_TEST_SUITE(kinds)

BOOST_AUTO_TEST_CASE(strings_short_enough_to_move_with_their_bytes)
{
    for (auto const& each : read_into<std::string>("tiny", [] { return std::string(4, '.'); }))
        BOOST_TEST(*each.buffer == "tiny");
    check_written("tiny", [] { return std::string("tiny"); });
}

BOOST_AUTO_TEST_CASE(arrays)
{
    for (auto const& each :
         read_into<std::array<char, 5>>("array", [] { return std::array<char, 5>(); }))
        BOOST_TEST(std::string(each.buffer->data(), 5) == "array");
    check_written("array", [] { return std::array<char, 5>{'a', 'r', 'r', 'a', 'y'}; });
}

BOOST_AUTO_TEST_CASE(memory_with_a_size)
{
    using memory = std::pair<std::unique_ptr<unsigned char[]>, std::size_t>;
    auto const make = [] { return memory(std::make_unique<unsigned char[]>(8), 8); };
    for (auto const& each : read_into<memory>("unsigned", make))
        BOOST_TEST(std::memcmp(each.buffer->first.get(), "unsigned", 8) == 0);
}

BOOST_AUTO_TEST_CASE(a_span_with_what_keeps_it)
{
    auto const owner = std::make_shared<std::vector<char>>(6, '.');
    using span = proactor::kept_span<char, std::shared_ptr<void>>;
    auto const make = [&] { return span(std::span(*owner).subspan(1, 4), owner); };
    for (auto const& each : read_into<span>("span", make))
        BOOST_TEST((each.buffer->data() == owner->data() + 1));
    BOOST_TEST(std::string(owner->begin(), owner->end()) == ".span.");
    using constant_span = proactor::kept_span<char const, std::shared_ptr<void>>;
    static_assert(!proactor::owned_mutable_buffer<constant_span>);
    check_written("span", [&] { return constant_span(std::span<char const>(*owner).subspan(1, 4), owner); });
}

BOOST_AUTO_TEST_CASE(a_slice_gives_the_whole_back)
{
    using slice = proactor::buffer_slice<std::string>;
    for (auto& each :
         read_into<slice>("mid", [] { return slice(std::string(9, '.'), 3, 3); }))
    {
        BOOST_TEST(each.n == 3u);
        BOOST_TEST(std::move(*each.buffer).release() == "...mid...");
    }
    check_written("mid", [] { return slice(std::string("...mid..."), 3, 3); });
    BOOST_TEST(slice(std::string(5, '.'), 3).size() == 2u);
    BOOST_TEST(slice(std::string(5, '.'), 9, 9).size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_users_own_type)
{
    for (auto const& each : read_into<packet>("12345678", [] { return packet(); }))
    {
        BOOST_TEST(each.n == 5u);
        BOOST_TEST(std::string(each.buffer->memory.get(), 5) == "12345");
    }
    check_written("constant", [] { return constant{"constant"}; });
}

BOOST_AUTO_TEST_CASE(several_at_once)
{
    using array = std::array<std::string, 3>;
    for (auto const& each : read_into<array>("abcdef", [] {
             return array{std::string(2, '.'), std::string(), std::string(4, '.')};
         }))
    {
        BOOST_TEST(each.n == 6u);
        BOOST_TEST((*each.buffer)[0] == "ab");
        BOOST_TEST((*each.buffer)[2] == "cdef");
    }
    using tuple = std::tuple<std::string, std::vector<char>, std::array<char, 1>>;
    for (auto const& each : read_into<tuple>(
             "xyz", [] { return tuple(std::string(1, '.'), std::vector<char>(1), {}); }))
    {
        BOOST_TEST(std::get<0>(*each.buffer) == "x");
        BOOST_TEST(std::get<1>(*each.buffer)[0] == 'y');
        BOOST_TEST(std::get<2>(*each.buffer)[0] == 'z');
    }
    check_written("head:body", [] { return std::tuple(std::string("head:"), constant{"body"}); });
    check_written("", [] { return std::vector<std::string>(3); });
}

BOOST_AUTO_TEST_CASE(more_pieces_than_one_call_takes)
{
    using pieces = std::vector<std::string>;
    std::string expected;
    pieces list;
    for (int i = 0; i != 300; ++i)
    {
        list.push_back(std::to_string(i) + ',');
        expected += list.back();
    }
    check_written(expected, [&] { return list; });
    for (auto const& each : read_into<pieces>(expected, [&] {
             pieces empty = list;
             for (auto& s : empty)
                 s.assign(s.size(), '.');
             return empty;
         }))
    {
        BOOST_TEST(each.n == expected.size());
        BOOST_TEST((*each.buffer == list));
    }
}

BOOST_AUTO_TEST_CASE(parts_of_several_pieces_come_one_by_one)
{
    test::context ctx;
    test::handle_pair pipe = test::pipe_pair();
    test::stream_descriptor in(ctx, pipe.a.release());
    using array = std::array<std::string, 3>;
    completion<array> done;
    proactor::async_read(in, array{std::string(2, '.'), std::string(3, '.'), std::string(1, '.')},
                         done.handler());
    for (char const c : std::string("abcdef"))
    {
        BOOST_TEST(done.calls == 0);
        test::write_all(pipe.b, std::string(1, c));
        ctx.poll();
    }
    test::run(ctx);
    BOOST_TEST(done.n == 6u);
    BOOST_TEST((*done.buffer == array{"ab", "cde", "f"}));
}

BOOST_AUTO_TEST_SUITE_END()
