#ifndef PROACTOR_TEST_SUPPORT_LITTLE_LOCKED_MEMORY_HPP
#define PROACTOR_TEST_SUPPORT_LITTLE_LOCKED_MEMORY_HPP

#include <cerrno>
#include <cstddef>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace test {

/// While it lives, this thread may lock little memory, whoever runs it: capabilities(7),
/// CAP_IPC_LOCK. The queues of a ring count, too.
class little_locked_memory
{
public:
    static constexpr std::size_t limit = 1 << 20;

    little_locked_memory()
    {
        ::getrlimit(RLIMIT_MEMLOCK, &old_limit_);
        capabilities(SYS_capget, old_);
        auto fewer = old_[0];
        fewer.effective &= ~(1u << CAP_IPC_LOCK);
        set(fewer, {limit, old_limit_.rlim_max});
    }
    ~little_locked_memory() { set(old_[0], old_limit_); }
    little_locked_memory(const little_locked_memory&) = delete;
    little_locked_memory& operator=(const little_locked_memory&) = delete;

private:
    using sets = __user_cap_data_struct[_LINUX_CAPABILITY_U32S_3];

    static void capabilities(long call, sets& s)
    {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        if (::syscall(call, &header, s) != 0)
            throw std::system_error(errno, std::generic_category(), "capabilities");
    }

    void set(const __user_cap_data_struct& low, const rlimit& r)
    {
        sets s{low, old_[1]};
        capabilities(SYS_capset, s);
        ::setrlimit(RLIMIT_MEMLOCK, &r);
    }

    rlimit old_limit_{};
    sets old_{};
};

} // namespace test

#endif
