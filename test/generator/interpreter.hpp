//
// Runs a program on the context under test and tells what could be observed of it: values of calls,
// outcomes of operations in the order of their numbers, and orders where Asio promises one.
//

#ifndef PROACTOR_TEST_GENERATOR_INTERPRETER_HPP
#define PROACTOR_TEST_GENERATOR_INTERPRETER_HPP

#include "calls.hpp"
#include "machine.hpp"
#include "record.hpp"

#include <mutex>

namespace generator {

class interpreter final : listener, machine, calls
{
    using clock = std::chrono::steady_clock;

public:
    explicit interpreter(const program& p)
        : machine(p), calls(p.objects), records_(static_cast<std::size_t>(p.ops))
    {
        for (auto& r : records_)
            r = std::make_unique<record>();
    }

    ~interpreter() { end(); }

    std::string run()
    {
        begin();
        nowhere_ = refusing_at_;
        for (std::size_t i = 0; i < program_.steps.size() && !stuck_; ++i)
        {
            const step& s = program_.steps[i];
            prefix_ = std::to_string(i) + ' ' + name_of(s.what) + ": ";
            execute(s);
        }
        for (std::size_t i = 0; i < records_.size(); ++i)
            if (records_[i]->started)
                lines_ << "op " << i << ' ' << name_of(records_[i]->what.what) << ':'
                       << (records_[i]->text.empty() ? " nothing" : records_[i]->text) << '\n';
        for (const auto& [name, sequence] : orders_)
            lines_ << "order " << name << ':' << sequence << '\n';
        return lines_.str();
    }

private:
    // ---- the loop ----

    void end()
    {
        stop_runners();
        objects_.clear();
        end_machine();
    }

    /// An operation that can go on, or -1.
    int due()
    {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < records_.size(); ++i)
        {
            const record& r = *records_[i];
            if (r.started && !r.done && (r.due || able(r)))
                return static_cast<int>(i);
        }
        return -1;
    }

    bool able(const record& r)
    {
        const auto& object = objects_[static_cast<std::size_t>(r.what.object)];
        const int handle = object ? handle_of(*object) : -1;
        if (handle < 0)
            return false;
        switch (r.direction)
        {
        case lane::read:
            return ready(handle, POLLIN);
        case lane::write:
            return ready(handle, POLLOUT);
        case lane::except:
            return ready(handle, POLLPRI);
        default:
            return false;
        }
    }

    /// Several runners first do what they can; what a look at the handles cannot tell, whether a
    /// handler still runs, is certain after they were joined. Then this thread sees to the rest.
    void settle(int mode)
    {
        if (several())
        {
            const auto limit = clock::now() + std::chrono::seconds(2);
            while (due() >= 0 && clock::now() < limit)
            {
                barrier();
                std::this_thread::sleep_for(std::chrono::microseconds(20));
            }
            stop_runners();
        }
        settle_here(mode);
        {
            const std::lock_guard lock(mutex_);
            ++settled_;
            base_ = clock::now();
        }
        start_runners();
    }

    void settle_here(int mode)
    {
        // Asio leaves events that it has collected where they are when it runs out of work, and
        // takes them later for something new.
        std::optional<asio::executor_work_guard<context::executor_type>> work;
        if (!program_.counted)
            work.emplace(context_->get_executor());
        const auto limit = clock::now() + std::chrono::seconds(2);
        std::size_t count = 0;
        uncounted_ = !program_.counted;
        for (int quiet = 0; quiet < 2;)
        {
            if (const std::size_t n = turn(mode))
            {
                count += n;
                quiet = 0;
                continue;
            }
            barrier();
            const int op = due();
            if (op < 0)
            {
                ++quiet;
                continue;
            }
            quiet = 0;
            if (clock::now() > limit)
            {
                // What follows would only repeat it.
                say("stuck: op " + std::to_string(op));
                stuck_ = true;
                break;
            }
            count += turn(2);
        }
        work.reset();
        if (!context_->stopped())
            context_->poll();
        std::string text = uncounted_ ? "" : std::to_string(count) + ' ';
        text += context_->stopped() ? "no work left" : "work left";
        // Runners leave it to each other which of them an exception ends.
        if (!several())
            for (const auto& [value, times] : thrown_)
                text += ", threw " + std::to_string(value) + " times " + std::to_string(times);
        thrown_.clear();
        say(text);
        context_->restart();
    }

