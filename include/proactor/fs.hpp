#ifndef PROACTOR_FS_HPP
#define PROACTOR_FS_HPP

/// Files and directories, without blocking the thread.
///
/// Functions that go by names take first where the handler belongs: a `proactor::io_context`, an
/// executor of one, or any I/O object on it. On another context they throw
/// `boost::system::system_error` with `operation_not_supported`. Where something is, is a
/// `location`: a path, or a path relative to an open directory.
///
/// Lifetimes: paths are copied into the operation, and results live in it until it completes; a
/// directory's handle and the context are what must outlive it.
///
/// Threads: any thread may start an operation.
///
/// Cancellation: terminal, partial and total ask for the end. A call that the system has begun goes
/// on, and completes with what it came to; nothing that it has opened is leaked.
///
/// Errors: the system's codes. A path with a zero byte in it is `EINVAL`, one that is too long
/// `ENAMETOOLONG`.

#include <proactor/fs/directory.hpp>
#include <proactor/fs/file_data.hpp>
#include <proactor/fs/location.hpp>
#include <proactor/fs/names.hpp>
#include <proactor/fs/open.hpp>
#include <proactor/fs/status.hpp>
#include <proactor/fs/whole_file.hpp>

#endif
