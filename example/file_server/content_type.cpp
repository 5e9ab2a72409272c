#include "content_type.hpp"

#include <boost/beast/core/string.hpp>

namespace file_server {
namespace {

struct known_type
{
    std::string_view extension;
    std::string_view type;
};

constexpr known_type known_types[] = {
    {".css", "text/css"},          {".csv", "text/csv"},
    {".gif", "image/gif"},         {".htm", "text/html"},
    {".html", "text/html"},        {".ico", "image/vnd.microsoft.icon"},
    {".jpeg", "image/jpeg"},       {".jpg", "image/jpeg"},
    {".js", "text/javascript"},    {".json", "application/json"},
    {".md", "text/markdown"},      {".mp4", "video/mp4"},
    {".pdf", "application/pdf"},   {".png", "image/png"},
    {".svg", "image/svg+xml"},     {".txt", "text/plain"},
    {".wasm", "application/wasm"}, {".webp", "image/webp"},
    {".xml", "application/xml"},   {".zip", "application/zip"},
};

} // namespace

std::string_view content_type(std::string_view file_name)
{
    auto const name = file_name.substr(file_name.find_last_of('/') + 1);
    auto const dot = name.find_last_of('.');
    if (dot != name.npos)
        for (auto const& known : known_types)
            if (boost::beast::iequals(name.substr(dot), known.extension))
                return known.type;
    return "application/octet-stream";
}

} // namespace file_server
