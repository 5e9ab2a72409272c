//
// A program is a walk over a model of its objects, a step at a time by chance.
//

#include "generate.hpp"

#include "walk.hpp"

namespace generator {

namespace {

class maker : walk
{
public:
    maker(std::uint64_t seed, int runners) : walk(seed, runners) {}

    program make()
    {
        // Asio counts events without a handler among the handlers, and how often a strand is
        // entered is a matter of time: counts are compared without either.
        p_.counted = !several() && chance(12);
        if (p_.counted)
            return loop_only();
        first_objects();
        for (int left = 14 + below(26); left > 0; --left)
            random_step();
        finish();
        p_.objects = static_cast<int>(m_.size());
        return std::move(p_);
    }

private:
    program loop_only()
    {
        for (int i = 0; i < 3; ++i)
            make_object(kind::timer);
        for (int left = 14 + below(26); left > 0; --left)
        {
            const int which = below(10);
            if (which < 4)
                timer_step();
            else if (which < 8)
                post();
            else if (which < 9)
                chance(50) ? emit() : settle();
            else
                chance(50) ? move() : add({.what = verb::stop});
        }
        finish();
        p_.objects = static_cast<int>(m_.size());
        return std::move(p_);
    }

    void first_objects()
    {
        make_object(kind::acceptor);
        connect();
        if (chance(40))
            connect();
        if (chance(60))
        {
            make_object(kind::udp);
            make_object(kind::udp);
        }
        if (chance(60))
            make_pair(kind::local_stream);
        if (chance(40))
            make_pair(kind::local_datagram);
        if (chance(40))
            make_pair(kind::connected_udp);
        if (chance(50))
            make_pair(kind::readable_pipe);
        make_object(kind::timer);
        if (chance(70))
            make_object(kind::timer);
    }

    // ---- connections ----

    int free_tcp()
    {
        const int i = pick([](const model& o) { return o.is(kind::tcp) && !o.open && !o.locked; });
        return i >= 0 && chance(60) ? i : make_object(kind::tcp);
    }

    void connect()
    {
        int acceptor = pick([](const model& o) {
            return o.is(kind::acceptor) && o.open && !o.accepting && !o.pending && !o.locked;
        });
        if (acceptor < 0)
            acceptor = make_object(kind::acceptor);
        const int client = free_tcp();
        touch_operations(client);
        m(client).reserved = true;
        const int server = free_tcp();
        touch_operations(server);
        m(client).reserved = false;
        const int way = below(6);
        const auto async_accept = [&] {
            step s = operation(verb::async_accept, acceptor, false);
            s.slot = false;
            s.keep = false;
            s.other = server;
            s.amount = below(2);
            add(s);
        };
        const auto async_connect = [&] {
            step s = operation(verb::async_connect, client, false);
            s.slot = false;
            s.other = acceptor;
            add(s);
        };
        const auto sync_connect = [&] {
            add({.what = verb::connect, .object = client, .other = acceptor});
        };
        const auto sync_accept = [&] {
            add({.what = verb::accept, .object = acceptor, .other = server});
        };
        signals_.clear();
        m(client).locked = m(server).locked = true;
        switch (way)
        {
        case 0:
            sync_connect();
            sync_accept();
            break;
        case 1:
            async_accept();
            async_connect();
            break;
        case 2:
            async_accept();
            sync_connect();
            break;
        case 3:
            async_connect();
            sync_accept();
            break;
        case 4:
            async_connect();
            settle();
            sync_accept();
            break;
        default:
            sync_connect();
            async_accept();
        }
        if (way != 0)
            settle();
        m(client).locked = m(server).locked = false;
        m(client).pending = m(server).pending = false;
        link(client, server);
    }

