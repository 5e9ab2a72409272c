// Whether a context can be had at all: it measures nothing, and skips if not.
#include "support/context.hpp"
#include "support/program.hpp"

#include <boost/system/system_error.hpp>

namespace {

void open_context(const perf::assignment&)
try
{
    perf::context ctx;
}
catch (const boost::system::system_error& e)
{
    throw perf::cannot_run(e.what());
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, open_context);
}
