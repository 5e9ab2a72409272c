// The number of a closed handle is used again at once: nothing of the old object reaches the new
// one.
#include "clean_process.hpp"
#include "loop.hpp"

#include <optional>
#include <string>

namespace asio = boost::asio;

namespace {

constexpr int rounds = 1'000;

// One round: a socket with operations in flight is closed, the next one gets its number.
class reuse
{
public:
    explicit reuse(test::context& ctx) : context_(ctx) {}

    void open_old()
    {
        old_.emplace(context_);
        connect(*old_, old_peer_);
        auto const count = [this](test::error_code ec, auto&&...) {
            ++ended_;
            aborted_ += ec == asio::error::operation_aborted;
        };
        old_->async_read_some(asio::buffer(&old_bytes_[0], 1),
                              asio::bind_cancellation_slot(signal_.slot(), count));
        old_->async_read_some(asio::buffer(&old_bytes_[1], 1), count);
        old_->async_wait(test::tcp_socket::wait_error, count);
    }

    void replace()
    {
        int const number = old_->native_handle();
        old_->close();
        fresh_.emplace(context_, test::tcp::v4());
        same_number_ += fresh_->native_handle() == number;
        connect(*fresh_, fresh_peer_);
        fresh_->async_read_some(asio::buffer(&fresh_byte_, 1),
                                [this](test::error_code ec, std::size_t n) {
                                    ++ended_;
                                    right_ += !ec && n == 1 && fresh_byte_ == 'f';
                                });
        // Neither the old object nor its operation's slot means the new one.
        old_->cancel(ignored_);
        signal_.emit(asio::cancellation_type::terminal);
        gone_ += test::ends_at_once(old_peer_);
        test::write_all(fresh_peer_, "f");
    }

    // After `replace`, when nothing runs.
    void close()
    {
        fresh_.reset();
        old_.reset();
        touched_ += old_bytes_[0] != 0 || old_bytes_[1] != 0;
    }

    void check()
    {
        BOOST_TEST(same_number_ == rounds);
        BOOST_TEST(gone_ == rounds);
        BOOST_TEST(aborted_ == 3 * rounds);
        BOOST_TEST(right_ == rounds);
        BOOST_TEST(touched_ == 0);
    }

    std::atomic<int> ended_ = 0;

private:
    void connect(test::tcp_socket& socket, test::handle& peer)
    {
        socket.connect(test::loopback(ntohs(test::address_of(listener_).sin_port)));
        peer.reset(
            test::checked(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    }

    test::context& context_;
    test::handle listener_ = test::tcp_listener();
    test::handle old_peer_, fresh_peer_;
    std::optional<test::tcp_socket> old_, fresh_;
    asio::cancellation_signal signal_;
    test::error_code ignored_;
    char old_bytes_[2] = {};
    char fresh_byte_ = 0;
    int same_number_ = 0;
    int gone_ = 0;
    int touched_ = 0;
    std::atomic<int> aborted_ = 0;
    std::atomic<int> right_ = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(handle_reuse, test::clean_process)

BOOST_AUTO_TEST_CASE(between_runs)
{
    test::context ctx;
    reuse r(ctx);
    for (int round = 0; round < rounds; ++round)
    {
        r.open_old();
        if (round % 2)
            ctx.poll();
        r.replace();
        test::run(ctx);
        r.close();
    }
    r.check();
}

BOOST_AUTO_TEST_CASE(in_a_handler)
{
    test::context ctx;
    reuse r(ctx);
    for (int round = 0; round < rounds; ++round)
    {
        asio::post(ctx, [&] { r.open_old(); });
        if (round % 2)
            ctx.poll();
        asio::post(ctx, [&] { r.replace(); });
        test::run(ctx);
        r.close();
    }
    r.check();
}

BOOST_AUTO_TEST_CASE(on_another_thread_while_the_loop_sleeps)
{
    test::context ctx;
    reuse r(ctx);
    {
        test::loop loop(ctx);
        for (int round = 0; round < rounds; ++round)
        {
            if (round % 2)
                loop.call_and_sleep([&] { r.open_old(); });
            else
                r.open_old();
            r.replace();
            test::yield_until([&] { return r.ended_ == 4 * (round + 1); });
            r.close();
        }
    }
    r.check();
}

BOOST_AUTO_TEST_CASE(a_files_number_is_kept_until_its_reads_have_ended)
{
    test::context ctx;
    test::temporary_file const a, b;
    constexpr std::size_t size = 64 << 10;
    test::write_all(a.file(), std::string(size, 'a'));
    test::write_all(b.file(), std::string(size, 'b'));
    int wrong = 0;
    int ended = 0;
    using file = proactor::basic_random_access_file<test::executor>;
    auto const start = [&](file& from, char content) {
        for (int i = 0; i < 8; ++i)
            proactor::async_read_at(
                from, 0, std::string(size, '.'),
                [&, content](test::error_code ec, std::size_t n, std::string s) {
                    ++ended;
                    if (!ec)
                        wrong += s != std::string(size, content);
                    else if (ec != asio::error::operation_aborted)
                        ++wrong;
                    else
                        wrong += s.find_first_not_of(content) < n;
                });
    };
    for (int round = 0; round < rounds / 10; ++round)
    {
        file one(ctx, a.path(), proactor::file_base::read_only);
        start(one, 'a');
        if (round % 2)
            ctx.poll_one();
        one.close();
        file other(ctx, b.path(), proactor::file_base::read_only);
        start(other, 'b');
        test::run(ctx);
    }
    BOOST_TEST(ended == 16 * (rounds / 10));
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()