    /// Several accepts wait for several connections: the first gets the first.
    void connect_several()
    {
        settle();
        const int acceptor = make_object(kind::acceptor);
        std::vector<std::pair<int, int>> pairs;
        const auto reserved = [this] {
            const int i = free_tcp();
            touch_operations(i);
            m(i).reserved = true;
            return i;
        };
        for (int left = 2 + below(2); left > 0; --left)
        {
            const int client = reserved();
            pairs.emplace_back(client, reserved());
        }
        const auto accept = [&](int server) {
            add({.what = verb::async_accept,
                 .object = acceptor,
                 .other = server,
                 .amount = below(2),
                 .op = new_op()});
        };
        const auto connect = [&](int client) {
            step s{.what = verb::connect, .object = client, .other = acceptor};
            if (chance(50))
            {
                s.what = verb::async_connect;
                s.op = new_op();
            }
            add(s);
        };
        const bool accepts_first = chance(60);
        for (const auto& p : pairs)
            accepts_first ? accept(p.second) : connect(p.first);
        for (const auto& p : pairs)
            accepts_first ? connect(p.first) : accept(p.second);
        settle();
        for (const auto& [client, server] : pairs)
        {
            m(client).reserved = m(server).reserved = false;
            m(client).pending = m(server).pending = false;
            link(client, server);
        }
    }

    void refused()
    {
        const int i = free_tcp();
        touch_operations(i);
        m(i).open = true;
        m(i).peer = -1;
        m(i).gone = true;
        m(i).ended = m(i).failed = m(i).urgent = false;
        m(i).reads = 0;
        if (chance(50))
            return add({.what = verb::connect, .object = i});
        add(operation(verb::async_connect, i, true));
        settle();
    }

    // ---- the end of an object ----

    void end_one()
    {
        const int i = pick([](const model& o) { return !o.is(kind::timer) && o.open; });
        if (i < 0)
            return;
        touch_operations(i);
        if (m(i).heard != news::none)
            settle();
        if (!aggressive_ && m(i).peer >= 0 && m(m(i).peer).heard != news::none)
            settle();
        one_read_at_most(m(i).peer);
        static constexpr verb ways[]{verb::close, verb::close, verb::close, verb::release,
                                     verb::destroy};
        const verb way = m(i).kept ? verb::close : ways[below(5)];
        add({.what = way, .object = i});
        ended(i, way == verb::destroy);
    }

    void cancel()
    {
        const int i = pick([](const model& o) { return !o.is(kind::timer) && o.open; });
        if (i < 0)
            return;
        touch_operations(i);
        add({.what = verb::cancel, .object = i});
        m(i).reads = m(i).fresh_reads = 0;
        m(i).urgent = m(i).composed = false;
        if (m(i).accepting)
            ended_accepts_.push_back(i);
    }

    void emit()
    {
        if (signals_.empty())
            return;
        const auto s = signals_[static_cast<std::size_t>(below(static_cast<int>(signals_.size())))];
        touch_operations(s.object);
        if (several())
            settle();
        add({.what = verb::emit, .object = -1, .amount = below(3), .op = s.op});
    }

    void move()
    {
        const int i = pick([](const model& o) { return !o.accepting; });
        if (i < 0)
            return;
        touch_operations(i);
        const int to = pick([&](const model& o) {
            return o.what == m(i).what && &o != &m(i) && !o.locked && !o.accepting
                && o.heard == news::none && !o.exposed && (o.peer < 0 || !m(o.peer).locked)
                && o.peer != i && !o.near;
        });
        std::erase_if(signals_, [i](const auto& s) { return s.object == i; });
        const bool assign = to >= 0 && chance(50);
        int target = to;
        if (assign)
        {
            one_read_at_most(m(to).peer);
            add({.what = verb::move_assign, .object = to, .other = i});
            ended(to, false);
        }
        else
        {
            target = add_object(m(i).what);
            add({.what = verb::move, .object = i, .other = target});
        }
        const int peer = m(i).peer;
        m(target) = m(i);
        near_[static_cast<std::size_t>(target)] = near_[static_cast<std::size_t>(i)];
        if (peer >= 0)
            m(peer).peer = target;
        m(i).peer = -1;
        m(i).reads = 0;
        m(i).ended = m(i).failed = m(i).urgent = m(i).gone = false;
        m(i).composed = false;
        m(i).open = m(i).pending = m(i).clogged = m(i).set = m(i).near = m(i).exposed = false;
        m(i).heard = news::none;
    }

