// usage: perf_harness [--quick] [--only NAME] [--rounds N] [--milliseconds N] --json FILE
//
// Runs the measured programs, which stand beside it, writes the figures to FILE and prints a table.
// Status 1: something could not be measured that should have been; 2: the command line is wrong.
#include "command_line.hpp"
#include "json.hpp"
#include "measure.hpp"
#include "read_file.hpp"
#include "table.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>

namespace {

using namespace std::chrono_literals;

perf::plan plan_for(const perf::options& o, std::string folder)
{
    perf::plan p = o.quick
        // Below three minutes, because the last runs may be longer than those before.
        ? perf::plan{std::move(folder), 5, 500ms, 165s}
        : perf::plan{std::move(folder), 7, 1000ms, std::nullopt};
    if (o.rounds)
        p.rounds = o.rounds;
    if (o.window.count())
        p.window = o.window;
    return p;
}

std::vector<const perf::scenario*> choose(const perf::options& o)
{
    std::vector<const perf::scenario*> chosen;
    for (const perf::scenario& s : perf::scenarios())
        if (o.only.empty() || s.name == o.only)
            chosen.push_back(&s);
    return chosen;
}

/// Before anything is measured: nobody waits a quarter of an hour to learn that.
void require_writable(const std::string& path)
{
    const bool there = std::filesystem::exists(path);
    if (!std::ofstream(path, std::ios::app))
        throw perf::usage_error("--json: cannot write '" + path + "'");
    if (!there)
        std::filesystem::remove(path);
}

void write(const std::string& path, const std::string& text)
{
    std::ofstream file(path, std::ios::binary);
    if (!(file << text).flush())
        throw std::runtime_error("cannot write '" + path + "'");
}

} // namespace

int main(int argc, char** argv)
try
{
    const perf::options options = perf::parse_command_line(argc, argv);
    require_writable(options.json);
    const std::string folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const std::vector<const perf::scenario*> chosen = choose(options);
    for (const perf::scenario* s : chosen)
        if (s->program == "file_read")
        {
            const std::string path = folder + "/read.data";
            perf::provide_read_file(path);
            ::setenv("PERF_FILE", path.c_str(), 1);
        }

    const std::vector<perf::row> rows = perf::measure(chosen, plan_for(options, folder));
    write(options.json, perf::to_json(rows));
    std::fputs(perf::to_table(rows).c_str(), stdout);
    return 0;
}
catch (const perf::usage_error& e)
{
    std::fprintf(stderr, "perf: %s\n", e.what());
    return 2;
}
catch (const std::exception& e)
{
    std::fprintf(stderr, "\nperf: %s\n", e.what());
    return 1;
}
