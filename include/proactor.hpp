#ifndef PROACTOR_HPP
#define PROACTOR_HPP

/// Everything of Proactor. Include it, or in drop-in width any of Asio's I/O objects, before use.

#include <proactor/accept_stream.hpp>
#include <proactor/buffer_pool.hpp>
#include <proactor/buffers.hpp>
#include <proactor/copy.hpp>
#include <proactor/control_data.hpp>
#include <proactor/event.hpp>
#include <proactor/fs.hpp>
#include <proactor/interval.hpp>
#include <proactor/io_context.hpp>
#include <proactor/log.hpp>
#include <proactor/message.hpp>
#include <proactor/process.hpp>
#include <proactor/random_access_file.hpp>
#include <proactor/read.hpp>
#include <proactor/read_at.hpp>
#include <proactor/receive.hpp>
#include <proactor/receive_stream.hpp>
#include <proactor/registered_buffers.hpp>
#include <proactor/send.hpp>
#include <proactor/send_file.hpp>
#include <proactor/send_zc.hpp>
#include <proactor/splice.hpp>
#include <proactor/socket_options.hpp>
#include <proactor/standard_streams.hpp>
#include <proactor/stream_file.hpp>
#include <proactor/timeout.hpp>
#include <proactor/write.hpp>
#include <proactor/write_at.hpp>

#include <proactor/detail/asio_hooks.hpp>

#endif
