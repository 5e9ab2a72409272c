#ifndef PROACTOR_TEST_SUPPORT_SKIP_HPP
#define PROACTOR_TEST_SUPPORT_SKIP_HPP

#include <string>

namespace test {

/// Says that the running test case leaves something out and why; `test/run.sh` counts it.
void skipped(const std::string& reason);

} // namespace test

#endif
