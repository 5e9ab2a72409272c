#include "document_root.hpp"

#include <algorithm>
#include <system_error>

namespace file_server {

namespace fs = std::filesystem;

document_root::document_root(fs::path const& folder) : real_(fs::canonical(folder))
{
    if (!fs::is_directory(real_))
        throw fs::filesystem_error("cannot serve", folder,
                                   std::make_error_code(std::errc::not_a_directory));
}

std::optional<fs::path> document_root::find(std::string const& relative) const
{
    std::error_code error;
    auto real = fs::canonical(real_ / relative, error);
    // Opening a FIFO would block the loop, and so nothing but regular files gets that far.
    if (error || !contains(real) || !fs::is_regular_file(real, error))
        return std::nullopt;
    return real;
}

bool document_root::contains(fs::path const& real) const
{
    auto const ends = std::mismatch(real_.begin(), real_.end(), real.begin(), real.end());
    return ends.first == real_.end();
}

} // namespace file_server
