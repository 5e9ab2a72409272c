#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace file_server {

// The folder whose files are served. It is trusted: a link that somebody changes between find()
// and the opening of the file is followed.
class document_root
{
public:
    // Throws std::filesystem::filesystem_error when `folder` is no folder that can be reached.
    explicit document_root(std::filesystem::path const& folder);

    // The real path of the regular file that `relative` names, or nothing, which the server
    // answers with 404: it does not exist, is a folder or a device, or lies outside of the root
    // once all symbolic links are followed. A link that stays inside is fine.
    std::optional<std::filesystem::path> find(std::string const& relative) const;

private:
    bool contains(std::filesystem::path const& real) const;

    std::filesystem::path real_; // absolute, without links and without a slash at its end
};

} // namespace file_server
