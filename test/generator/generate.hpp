//
// Makes programs out of numbers, the same everywhere.
//

#ifndef PROACTOR_TEST_GENERATOR_GENERATE_HPP
#define PROACTOR_TEST_GENERATOR_GENERATE_HPP

#include "program.hpp"

#include <cstdint>

namespace generator {

program generate(std::uint64_t seed, int runners);

} // namespace generator

#endif
