//
// What a walk over the model keeps track of: its objects, what became of each since everything was
// settled, and the handlers' own steps. `news`, `exposed` and `locked` say where an outcome would
// depend on time; there the walk lets everything settle first.
//

#ifndef PROACTOR_TEST_GENERATOR_WALK_HPP
#define PROACTOR_TEST_GENERATOR_WALK_HPP

#include "model.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace generator {

class walk
{
protected:
    walk(std::uint64_t seed, int runners) : state_(seed)
    {
        // The step from a state to the next is constant: neighbouring seeds have to be far apart.
        state_ = next() ^ (next() << 1);
        p_.runners = runners;
        aggressive_ = below(2) == 0;
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
            m(i).gone = m(i).ended = m(i).failed = m(i).urgent = m(i).composed = false;
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
        if (i >= 0 && m(i).is_stream() && m(i).reads > 1)
            end_reads(i);
    }

    void end_reads(int i)
    {
        settle();
        add({.what = verb::cancel, .object = i});
        settle();
        m(i).reads = 0;
        m(i).urgent = m(i).composed = false;
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
        o.open = o.clogged = o.accepting = o.composed = false;
        o.exists = !destroyed;
        if (!several())
            o.pending = false;
        std::erase_if(signals_, [i](const auto& s) { return s.object == i; });
    }

    /// Without a cancellation signal.
    void unslotted(step& s)
    {
        s.slot = false;
        std::erase_if(signals_, [&](const auto& known) { return known.op == s.op; });
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
            o.composed = false;
        }
        else if (which == 1 && (o.peer < 0 || m(o.peer).reads <= 1))
        {
            into.push_back({.what = verb::close, .object = i});
            lock(i);
            ended(i, false);
        }
        else if (which == 2 && o.is_readable() && !o.ended && !o.gone && !o.urgent && !o.composed)
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

} // namespace generator

#endif