    // ---- operations ----

    void completed(int op, const error_code* ec, std::size_t n) override
    {
        record& r = *records_[static_cast<std::size_t>(op)];
        bool first = false;
        bool again = false;
        {
            const std::lock_guard lock(mutex_);
            r.text += " @" + std::to_string(settled_);
            if (ec)
                r.text += ' ' + describe(*ec);
            if (r.what.what == verb::async_receive || r.what.what == verb::async_send)
                r.text += ' ' + std::to_string(n);
            if (r.what.what == verb::async_receive)
                r.text += " \"" + r.data.substr(0, n) + '"';
            note_order(op, r, ec);
            again = r.what.again > 0 && !*ec;
            r.done = !again;
            first = !std::exchange(r.then_done, true);
        }
        if (again)
        {
            --r.what.again;
            const sinking redirected(r.text);
            start(r.what);
        }
        if (first && !r.what.then.empty())
        {
            // By value: nothing of the record is touched once a nested step may have run the loop.
            const auto steps = r.what.then;
            const sinking redirected(r.text);
            for (const step& nested : steps)
                execute_nested(nested);
        }
    }

    void accepted(int op, const error_code& ec, tcp_socket peer) override
    {
        {
            const std::lock_guard lock(mutex_);
            const auto& what = records_[static_cast<std::size_t>(op)]->what;
            if (!ec)
                objects_[static_cast<std::size_t>(what.other)] =
                    std::make_shared<any_object>(std::move(peer));
        }
        completed(op, &ec, 0);
    }

    /// Posts to one executor from one thread run in their order; so do the operations of one
    /// direction of an object, and timers by their expiry.
    void note_order(int op, const record& r, const error_code* ec)
    {
        if (r.nested)
            return;
        const bool free = r.what.strand < 0;
        std::string name;
        if (r.what.what == verb::post)
            name = free ? "post" : "post to " + std::to_string(r.what.strand);
        else if (several() || !free || r.what.again > 0 || !ec
                 || *ec == asio::error::bad_descriptor)
            return;
        else if (r.what.what == verb::async_receive || r.what.what == verb::async_send)
            name = std::string(name_of(r.what.what)) + ' ' + std::to_string(r.what.object);
        else if (r.what.what == verb::async_wait && r.direction == lane::none)
        {
            if (*ec)
                return;
            name = "expiry";
        }
        else
            return;
        if (several() && free)
            return;
        orders_[name] += ' ' + std::to_string(op);
    }

    static lane direction_of(const step& s, bool is_timer)
    {
        switch (s.what)
        {
        case verb::async_accept:
        case verb::async_receive:
            return lane::read;
        case verb::async_send:
        case verb::async_connect:
            return lane::write;
        case verb::async_wait:
            return is_timer     ? lane::none
                : s.amount == 0 ? lane::read
                : s.amount == 1 ? lane::write
                                : lane::except;
        default:
            return lane::none;
        }
    }

    void start(const step& s)
    {
        record& r = *records_[static_cast<std::size_t>(s.op)];
        handler h{this, s.op, {}, alive_, {}};
        {
            const std::lock_guard lock(mutex_);
            if (!r.started)
                r.what = s;
            r.nested = nested_;
            r.started = true;
            r.due = true;
            r.direction = lane::none;
            if (s.slot)
                h.slot = r.signal.slot();
            if (s.object >= 0)
            {
                auto& self = objects_[static_cast<std::size_t>(s.object)];
                if (!self)
                {
                    r.done = true;
                    r.text += " gone";
                    return;
                }
                const bool is_timer = std::holds_alternative<timer>(*self);
                r.direction = direction_of(s, is_timer);
                r.due = is_timer ? short_[s.object] : handle_of(*self) < 0;
                if (s.keep)
                    h.keep = self;
            }
            if (s.what == verb::async_receive && s.as != form::until)
                r.data.assign(static_cast<std::size_t>(s.amount), '.');
            if (s.what == verb::async_send)
                r.data = text_of(s.op, s.amount);
        }
        if (s.strand >= 0)
            start(s, r, strand_handler(std::move(h), strands_[static_cast<std::size_t>(s.strand)]));
        else
            start(s, r, std::move(h));
    }

