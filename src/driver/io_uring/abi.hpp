#ifndef PROACTOR_SRC_DRIVER_IO_URING_ABI_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_ABI_HPP

#include <cstdint>

/// What kernels newer than the system's headers know, with the release that brought it. Each is
/// probed before it is used.
namespace proactor::io_uring::abi {

inline constexpr std::uint32_t setup_no_sqarray = 1u << 16;  // 6.6
inline constexpr std::uint32_t feature_no_iowait = 1u << 17; // 6.15
inline constexpr std::uint32_t enter_no_iowait = 1u << 7;    // 6.15
inline constexpr std::uint16_t pbuf_ring_inc = 2;            // 6.12
inline constexpr std::uint32_t cqe_buf_more = 1u << 4;       // 6.12
inline constexpr int op_ftruncate = 55;                      // 6.9
inline constexpr int op_pipe = 62;                           // 6.16
inline constexpr std::uint16_t recvsend_bundle = 1u << 4;    // 6.10
inline constexpr std::uint16_t send_zc_report_usage = 1u << 3; // 6.2
inline constexpr std::uint32_t notif_usage_copied = 1u << 31;  // 6.2

} // namespace proactor::io_uring::abi

#endif