    void shutdown()
    {
        const int i = pick([](const model& o) { return o.is_stream() && !o.clogged; });
        if (i < 0)
            return;
        touch_operations(i);
        if (m(i).heard != news::none)
            settle();
        if (!aggressive_ && m(i).peer >= 0 && m(m(i).peer).heard != news::none)
            settle();
        one_read_at_most(m(i).peer);
        one_read_at_most(i);
        add({.what = verb::shutdown, .object = i, .amount = below(3)});
        hear(i, news::end);
        if (m(i).peer >= 0)
        {
            hear(m(i).peer, news::end);
            m(m(i).peer).gone = true;
        }
        m(i).gone = true;
    }

    // ---- data ----

    void send()
    {
        const int i = pick([](const model& o) { return o.is_writable() && !o.clogged; });
        if (i < 0)
            return;
        touch(i);
        // Behind such a wait Asio queues asynchronous sends, and synchronous ones overtake them.
        if (m(i).waits_to_write)
            settle();
        int to = m(i).peer;
        if (m(i).is(kind::udp))
            to = pick([&](const model& o) { return o.is(kind::udp) && o.open; });
        if (to >= 0)
        {
            // What a read gets that was started with bytes there is certain for the first of them.
            if (m(to).locked || m(to).heard == news::end || m(to).fresh_reads > 1
                || (m(to).pending && !m(to).is_datagram() && m(to).chunks > 0))
                settle();
            if (m(to).is(kind::local_datagram) && ++m(to).sent > 8)
                return;
        }
        if (m(i).is(kind::udp) && to < 0)
            return;
        // Asio tells one asynchronous send of an error; a later one may wait for ever.
        const bool now = chance(35) || (m(i).is_stream() && m(i).open && m(i).gone && m(i).failed);
        m(i).failed |= !now && m(i).open && m(i).gone;
        step s =
            now ? step{.what = verb::send, .object = i} : operation(verb::async_send, i, true, to);
        s.amount = 1 + below(40);
        if (m(i).is(kind::udp))
            s.other = to;
        else if (!now && !m(i).is_datagram() && chance(25))
        {
            s.as = form::composed;
            unslotted(s); // it does not know every kind of cancellation
        }
        add_awaited(s, !now && to >= 0 && m(i).is_datagram() == m(to).is_datagram());
        if (!now)
            m(i).pending = true;
        if (to >= 0)
        {
            hear(to, news::data);
            ++m(to).chunks;
            m(to).deferred |= !now;
        }
        if (m(i).gone)
            hear(i, news::end);
    }

    /// Adds the step, now and then as a coroutine that has started when anything else happens.
    void add_awaited(step s, bool possible)
    {
        if (!possible || s.as != form::plain || s.again > 0 || !chance(15))
            return add(std::move(s));
        s.as = form::coroutine;
        s.keep = false;
        s.strand = -1;
        unslotted(s);
        settle();
        add(std::move(s));
        settle();
    }

    void composed_receive(int i)
    {
        end_reads(i);
        step s = operation(verb::async_receive, i, false);
        s.as = chance(50) ? form::composed : form::until;
        s.amount = 1 + below(50);
        unslotted(s);
        m(i).pending = m(i).composed = m(i).exposed = true;
        ++m(i).reads;
        add(s);
    }

