#include "refusal.hpp"

#include "output.hpp"
#include "process.hpp"

#include <chrono>

namespace perf {

std::optional<std::string> refusal(const std::string& folder, std::string_view setting)
{
    const command c{{folder + "/open_proactor", "context", "1"}, std::string(setting)};
    try
    {
        return read_output(run_process(c, processors::one, std::chrono::seconds(30)), {}).skipped;
    }
    catch (const program_failure& failure)
    {
        throw program_failure(to_string(c) + " failed: " + failure.what());
    }
}

} // namespace perf
