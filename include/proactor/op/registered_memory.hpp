#ifndef PROACTOR_OP_REGISTERED_MEMORY_HPP
#define PROACTOR_OP_REGISTERED_MEMORY_HPP

#include <proactor/driver.hpp>
#include <proactor/op/slab.hpp>

#include <cstddef>
#include <span>
#include <system_error>

namespace proactor::op {

/// Memory that the system knows beforehand: reads and writes of files by the slab whose bytes lie within it,
/// in whatever buffer, cost less. It does the same as any memory otherwise.
///
/// The memory must stay mapped until this has gone. Slab and operations in flight may go before or after it.
/// Files need no such thing: one that is used often is made known by the driver.
///
/// Threads: any.
class registered_memory
{
public:
    registered_memory(slab& s, std::span<std::byte> memory);
    ~registered_memory();
    registered_memory(const registered_memory&) = delete;
    registered_memory& operator=(const registered_memory&) = delete;

    /// Why the system does not know it: `operation_not_supported` by the driver, `not_enough_memory` beyond
    /// what a process may lock, `no_buffer_space` of more than a gigabyte or none.
    std::error_code error() const;

private:
    memory_region region_;
    detail::op_core* core_;
};

} // namespace proactor::op

#endif
