// What a post costs, from inside and from another thread.
#pragma once

#include "support/program.hpp"

namespace perf {

/// A handler posts the next one.
void post_chain(const assignment& a);

/// Another thread posts, the loop runs what it finds.
void post_cross(const assignment& a);

} // namespace perf
