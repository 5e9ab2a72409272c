//
// A program as text.
//

#ifndef PROACTOR_TEST_GENERATOR_PRINT_HPP
#define PROACTOR_TEST_GENERATOR_PRINT_HPP

#include "program.hpp"

#include <cstdint>
#include <iosfwd>

namespace generator {

/// One line per step.
void print_steps(const program& p, std::ostream& out);

/// A C++ source that needs nothing but Asio: the interpreter and the steps as data. It prints the
/// outcome; -DIO_CONTEXT=... -DIO_CONTEXT_HEADER='<...>' puts it on another context.
void print_source(const program& p, std::uint64_t seed, std::ostream& out);

} // namespace generator

#endif
