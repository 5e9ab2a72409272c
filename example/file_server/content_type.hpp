#pragma once

#include <string_view>

namespace file_server {

// The media type for a file name, by its extension; `application/octet-stream` when unknown.
std::string_view content_type(std::string_view file_name);

} // namespace file_server
