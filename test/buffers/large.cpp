// Buffers that are longer than what a system moves at once.
#include "completion.hpp"

#include "../support/aliased_memory.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <sys/resource.h>

namespace asio = boost::asio;
using test::aliased_memory;
using test::completion;
using test::error_code;

namespace {

using owner = std::shared_ptr<aliased_memory>;
using piece = proactor::kept_span<char, owner>;
using pieces = std::array<piece, 2>;
using file_type = proactor::basic_random_access_file<test::executor>;

// See read(2), NOTES.
constexpr std::size_t most_at_once = 0x7ffff000;
// What is moved last covers all of the memory, from before that border on.
constexpr std::size_t size = (2ull << 30) + aliased_memory::period / 2;

// Zeros at first. Made once: what takes time is to touch so many pages.
owner memory()
{
    static owner const one = std::make_shared<aliased_memory>(size);
    std::ranges::fill(one->pages(), '\0');
    return one;
}

piece all_of(owner const& memory)
{
    return piece(memory->bytes(), memory);
}

// Twice the same.
pieces halves(owner const& memory, std::size_t half = size / 2)
{
    piece const one(memory->bytes().first(half), memory);
    return {one, one};
}

struct mark
{
    std::size_t offset;
    std::string_view text;
};

// In each of the parts that a system makes of it, and across their border.
constexpr mark marks[] = {{size - aliased_memory::period + 1, "first"},
                          {most_at_once - 3, "border"},
                          {(2ull << 30) + 7, "beyond"},
                          {size - 3, "end"}};

// A hole with marks in it.
class sparse_file
{
public:
    sparse_file()
        : file_(test::checked(::memfd_create("sparse", MFD_CLOEXEC), "memfd_create"))
    {
        test::checked(::ftruncate(file_.get(), size), "ftruncate");
        for (mark const& m : marks)
            test::checked(static_cast<int>(::pwrite(file_.get(), m.text.data(), m.text.size(),
                                                    static_cast<off_t>(m.offset))),
                          "pwrite");
    }

    file_type open(test::context& ctx) const
    {
        return file_type(ctx, test::duplicate(file_).release());
    }

private:
    test::handle file_;
};

// What the pages hold once the end of the file was read. Its last piece, from this offset on, went
// to their beginning.
bool has_marks(aliased_memory const& memory, std::size_t offset_of_last_piece = 0)
{
    std::string expected(aliased_memory::period, '\0');
    for (mark const& m : marks)
        for (std::size_t i = 0; i != m.text.size(); ++i)
            expected[(m.offset + i - offset_of_last_piece) % aliased_memory::period] = m.text[i];
    return std::ranges::equal(memory.pages(), expected);
}

void fill(aliased_memory& memory)
{
    auto const pages = memory.pages();
    for (std::size_t i = 0; i != pages.size(); ++i)
        pages[i] = static_cast<char>(i * 7 + i / 251);
}

// While it lives, no file of this process grows beyond.
class file_size_limit
{
public:
    explicit file_size_limit(rlim_t limit)
    {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit const now{limit, before_.rlim_max};
        test::checked(::setrlimit(RLIMIT_FSIZE, &now), "setrlimit");
    }
    ~file_size_limit()
    {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    void (*const handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before_{};
};

} // namespace

BOOST_AUTO_TEST_SUITE(large)

#if !PROACTOR_TSAN // which notes each byte that a system call touches

BOOST_AUTO_TEST_CASE(a_whole_read_of_a_file)
{
    test::context ctx;
    sparse_file const sparse;
    file_type file = sparse.open(ctx);
    owner const into = memory();
    completion<piece> done;
    proactor::async_read_at(file, 0, all_of(into), done.handler());
    test::run(ctx);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == size);
    BOOST_TEST(has_marks(*into));
}

BOOST_AUTO_TEST_CASE(a_whole_read_that_the_file_s_end_cuts)
{
    test::context ctx;
    sparse_file const sparse;
    file_type file = sparse.open(ctx);
    completion<piece> done;
    proactor::async_read_at(file, size - 3, all_of(memory()), done.handler());
    test::run(ctx);
    BOOST_TEST(done.ec == asio::error::eof);
    BOOST_TEST(done.n == 3u);
    BOOST_TEST(done.buffer->size() == size);
    BOOST_TEST(std::string_view(done.buffer->data(), 4) == std::string_view("end\0", 4));
}

BOOST_AUTO_TEST_CASE(a_whole_read_into_several)
{
    test::context ctx;
    sparse_file const sparse;
    file_type file = sparse.open(ctx);
    owner const into = memory();
    completion<pieces> done;
    proactor::async_read_at(file, 0, halves(into), done.handler());
    test::run(ctx);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == size);
    BOOST_TEST(has_marks(*into, size / 2));
}