    template <class Handler>
    void start(const step& s, record& r, Handler h)
    {
        if (s.object < 0)
        {
            if constexpr (std::is_same_v<Handler, strand_handler>)
                return submit(s.what, std::move(h));
            else
                return submit(s.what, *context_, std::move(h));
        }
        std::visit([&](auto& self) { start_on(self, s, r, std::move(h)); }, object(s.object));
    }

    template <class... Args>
    static void submit(verb what, Args&&... args)
    {
        if (what == verb::post)
            asio::post(std::forward<Args>(args)...);
        else if (what == verb::defer)
            asio::defer(std::forward<Args>(args)...);
        else
            asio::dispatch(std::forward<Args>(args)...);
    }

    template <class T, class Handler>
    void start_on(T& self, const step& s, record& r, Handler h)
    {
        if constexpr (std::is_same_v<T, tcp_acceptor>)
        {
            if (s.what == verb::async_accept && s.amount == 1)
                return self.async_accept(std::move(h));
            if (s.what == verb::async_accept)
                return self.async_accept(std::get<tcp_socket>(object(s.other)), std::move(h));
        }
        if constexpr (std::is_same_v<T, tcp_socket>)
            if (s.what == verb::async_connect)
                return self.async_connect(target(s.other), std::move(h));
        if constexpr (byte_stream<T>)
            if (s.as == form::composed || s.as == form::until)
                return start_composed(self, s, r, std::move(h));
        if constexpr (readable<T> || writable<T>)
            if (s.as == form::coroutine)
            {
                r.due = true; // it starts when the loop runs
                return asio::co_spawn(executor(context_->get_executor()),
                                      await(self, s, r, std::move(h)), asio::detached);
            }
        if constexpr (readable<T>)
            if (s.what == verb::async_receive)
                return start_receive(self, asio::buffer(r.data), r.endpoint, std::move(h));
        if constexpr (writable<T>)
            if (s.what == verb::async_send)
                return start_send(self, asio::buffer(r.data), address_of(s.other), std::move(h));
        if constexpr (std::is_same_v<T, timer>)
            return self.async_wait(std::move(h));
        else if constexpr (socket_like<T>)
            if (s.what == verb::async_wait)
                return self.async_wait(static_cast<asio::socket_base::wait_type>(s.amount),
                                       std::move(h));
    }

    template <class T, class Handler>
    static void start_composed(T& self, const step& s, record& r, Handler h)
    {
        if constexpr (readable<T>)
        {
            if (s.as == form::until)
                return asio::async_read_until(
                    self, asio::dynamic_buffer(r.data, static_cast<std::size_t>(s.amount)),
                    static_cast<char>('a' + s.op % 26), std::move(h));
            if (s.what == verb::async_receive)
                return asio::async_read(self, asio::buffer(r.data), std::move(h));
        }
        if constexpr (writable<T>)
            asio::async_write(self, asio::buffer(r.data), std::move(h));
    }

    template <class T, class Handler>
    asio::awaitable<void, executor> await(T& self, step s, record& r, Handler h)
    {
        {
            const std::lock_guard lock(mutex_);
            r.due = handle_of(object(s.object)) < 0;
        }
        error_code ec;
        std::size_t n = 0;
        auto token = asio::redirect_error(asio::use_awaitable_t<executor>(), ec);
        if constexpr (readable<T>)
            if (s.what == verb::async_receive)
            {
                if constexpr (pipe_end<T>)
                    n = co_await self.async_read_some(asio::buffer(r.data), token);
                else
                    n = co_await self.async_receive(asio::buffer(r.data), token);
            }
        if constexpr (writable<T>)
            if (s.what == verb::async_send)
            {
                if constexpr (pipe_end<T>)
                    n = co_await self.async_write_some(asio::buffer(r.data), token);
                else
                    n = co_await self.async_send(asio::buffer(r.data), token);
            }
        h(ec, n);
    }

