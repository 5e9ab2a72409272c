#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace file_server {

// Translates a request target into a path relative to the root, without looking at any file.
//
// Accepts the origin form (`/a/b?query`) and the absolute form (`http://host/a/b`). The path is cut
// into segments first and decoded afterwards, so that nothing decoded can become a separator.
// Empty and `.` segments are dropped; a path that ends in `/` names the `index.html` in there.
//
// Returns nothing, which the server answers with 400, for another form, a fragment, a broken
// percent escape, a segment that decodes to `..` (even where it would stay inside the root), and a
// decoded `/`, `\` or NUL.
std::optional<std::string> path_below_root(std::string_view target);

} // namespace file_server
