//
// What the bodies of Asio's own files share. What run functions return is left out of them: Asio's
// io_uring counts what are no handlers.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_WITH_MACROS_FILES_HPP
#define PROACTOR_TEST_DIFFERENTIAL_WITH_MACROS_FILES_HPP

#include "../log.hpp"
#include "../registry.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if !defined(BOOST_ASIO_HAS_FILE)
#error "these bodies are about what a macro gives"
#endif

namespace differential {

using stream_file = asio::basic_stream_file<executor>;
using random_access_file = asio::basic_random_access_file<executor>;
using file_flags = asio::file_base::flags;

inline constexpr file_flags read_only = asio::file_base::read_only;
inline constexpr file_flags write_only = asio::file_base::write_only;
inline constexpr file_flags read_write = asio::file_base::read_write;

/// A folder of its own in the working directory, with one file in it.
class folder
{
public:
    explicit folder(const std::string& text = "0123456789")
    {
        std::string name = "differential-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
        {
            throw std::runtime_error("mkdtemp");
        }
        name_ = name;
        put(text);
    }

    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    ~folder()
    {
        ::unlink(file().c_str());
        ::unlink(absent().c_str());
        ::rmdir(name_.c_str());
    }

    const std::string& name() const { return name_; }
    std::string file() const { return name_ + "/file"; }
    std::string absent() const { return name_ + "/absent"; }

    void put(const std::string& text) const
    {
        const int handle = ::open(file().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        const bool whole =
            ::write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size());
        ::close(handle);
        if (!whole)
        {
            throw std::runtime_error("put");
        }
    }

    /// What the system has of a file; holes read as dots.
    static std::string content(const std::string& path)
    {
        const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (handle < 0)
        {
            return "none";
        }
        std::string text(4096, '\0');
        const auto n = ::read(handle, text.data(), text.size());
        ::close(handle);
        text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
        for (char& c : text)
        {
            c = c == '\0' ? '.' : c;
        }
        return text;
    }

    std::string content() const { return content(file()); }

private:
    std::string name_;
};

/// The ends of a pipe, of which a read waits.
struct pipe_ends
{
    pipe_ends()
    {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
        {
            throw std::runtime_error("pipe2");
        }
        in = ends[0];
        out = ends[1];
    }

    int in = -1;
    int out = -1;
};

inline bool is_handle(int handle)
{
    return ::fcntl(handle, F_GETFD) >= 0;
}

} // namespace differential

#endif