    void urgent()
    {
        const int i = pick([](const model& o) {
            return o.is(kind::tcp) && o.open && o.peer >= 0 && !o.clogged && !o.gone;
        });
        if (i < 0 || m(m(i).peer).clogged)
            return;
        // A ring tries what waits to read again, and such a try passes the mark.
        end_reads(m(i).peer);
        const bool now = chance(60);
        add({.what = now ? verb::send_urgent : verb::receive_urgent, .object = i});
        settle();
    }

    void ready_to_receive(int i)
    {
        touch(i);
        if (m(i).heard == news::data && !m(i).is_datagram() && m(i).chunks > 1)
            m(i).deferred ? settle() : barrier();
        else if (m(i).heard == news::data && chance(40))
            m(i).deferred ? settle() : barrier();
    }

    void receive()
    {
        const int i = pick([](const model& o) { return o.is_readable(); });
        if (i < 0)
            return;
        if (chance(20))
        {
            touch_operations(i);
            if (m(i).heard != news::none)
                m(i).deferred ? settle() : barrier();
            if (m(i).exposed)
                settle();
            return add({.what = verb::receive, .object = i, .amount = 1 + below(30)});
        }
        if (m(i).composed)
            end_reads(i);
        ready_to_receive(i);
        if (!m(i).is_datagram() && m(i).open && !m(i).gone && !m(i).ended && !m(i).kept
            && chance(12))
            return composed_receive(i);
        // Asio does not try a read while something waits for the exceptional state, and has been
        // told before of what is there: such a read waits for ever.
        if (m(i).urgent)
            return;
        if (m(i).is_stream() && (m(i).gone || !m(i).open))
        {
            if (m(i).ended)
                return;
            m(i).ended = m(i).open;
        }
        if (m(i).heard != news::none || m(i).fresh_reads > 0)
            m(i).exposed = true;
        m(i).pending = true;
        ++m(i).reads;
        ++m(i).fresh_reads;
        step s = operation(verb::async_receive, i, false);
        s.amount = 1 + below(30);
        if (!several() && chance(25))
        {
            s.again = 1 + below(3);
            s.strand = -1; // where it might be started again after another handler's read
            m(i).reads += s.again;
        }
        add_awaited(s, m(i).open && !m(i).gone && !m(i).kept && !m(i).is(kind::udp));
    }

    void wait()
    {
        const int i = pick([](const model& o) {
            return o.is_stream() || o.is_datagram() || o.is(kind::acceptor);
        });
        if (i < 0)
            return;
        ready_to_receive(i);
        if (several())
            settle(); // an event that a runner holds in its hands would end it
        m(i).pending = true;
        // Asio lets a wait behind a read end with it, though nothing is left to read; and a wait
        // that need not wait is still cancelled by what comes at once.
        const int which = m(i).reads > 0 || m(i).composed ? 1 : m(i).clogged ? 0 : below(3);
        if (which == 1 && m(i).clogged)
            return;
        step s = operation(verb::async_wait, i, false);
        s.amount = which;
        m(i).reads += s.amount == 0;
        m(i).urgent |= s.amount == 2;
        m(i).waits_to_write |= s.amount == 1;
        m(i).exposed = true;
        add(s);
    }

    void accept()
    {
        const int i = pick([](const model& o) { return o.is(kind::acceptor); });
        if (i < 0)
            return;
        touch(i);
        const int other = make_object(kind::tcp);
        m(other).reserved = true;
        step s = operation(verb::async_accept, i, false);
        s.other = other;
        s.amount = below(2);
        m(i).accepting = m(i).pending = true;
        add(s);
    }

    void clog()
    {
        const int i = pick([](const model& o) {
            return o.is_stream() && o.peer >= 0 && !o.clogged && !o.gone && !o.pending;
        });
        if (i < 0)
            return;
        settle();
        const int peer = m(i).peer;
        if (m(peer).pending || m(peer).clogged)
            return;
        add({.what = verb::clog, .object = i});
        m(i).clogged = true;
        // Nobody reads what it holds, and how much that is nobody knows.
        m(peer).reserved = true;
        for (int left = 1 + below(2); left > 0; --left)
        {
            step s = operation(verb::async_send, i, false);
            s.amount = 1 + below(40);
            m(i).pending = true;
            add(s);
        }
    }

