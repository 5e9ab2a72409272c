// Stands before Boost's header of this name in the include path of `proactor::drop_in`, and so reaches
// every file that uses Asio, after the file's own macros and before any I/O object is instantiated.

#ifndef PROACTOR_DROP_IN_IO_OBJECT_IMPL_HPP
#define PROACTOR_DROP_IN_IO_OBJECT_IMPL_HPP

#pragma GCC system_header // #include_next is no standard, and warnings about it are nobody's

#define PROACTOR_DROP_IN 1

#include_next <boost/asio/detail/io_object_impl.hpp>

#include <proactor/detail/asio_hooks.hpp>

#endif