    /// The operations of this object end now; none of them waits for anything any more.
    void doom(int i)
    {
        const std::lock_guard lock(mutex_);
        for (auto& r : records_)
            if (r->started && !r->done && r->what.object == i)
                r->due = true;
    }

    // ---- steps ----

    void execute_nested(const step& s)
    {
        switch (s.what)
        {
        case verb::raise:
            throw int(s.amount);
        case verb::stop:
            return context_->stop();
        case verb::poll_one:
            uncounted_ = true;
            context_->poll_one();
            return;
        default:
            execute(s);
        }
    }

    void execute(const step& s)
    {
        switch (s.what)
        {
        case verb::settle:
            return settle(s.amount);
        case verb::barrier:
            return barrier();
        case verb::stop:
            return stop();
        case verb::finish:
            return finish(s.amount);
        case verb::emit:
            return emit(s);
        case verb::make:
            return make(s.object, static_cast<kind>(s.amount));
        case verb::make_pair:
            return make_pair(s.object, s.other, static_cast<kind>(s.amount));
        case verb::destroy:
            doom(s.object);
            return objects_[static_cast<std::size_t>(s.object)].reset();
        case verb::move:
            return move(s.object, s.other);
        case verb::async_connect:
        case verb::async_accept:
        case verb::async_send:
        case verb::async_receive:
        case verb::async_wait:
        case verb::post:
        case verb::defer:
        case verb::dispatch:
            return start(s);
        default:
            if (!objects_[static_cast<std::size_t>(s.object)])
                return say("gone");
            std::visit([&](auto& self) { call(self, s); }, object(s.object));
        }
    }

    void stop()
    {
        if (several())
        {
            stop_runners();
            return start_runners();
        }
        context_->stop();
        say(std::to_string(context_->poll()) + ' ' + std::to_string(context_->run_one()));
        context_->restart();
    }

    void emit(const step& s)
    {
        record& r = *records_[static_cast<std::size_t>(s.op)];
        {
            const std::lock_guard lock(mutex_);
            if (r.done || !r.started)
                return say("over");
            r.due = true;
        }
        static constexpr asio::cancellation_type types[]{asio::cancellation_type::terminal,
                                                         asio::cancellation_type::partial,
                                                         asio::cancellation_type::total};
        r.signal.emit(types[s.amount]);
    }

    template <class T>
    void put(int i, T object)
    {
        objects_[static_cast<std::size_t>(i)] = std::make_shared<any_object>(std::move(object));
    }

    void make(int i, kind what)
    {
        switch (what)
        {
        case kind::tcp:
            return put(i, tcp_socket(*context_));
        case kind::acceptor:
            put(i, tcp_acceptor(*context_, {loopback(), 0}));
            addresses_[i] = std::get<tcp_acceptor>(object(i)).local_endpoint();
            return;
        case kind::udp:
            put(i, udp_socket(*context_, {loopback(), 0}));
            udp_addresses_[i] = std::get<udp_socket>(object(i)).local_endpoint();
            return;
        case kind::timer:
            short_[i] = true;
            return put(i, timer(*context_));
        default:
            return;
        }
    }

    template <class T>
    void make_connected(int a, int b)
    {
        T first(*context_);
        T second(*context_);
        asio::local::connect_pair(first, second);
        put(a, std::move(first));
        put(b, std::move(second));
    }

    void make_pair(int a, int b, kind what)
    {
        if (what == kind::local_stream)
            return make_connected<local_stream>(a, b);
        if (what == kind::local_datagram)
            return make_connected<local_datagram>(a, b);
        if (what == kind::connected_udp)
        {
            udp_socket first(*context_, {loopback(), 0});
            udp_socket second(*context_, {loopback(), 0});
            first.connect(second.local_endpoint());
            second.connect(first.local_endpoint());
            put(a, std::move(first));
            return put(b, std::move(second));
        }
        readable_pipe in(*context_);
        writable_pipe out(*context_);
        asio::connect_pipe(in, out);
        put(a, std::move(in));
        put(b, std::move(out));
    }