    // ---- timers ----

    void timer_step()
    {
        const int i = pick([](const model& o) { return o.is(kind::timer); });
        if (m(i).locked || (several() && m(i).near))
            settle();
        if (!m(i).set || chance(35))
        {
            const int after = chance(50) ? -1 : below(4) * 500 + ++offset_ * 7;
            m(i).set = true;
            add({.what = verb::expires, .object = i, .amount = after});
            m(i).near = false;
            near_[static_cast<std::size_t>(i)] = after >= 0;
            return;
        }
        if (chance(60))
        {
            m(i).near = near_[i];
            return add(operation(verb::async_wait, i, near_[i] && !several()));
        }
        add({.what = chance(50) ? verb::cancel : verb::cancel_one, .object = i});
    }

    // ---- all of it ----

    void random_step()
    {
        const int which = below(100);
        if (which < 22)
            send();
        else if (which < 44)
            receive();
        else if (which < 49)
            wait();
        else if (which < 61)
            timer_step();
        else if (which < 68)
            post();
        else if (which < 72)
            cancel();
        else if (which < 76)
            emit();
        else if (which < 80)
            end_one();
        else if (which < 83)
            move();
        else if (which < 86)
            shutdown();
        else if (which < 88)
            state();
        else if (which < 90)
            settle();
        else if (which < 92)
            connect();
        else if (which < 93)
            chance(50) ? connect_several() : urgent();
        else if (which < 94)
            refused();
        else if (which < 95)
            accept();
        else if (which < 96)
            clog();
        else if (which < 97)
            add({.what = verb::stop});
        else if (which < 98)
            non_blocking();
        else if (which < 99)
            option();
        else
            reopen();
    }

    void post()
    {
        static constexpr verb ways[]{verb::post, verb::post, verb::defer, verb::dispatch};
        for (int left = 1 + below(3); left > 0; --left)
            add(operation(ways[below(4)], -1, true));
    }

    void state()
    {
        const int i = pick([](const model& o) { return !o.is(kind::timer); });
        if (i < 0)
            return;
        touch_operations(i);
        if (m(i).heard != news::none)
            settle();
        if (m(i).exposed)
            settle();
        add({.what = verb::state, .object = i});
    }

    void non_blocking()
    {
        const int i = pick([](const model& o) { return !o.is(kind::timer) && !o.clogged; });
        if (i < 0)
            return;
        touch_operations(i);
        // Back in blocking mode, what waits would block the loop.
        add({.what = verb::non_blocking, .object = i, .amount = m(i).pending ? 1 : below(2)});
    }

    void option()
    {
        const int i = pick([](const model& o) {
            return o.is_stream() || o.is_datagram() || o.is(kind::acceptor);
        });
        if (i < 0)
            return;
        touch(i);
        add({.what = verb::option, .object = i});
    }

    void reopen()
    {
        const int i = pick([](const model& o) { return o.is(kind::tcp); });
        if (i < 0)
            return;
        touch_operations(i);
        add({.what = verb::open, .object = i});
        if (!m(i).open)
        {
            m(i).gone = true;
            m(i).ended = m(i).failed = m(i).urgent = false;
            m(i).reads = 0;
        }
        m(i).open = true;
    }

    void finish()
    {
        const int how = below(3);
        if (how < 2 || several() || chance(50))
        {
            settle();
            for (int i = 0; i < static_cast<int>(m_.size()); ++i)
                if (m(i).exists && !m(i).reserved && !m(i).is(kind::timer))
                    add({.what = verb::state, .object = i});
        }
        add({.what = verb::finish, .amount = how});
    }
};

} // namespace

program generate(std::uint64_t seed, int runners)
{
    return maker(seed, runners).make();
}

} // namespace generator
