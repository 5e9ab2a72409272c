#ifndef PROACTOR_MESSAGE_INFO_HPP
#define PROACTOR_MESSAGE_INFO_HPP

#include <sys/socket.h>

namespace proactor {

/// What is known of a message beside its bytes and its control data.
template <typename Endpoint>
struct message_info
{
    Endpoint sender; ///< default-constructed where the system names none, as on a stream
    int flags = 0;   ///< the system's `MSG_` bits

    /// The buffers were too small, and the rest of the datagram is lost.
    bool truncated() const noexcept { return flags & MSG_TRUNC; }
    /// The control buffer was too small: what is not in it is lost, and its descriptors are closed.
    bool control_truncated() const noexcept { return flags & MSG_CTRUNC; }
    /// A record of a sequenced-packet socket ends here.
    bool end_of_record() const noexcept { return flags & MSG_EOR; }
    bool out_of_band() const noexcept { return flags & MSG_OOB; }
    /// It tells of something that was sent: asked for with `MSG_ERRQUEUE`, see ip(7).
    bool from_error_queue() const noexcept { return flags & MSG_ERRQUEUE; }
};

} // namespace proactor

#endif
