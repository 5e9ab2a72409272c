//
// What a machine does not have, or a user may not do.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_LEFT_OUT_HPP
#define PROACTOR_TEST_DIFFERENTIAL_LEFT_OUT_HPP

#include <iostream>
#include <string>
#include <string_view>

namespace differential {

/// Says that the running body leaves something out and why; `test/run.sh` counts it. It is no part
/// of the outcome: where the oracle left out the same, there is no difference.
inline void leave_out(std::string_view what, const std::string& reason)
{
    std::cerr << "left out: " << what << ": " << reason << std::endl;
}

} // namespace differential

#endif
