#include <proactor/unique_handle.hpp>

#include "handle.hpp"

namespace proactor {

void unique_handle::close(native_handle handle) noexcept
{
    detail::close_handle(handle);
}

} // namespace proactor
