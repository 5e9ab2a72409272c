#ifndef PROACTOR_TEST_SUPPORT_TERMINAL_HPP
#define PROACTOR_TEST_SUPPORT_TERMINAL_HPP

#include <cerrno>
#include <fcntl.h>
#include <stdlib.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace test {

/// A pseudo terminal: what stands at the other end of a line, and the name of the device here.
class terminal
{
public:
    terminal()
    {
        if (far_ < 0 || ::grantpt(far_) != 0 || ::unlockpt(far_) != 0)
            throw std::system_error(errno, std::generic_category(), "posix_openpt");
        device_ = ::ptsname(far_);
    }
    ~terminal() { hang_up(); }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    const std::string& device() const noexcept { return device_; }
    int far_end() const noexcept { return far_; }

    /// The far end for another owner.
    int release() noexcept { return std::exchange(far_, -1); }

    void hang_up() noexcept
    {
        if (far_ >= 0)
            ::close(release());
    }

private:
    int far_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    std::string device_;
};

} // namespace test

#endif
