// Boost.Test itself, where no library of it fits the headers.
#include <boost/test/included/unit_test.hpp>