BOOST_AUTO_TEST_CASE(reads_and_writes_of_what_a_system_takes)
{
    test::context ctx;
    sparse_file const sparse;
    file_type file = sparse.open(ctx);
    file_type sink(ctx, "/dev/null", proactor::file_base::write_only);
    completion<piece> read, written;
    proactor::async_read_some_at(file, 0, all_of(memory()), read.handler());
    proactor::async_write_some_at(sink, 0, all_of(memory()), written.handler());
    test::run(ctx);
    for (auto const* done : {&read, &written})
    {
        BOOST_TEST(!done->ec);
        BOOST_TEST(done->n > 0u);
        BOOST_TEST(done->n <= most_at_once);
        BOOST_TEST(done->buffer->size() == size);
    }
}

BOOST_AUTO_TEST_CASE(whole_writes)
{
    test::context ctx;
    file_type sink(ctx, "/dev/null", proactor::file_base::write_only);
    completion<piece> one;
    completion<pieces> two;
    proactor::async_write_at(sink, 0, all_of(memory()), one.handler());
    constexpr std::size_t half = 3ull << 29;
    proactor::async_write_at(sink, 0, halves(memory(), half), two.handler());
    test::run(ctx);
    BOOST_TEST(!one.ec);
    BOOST_TEST(one.n == size);
    BOOST_TEST(!two.ec);
    BOOST_TEST(two.n == 2 * half);
}

BOOST_AUTO_TEST_CASE(between_two_ends_of_a_stream)
{
    test::context ctx;
    test::handle_pair ends = test::socket_pair();
    using protocol = asio::local::stream_protocol;
    asio::basic_stream_socket<protocol, test::executor> a(ctx, protocol(), ends.a.release());
    asio::basic_stream_socket<protocol, test::executor> b(ctx, protocol(), ends.b.release());
    owner const from = memory();
    owner const into = std::make_shared<aliased_memory>(size / 2);
    fill(*from);
    completion<piece> written;
    completion<pieces> read;
    proactor::async_write(a, all_of(from), written.handler());
    proactor::async_read(b, halves(into), read.handler());
    test::run(ctx);
    BOOST_TEST(!written.ec);
    BOOST_TEST(written.n == size);
    BOOST_TEST(!read.ec);
    BOOST_TEST(read.n == size);
    // The second half began in the middle of a period.
    auto const sent = from->pages();
    auto const got = into->pages();
    constexpr std::size_t shift = size / 2 % aliased_memory::period;
    BOOST_TEST(std::memcmp(got.data(), sent.data() + shift, sent.size() - shift) == 0);
    BOOST_TEST(std::memcmp(got.data() + sent.size() - shift, sent.data(), shift) == 0);
}

// The system takes a part, and then nothing.
BOOST_AUTO_TEST_CASE(writes_up_to_the_limit_of_a_file)
{
    test::context ctx;
    test::handle const target(test::checked(::memfd_create("target", MFD_CLOEXEC), "memfd_create"));
    file_type file(ctx, test::duplicate(target).release());
    constexpr std::size_t start = 1 << 20, room = 12345;
    owner const from = memory();
    fill(*from);
    completion<piece> some, whole, none;
    {
        file_size_limit const limit(start + room);
        proactor::async_write_some_at(file, start, all_of(from), some.handler());
        test::run(ctx);
        proactor::async_write_at(file, start, all_of(from), whole.handler());
        test::run(ctx);
        proactor::async_write_some_at(file, start + room, all_of(from), none.handler());
        test::run(ctx);
    }
    BOOST_TEST(!some.ec);
    BOOST_TEST(some.n == room);
    BOOST_TEST(whole.ec.value() == EFBIG);
    BOOST_TEST(whole.n == room);
    BOOST_TEST(none.ec.value() == EFBIG);
    BOOST_TEST(none.n == 0u);
    std::string got(room + 1, '.');
    BOOST_TEST(::pread(target.get(), got.data(), got.size(), start)
               == static_cast<ssize_t>(room));
    BOOST_TEST(std::memcmp(got.data(), from->bytes().data(), room) == 0);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