    void moved(int from, int to)
    {
        const std::lock_guard lock(mutex_);
        for (auto& r : records_)
            if (r->started && !r->done && r->what.object == from)
                r->what.object = to;
        short_[to] = std::exchange(short_[from], true);
        addresses_[to] = addresses_[from];
        udp_addresses_[to] = udp_addresses_[from];
    }

    void move(int from, int to)
    {
        moved(from, to);
        objects_[static_cast<std::size_t>(to)] =
            std::make_shared<any_object>(std::move(object(from)));
    }

    template <class T>
    void call(T& self, const step& s)
    {
        if (s.what == verb::move_assign)
        {
            doom(s.object);
            moved(s.other, s.object);
            self = std::move(std::get<T>(object(s.other)));
        }
        else if constexpr (std::is_same_v<T, timer>)
            call_timer(self, s);
        else
        {
            if (s.what == verb::close || s.what == verb::cancel || s.what == verb::release)
                doom(s.object);
            call_handle(self, s);
        }
    }

    void call_timer(timer& self, const step& s)
    {
        switch (s.what)
        {
        case verb::cancel:
            doom(s.object);
            return say(std::to_string(self.cancel()));
        case verb::cancel_one:
            return say(std::to_string(cancel_first(self, s.object)));
        case verb::expires: {
            doom(s.object);
            short_[s.object] = s.amount >= 0;
            // Programs give no two of these the same time: its order is what is observed.
            const auto after = s.amount < 0 ? std::chrono::microseconds(std::chrono::hours(1))
                                            : std::chrono::microseconds(s.amount);
            return say(std::to_string(self.expires_at(base_ + after)));
        }
        case verb::state:
            return say(self.expiry() > clock::now() + std::chrono::minutes(1) ? "later" : "soon");
        default:
            return;
        }
    }

    std::size_t cancel_first(timer& self, int i)
    {
        {
            const std::lock_guard lock(mutex_);
            for (auto& r : records_)
                if (r->started && !r->done && !r->due && r->what.object == i)
                {
                    r->due = true;
                    break;
                }
        }
        return self.cancel_one();
    }

    // ---- the end ----

    template <class T>
    void end_operations(T& self, int i)
    {
        doom(i);
        if constexpr (std::is_same_v<T, timer>)
            self.cancel();
        else
        {
            error_code ec;
            self.cancel(ec);
        }
    }

    template <class T>
    static void close(T& self)
    {
        error_code ec;
        if constexpr (!std::is_same_v<T, timer>)
            self.close(ec);
    }

    /// 0: close all, settle, destroy; 1: destroy, settle; 2: destroy objects, then the context,
    /// with everything in flight; objects that handlers own go with these.
    void finish(int how)
    {
        // First nothing is in flight any more, lest an end of one socket completes another's read.
        for (std::size_t i = 0; i < objects_.size() && how <= 1; ++i)
            if (objects_[i])
                std::visit([&](auto& self) { end_operations(self, static_cast<int>(i)); },
                           *objects_[i]);
        for (auto& object : objects_)
            if (object && how == 0)
                std::visit([](auto& self) { close(self); }, *object);
            else if (object && how == 1)
                object.reset();
        if (how <= 1)
            settle(0);
        end();
        say("handlers left " + std::to_string(alive_.use_count() - 1));
    }

    std::shared_ptr<void> alive_ = std::make_shared<int>();
    std::vector<std::unique_ptr<record>> records_;

    std::map<int, bool> short_; // timers whose expiry is near
    clock::time_point base_ = clock::now();

    std::mutex mutex_; // records, orders
    std::map<std::string, std::string> orders_;
    int settled_ = 0;
    bool stuck_ = false;
};

} // namespace generator

#endif
