//
// A program is a walk over a model of its objects. Wherever an outcome would depend on time, the
// walk first lets everything settle; `news`, `exposed` and `locked` say where that is.
//

#include "generate.hpp"

#include "model.hpp"

#include <algorithm>
#include <utility>

namespace generator {

namespace {

class maker
{
public:
    maker(std::uint64_t seed, int runners) : state_(seed)
    {
        // The step from a state to the next is constant: neighbouring seeds have to be far apart.
        state_ = next() ^ (next() << 1);
        p_.runners = runners;
        aggressive_ = below(2) == 0;
    }

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

    // ---- numbers ----

    std::uint64_t next()
    {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }
    int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
    bool chance(int percent) { return below(100) < percent; }

    // ---- objects ----

    model& m(int i) { return m_[static_cast<std::size_t>(i)]; }
    bool several() const { return p_.runners > 1; }

    int add_object(kind what)
    {
        model fresh;
        fresh.what = what;
        fresh.open = what != kind::tcp;
        m_.push_back(fresh);
        return static_cast<int>(m_.size()) - 1;
    }

    void link(int a, int b)
    {
        m(a).peer = b;
        m(b).peer = a;
        m(a).open = m(b).open = true;
        for (const int i : {a, b})
        {
            m(i).gone = m(i).ended = m(i).failed = m(i).urgent = false;
            m(i).reads = 0;
        }
    }

    int make_object(kind what)
    {
        const int i = add_object(what);
        add({.what = verb::make, .object = i, .amount = static_cast<int>(what)});
        m(i).set = false;
        return i;
    }

    void make_pair(kind what)
    {
        const int a = add_object(what);
        const int b = add_object(what == kind::readable_pipe ? kind::writable_pipe : what);
        add({.what = verb::make_pair, .object = a, .other = b, .amount = static_cast<int>(what)});
        link(a, b);
    }

    /// An object that fulfils the condition, or -1.
    template <class Condition>
    int pick(Condition condition)
    {
        std::vector<int> found;
        for (int i = 0; i < static_cast<int>(m_.size()); ++i)
            if (m(i).exists && !m(i).reserved && condition(m(i)))
                found.push_back(i);
        return found.empty()
            ? -1
            : found[static_cast<std::size_t>(below(static_cast<int>(found.size())))];
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
        if (chance(50))
            make_pair(kind::readable_pipe);
        make_object(kind::timer);
        if (chance(70))
            make_object(kind::timer);
    }

    // ---- steps ----

    void add(step s) { p_.steps.push_back(std::move(s)); }
    int new_op() { return p_.ops++; }

    void settle()
    {
        add({.what = verb::settle, .amount = below(4)});
        for (model& o : m_)
        {
            o.heard = news::none;
            o.exposed = o.locked = o.near = o.deferred = o.waits_to_write = false;
            o.chunks = o.fresh_reads = 0;
        }
        // What is near now will be past: it would have to be compared with what is set later.
        for (std::size_t i = 0; i < m_.size(); ++i)
            if (m_[i].is(kind::timer) && std::exchange(near_[i], false))
                m_[i].set = false;
        for (int i : ended_accepts_)
            m(i).accepting = false;
        ended_accepts_.clear();
        offset_ = 0;
    }

    void barrier()
    {
        add({.what = verb::barrier});
        for (model& o : m_)
            if (o.heard == news::data && !o.deferred && !o.pending)
            {
                o.heard = news::none;
                o.chunks = 0;
            }
    }

    void touch(int i)
    {
        if (m(i).locked || m(i).heard == news::end)
            settle();
    }

    /// Nobody can tell any more what became of its operations, unless this was settled before.
    void touch_operations(int i)
    {
        touch(i);
        if (m(i).exposed || (several() && m(i).near))
            settle();
        if (m(i).peer >= 0 && m(m(i).peer).locked)
            settle();
    }

    /// Asio tells one read of the end of a stream; another that waits, or comes later, waits for
    /// ever.
    void one_read_at_most(int i)
    {
        if (i < 0 || !m(i).is_stream() || m(i).reads <= 1)
            return;
        settle();
        add({.what = verb::cancel, .object = i});
        settle();
        m(i).reads = 0;
        m(i).urgent = false;
    }

    void hear(int i, news what)
    {
        model& o = m(i);
        if (what == news::end)
            o.ended |= o.reads > 0;
        o.heard = std::max(o.heard, what);
        o.exposed |= o.pending;
    }

    step operation(verb what, int i, bool certain, int other = -1)
    {
        step s{.what = what, .object = i, .op = new_op()};
        if (!p_.counted && chance(20))
            s.strand = below(strands);
        if (i >= 0 && chance(35))
        {
            s.slot = true;
            signals_.push_back({s.op, i});
        }
        if (i >= 0 && chance(10) && !m(i).is(kind::timer))
            s.keep = m(i).kept = true;
        if (chance(25))
        {
            // What this operation is about is none of its reaction's business: it is not settled.
            std::vector<std::pair<int, bool>> before;
            for (const int j : {i, i >= 0 ? m(i).peer : -1, other})
                if (j >= 0)
                    before.emplace_back(j, std::exchange(m(j).locked, true));
            s.then = reaction(certain, 0);
            for (auto j = before.rbegin(); j != before.rend(); ++j)
                m(j->first).locked = j->second;
        }
        return s;
    }

