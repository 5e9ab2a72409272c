// A fault to be found: a receive tells of one byte less than it has taken. Stands before the drivers' own
// function (--wrap), so that programs and library are those that the other tests run.
#include <proactor/driver.hpp>

#include <cstdint>

// Of a member function; the object comes first.
void real(proactor::driver*, proactor::operation&, int error, std::uint64_t value,
          std::uint32_t flags) __asm__("__real__ZN8proactor6driver6finishERNS_9operationEimj");
void wrapped(proactor::driver*, proactor::operation&, int error, std::uint64_t value,
             std::uint32_t flags) __asm__("__wrap__ZN8proactor6driver6finishERNS_9operationEimj");

void wrapped(proactor::driver* self, proactor::operation& op, int error, std::uint64_t value,
             std::uint32_t flags)
{
    const bool at_fault = op.request.is<proactor::request::receive>();
    real(self, op, error, at_fault && value > 1 ? value - 1 : value, flags);
}
