#include "measure.hpp"

#include "output.hpp"
#include "pace.hpp"
#include "process.hpp"
#include "refusal.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>

namespace perf {

namespace {

/// What a peer gave in a variant so far.
struct peer_series
{
    const perf::peer* peer;
    std::vector<std::vector<double>> values; ///< by metric, then by round
    std::optional<std::string> skipped;
};

struct variant_series
{
    const perf::scenario* scenario;
    const perf::variant* variant;
    std::vector<peer_series> peers;
};

std::vector<variant_series> empty_series(const std::vector<const scenario*>& chosen)
{
    std::vector<variant_series> all;
    for (const scenario* s : chosen)
        for (const variant& v : s->variants)
        {
            all.push_back({s, &v, {}});
            for (const peer& p : s->peers)
                all.back().peers.push_back(
                    {&p, std::vector<std::vector<double>>(s->metrics.size()), std::nullopt});
        }
    return all;
}

/// Asks once for each setting, and has those who would be refused skip.
void skip_refused(const std::string& folder, std::vector<variant_series>& all)
{
    std::map<std::string_view, std::optional<std::string>> known;
    for (variant_series& series : all)
        for (peer_series& peer : series.peers)
        {
            if (!peer.peer->may_be_refused)
                continue;
            const auto [found, is_new] = known.try_emplace(peer.peer->setting);
            if (is_new)
            {
                found->second = refusal(folder, peer.peer->setting);
                if (found->second)
                    std::fprintf(stderr, "perf: %s skipped (%s)\n",
                                 std::string(peer.peer->key).c_str(), found->second->c_str());
            }
            peer.skipped = found->second;
        }
}

figures run_once(const plan& p, const scenario& s, const variant& v, const peer& who,
                 std::chrono::milliseconds window)
{
    const std::string program = p.folder + "/" + std::string(s.program) + "_"
        + std::string(who.program.empty() ? who.key : who.program);
    command c{{program, std::string(v.name), std::to_string(window.count())},
              std::string(who.setting)};
    if (!s.client.empty())
    {
        c.words.push_back(program);
        c.words.front() = p.folder + "/" + std::string(s.client);
    }
    if (!who.bare)
        c.words.insert(c.words.end(), s.arguments.begin(), s.arguments.end());
    // Connecting, warming up and reading the file once take some; the rest is for busy machines.
    const auto limit = 4 * window + std::chrono::seconds(30);
    try
    {
        return read_output(run_process(c, std::max(v.on, who.on), limit), s.metrics);
    }
    catch (const program_failure& failure)
    {
        throw program_failure(to_string(c) + " failed: " + failure.what());
    }
}

figures run_attempts(const plan& p, const scenario& s, const variant& v, const peer& who,
                     std::chrono::milliseconds window)
{
    for (unsigned attempt = 1; attempt < who.attempts; ++attempt)
        try
        {
            return run_once(p, s, v, who, window);
        }
        catch (const program_failure& failure)
        {
            std::fprintf(stderr, "\nperf: %s; once more\n", failure.what());
        }
    try
    {
        return run_once(p, s, v, who, window);
    }
    catch (const program_failure& failure)
    {
        if (who.attempts == 1)
            throw;
        return {{}, failure.what()};
    }
}

class rounds
{
public:
    rounds(const plan& p, std::vector<variant_series>& all)
        : plan_(p), all_(all), pace_(p.window, p.total, p.rounds * runs_a_round(all))
    {
    }

    void run()
    {
        for (unsigned round = 1; round <= plan_.rounds; ++round)
            for (variant_series& series : all_)
            {
                std::fprintf(stderr, "round %u/%u  %s %s:", round, plan_.rounds,
                             std::string(series.scenario->name).c_str(),
                             std::string(series.variant->name).c_str());
                run_peers(series);
                std::fputc('\n', stderr);
            }
    }

private:
    static std::size_t runs_a_round(const std::vector<variant_series>& all)
    {
        std::size_t runs = 0;
        for (const variant_series& series : all)
            runs += static_cast<std::size_t>(std::ranges::count_if(
                series.peers, [](const auto& peer) { return !peer.skipped; }));
        return runs;
    }

    void run_peers(variant_series& series)
    {
        std::vector<peer_series*> order;
        for (peer_series& peer : series.peers)
            if (!peer.skipped)
                order.push_back(&peer);
        std::ranges::shuffle(order, random_);
        for (peer_series* peer : order)
            run_peer(series, *peer);
    }

    void run_peer(const variant_series& series, peer_series& peer)
    {
        const std::string key(peer.peer->key);
        const auto start = pace::clock::now();
        const auto window = pace_.window(start);
        const figures f =
            run_attempts(plan_, *series.scenario, *series.variant, *peer.peer, window);
        pace_.ran(window, pace::clock::now() - start);
        if (f.skipped)
        {
            peer.skipped = f.skipped;
            std::fprintf(stderr, "  %s skipped (%s)", key.c_str(), f.skipped->c_str());
            return;
        }
        for (std::size_t m = 0; m < f.values.size(); ++m)
            if (f.values[m])
                peer.values[m].push_back(*f.values[m]);
        std::fprintf(stderr, "  %s %.4g", key.c_str(), f.values.front().value_or(0));
        std::fflush(stderr);
    }

    const plan& plan_;
    std::vector<variant_series>& all_;
    pace pace_;
    std::minstd_rand random_; // a fixed seed: another order each round, the same in each run
};

row summarise_row(const variant_series& series, std::size_t m)
{
    row r{series.scenario, series.variant, &series.scenario->metrics[m], {}, {}};
    r.skipped = series.peers.front().skipped;
    for (const peer_series& peer : series.peers)
        if (!peer.skipped && !peer.values[m].empty())
            r.results.emplace_back(peer.peer->key, summarise(peer.values[m]));
    return r;
}

} // namespace

std::vector<row> measure(const std::vector<const scenario*>& chosen, const plan& p)
{
    std::vector<variant_series> all = empty_series(chosen);
    skip_refused(p.folder, all);
    rounds(p, all).run();
    std::vector<row> rows;
    for (const variant_series& series : all)
        for (std::size_t m = 0; m < series.scenario->metrics.size(); ++m)
            rows.push_back(summarise_row(series, m));
    return rows;
}

} // namespace perf