    // ---- what handlers do ----

    std::vector<step> reaction(bool certain, int depth)
    {
        std::vector<step> result;
        for (int left = 1 + below(3); left > 0; --left)
        {
            const int which = below(10);
            if (which < 4 && depth < 2)
                result.push_back(nested_post(certain, depth));
            else if (which == 4 && !several())
            {
                // Alone, because what it runs may throw, and Asio knows one pending exception.
                if (result.empty())
                    result.push_back({.what = verb::poll_one});
                break;
            }
            else if (which == 5 && !several())
                result.push_back({.what = verb::stop});
            else if (which == 6)
            {
                result.push_back({.what = verb::raise, .amount = 1 + below(3)});
                break;
            }
            else if (certain && !several())
                touch_in_handler(result);
        }
        return result;
    }

    step nested_post(bool certain, int depth)
    {
        static constexpr verb ways[]{verb::post, verb::defer, verb::dispatch};
        step s{.what = ways[below(3)], .op = new_op()};
        if (!p_.counted && chance(30))
            s.strand = below(strands);
        if (chance(40))
            s.then = reaction(certain, depth + 1);
        return s;
    }

    void lock(int i)
    {
        m(i).locked = true;
        if (m(i).peer >= 0)
            m(m(i).peer).locked = true;
    }

    bool free(const model& o)
    {
        return !o.locked && !o.exposed && o.heard == news::none && !o.near && !o.accepting
            && o.fresh_reads == 0 && !o.waits_to_write
            && (o.peer < 0
                || (!m(o.peer).locked && !m(o.peer).exposed && m(o.peer).fresh_reads == 0
                    && (aggressive_ || m(o.peer).heard == news::none)));
    }

    void touch_in_handler(std::vector<step>& into)
    {
        const int i = pick([&](const model& o) { return free(o) && !o.is(kind::acceptor); });
        if (i < 0)
            return;
        model& o = m(i);
        if (o.is(kind::timer))
        {
            if (!o.set)
                return;
            into.push_back({.what = chance(50) ? verb::cancel : verb::cancel_one, .object = i});
            return lock(i);
        }
        const int which = below(4);
        if (which == 0)
        {
            into.push_back({.what = verb::cancel, .object = i});
            lock(i);
            o.reads = 0;
        }
        else if (which == 1 && (o.peer < 0 || m(o.peer).reads <= 1))
        {
            into.push_back({.what = verb::close, .object = i});
            lock(i);
            ended(i, false);
        }
        else if (which == 2 && o.is_readable() && !o.ended && !o.gone && !o.urgent)
        {
            into.push_back({.what = verb::async_receive,
                            .object = i,
                            .amount = 1 + below(12),
                            .op = new_op()});
            o.pending = true;
            ++o.reads;
            lock(i);
        }
        else if (o.is_writable() && !o.clogged && !o.gone && !o.is(kind::udp) && o.peer >= 0
                 && ++m(o.peer).sent < 8 && m(o.peer).heard == news::none)
        {
            into.push_back({.what = chance(50) ? verb::send : verb::async_send,
                            .object = i,
                            .amount = 1 + below(20)});
            if (into.back().what == verb::async_send)
                into.back().op = new_op();
            lock(i);
            hear(o.peer, news::data);
            ++m(o.peer).chunks;
        }
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

    /// It is closed; `exists` says whether the object lives on.
    void ended(int i, bool destroyed)
    {
        model& o = m(i);
        if (o.peer >= 0)
        {
            m(o.peer).gone = true;
            m(o.peer).peer = -1;
            hear(o.peer, news::end);
        }
        o.peer = -1;
        o.open = o.clogged = o.accepting = false;
        o.exists = !destroyed;
        if (!several())
            o.pending = false;
        std::erase_if(signals_, [i](const auto& s) { return s.object == i; });
    }

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
        m(i).urgent = false;
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
        add(s);
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
        ready_to_receive(i);
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
        add(s);
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
        const int which = m(i).reads > 0 ? 1 : m(i).clogged ? 0 : below(3);
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
        else if (which < 93)
            connect();
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

    struct signalled
    {
        int op;
        int object;
    };

    std::uint64_t state_;
    program p_;
    bool aggressive_ = false;
    std::vector<model> m_;
    std::vector<signalled> signals_;
    std::vector<int> ended_accepts_;
    std::vector<char> near_ = std::vector<char>(1000);
    int offset_ = 0;
};

} // namespace

program generate(std::uint64_t seed, int runners)
{
    return maker(seed, runners).make();
}

} // namespace generator
