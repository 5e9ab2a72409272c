//
// Synchronous calls on sockets and pipes, and what is told of them.
//

#ifndef PROACTOR_TEST_GENERATOR_CALLS_HPP
#define PROACTOR_TEST_GENERATOR_CALLS_HPP

#include "objects.hpp"
#include "program.hpp"
#include "record.hpp"

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace generator {

class calls
{
protected:
    explicit calls(int objects) : objects_(static_cast<std::size_t>(objects)) {}
    ~calls() = default;

    void say(const std::string& text)
    {
        if (sink_)
            *sink_ += " {" + text + '}';
        else
            lines_ << prefix_ << text << '\n';
    }

    void say(const error_code& ec) { say(describe(ec)); }

    template <class T>
    static std::string family(const T& endpoint)
    {
        return std::to_string(endpoint.protocol().family());
    }

    static std::string text_of(int op, int size)
    {
        std::string result;
        for (int i = 0; i < size; ++i)
            result += static_cast<char>('a' + (op * 7 + i) % 26);
        return result;
    }

    any_object& object(int i) { return *objects_[static_cast<std::size_t>(i)]; }

    tcp::endpoint target(int acceptor) { return acceptor < 0 ? nowhere_ : addresses_[acceptor]; }

    udp::endpoint address_of(int i) { return i < 0 ? udp::endpoint() : udp_addresses_[i]; }

    template <class T>
    void call_handle(T& self, const step& s)
    {
        error_code ec;
        switch (s.what)
        {
        case verb::close:
            self.close(ec);
            return say(ec);
        case verb::cancel:
            self.cancel(ec);
            return say(ec);
        case verb::release: {
            if constexpr (pipe_end<T>)
            {
                if (!self.is_open())
                    return say("closed");
            }
            const auto handle = self.release(ec);
            if (!ec)
                ::close(handle);
            return say(ec);
        }
        case verb::receive:
            if constexpr (readable<T>)
            {
                std::string data(static_cast<std::size_t>(s.amount), '.');
                if (self.is_open() && !ready(self.native_handle(), POLLIN))
                    return say("nothing there");
                const std::size_t n = receive_now(self, asio::buffer(data), ec);
                return say(describe(ec) + " \"" + data.substr(0, n) + '"');
            }
            return;
        case verb::send:
            if constexpr (writable<T>)
            {
                const std::size_t n = send_now(self, asio::buffer(text_of(s.amount, s.amount)),
                                               address_of(s.other), ec);
                return say(describe(ec) + ' ' + std::to_string(n));
            }
            return;
        case verb::clog:
            if constexpr (writable<T>)
            {
                const std::string block(65536, '#');
                while (::send(self.native_handle(), block.data(), block.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL)
                       > 0)
                {
                }
            }
            return;
        case verb::non_blocking:
            if constexpr (requires { self.non_blocking(true, ec); })
                self.non_blocking(s.amount != 0, ec);
            return say(ec);
        case verb::state:
            return tell_state(self);
        default:
            if constexpr (socket_like<T>)
                call_socket(self, s);
        }
    }

    template <class T>
    void call_socket(T& self, const step& s)
    {
        error_code ec;
        if constexpr (plain_socket<T>)
            if (s.what == verb::shutdown)
            {
                self.shutdown(static_cast<asio::socket_base::shutdown_type>(s.amount), ec);
                return say(ec);
            }
        if constexpr (std::is_same_v<T, tcp_socket>)
        {
            if (s.what == verb::open)
                self.open(tcp::v4(), ec);
            if (s.what == verb::connect)
                self.connect(target(s.other), ec);
        }
        if constexpr (std::is_same_v<T, tcp_socket>)
            if (s.what == verb::send_urgent || s.what == verb::receive_urgent)
                return call_urgent(self, s);
        if constexpr (std::is_same_v<T, tcp_acceptor>)
            if (s.what == verb::accept)
                self.accept(std::get<tcp_socket>(object(s.other)), ec);
        if (s.what == verb::option)
        {
            self.set_option(asio::socket_base::keep_alive(true), ec);
            asio::socket_base::keep_alive value;
            error_code got;
            self.get_option(value, got);
            return say(describe(ec) + ' ' + describe(got) + (value.value() ? " true" : " false"));
        }
        say(ec);
    }

    void call_urgent(tcp_socket& self, const step& s)
    {
        error_code ec;
        char byte = '!';
        const std::size_t n = s.what == verb::send_urgent
            ? self.send(asio::buffer(&byte, 1), tcp_socket::message_out_of_band, ec)
            : self.receive(asio::buffer(&byte, 1), tcp_socket::message_out_of_band, ec);
        say(describe(ec) + ' ' + std::to_string(n) + (ec ? "" : std::string(" ") + byte));
    }

    template <class T>
    void tell_state(T& self)
    {
        std::string text = self.is_open() ? "open" : "closed";
        error_code ec;
        if constexpr (socket_like<T>)
        {
            text += self.non_blocking() ? " non_blocking" : "";
            text += self.native_non_blocking() ? " native" : "";
            const auto local = self.local_endpoint(ec);
            text += " local " + (ec ? describe(ec) : family(local));
        }
        if constexpr (plain_socket<T>)
        {
            const auto remote = self.remote_endpoint(ec);
            text += " remote " + (ec ? describe(ec) : family(remote));
            const std::size_t n = self.available(ec);
            text += " available " + (ec ? describe(ec) : std::to_string(n));
            text += self.at_mark(ec) ? " at the mark" : "";
        }
        say(text);
    }

    struct sinking
    {
        explicit sinking(std::string& to)
            : sink(std::exchange(sink_, &to)), nested(std::exchange(nested_, true))
        {
        }
        ~sinking()
        {
            sink_ = sink;
            nested_ = nested;
        }

        std::string* sink;
        bool nested;
    };

    std::vector<std::shared_ptr<any_object>> objects_;
    std::map<int, tcp::endpoint> addresses_;
    std::map<int, udp::endpoint> udp_addresses_;
    tcp::endpoint nowhere_; // nobody listens there

    std::ostringstream lines_;
    std::string prefix_;
    // Of the handler that runs, if one does.
    inline static thread_local std::string* sink_ = nullptr;
    inline static thread_local bool nested_ = false;
};

} // namespace generator

#endif
