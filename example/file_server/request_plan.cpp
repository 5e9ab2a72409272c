#include "request_plan.hpp"

#include "http_path.hpp"

#include <string_view>
#include <utility>

namespace file_server {

namespace http = boost::beast::http;

request_plan plan_request(http::request_header<http::fields> const& request)
{
    request_plan plan;
    plan.head_only = request.method() == http::verb::head;

    auto const hosts = request.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && request.version() >= 11))
    {
        plan.status = http::status::bad_request;
        return plan;
    }
    if (request.method() != http::verb::get && !plan.head_only)
    {
        plan.status = http::status::method_not_allowed;
        return plan;
    }
    auto path = path_below_root(std::string_view(request.target().data(), request.target().size()));
    if (!path)
    {
        plan.status = http::status::bad_request;
        return plan;
    }
    plan.path = std::move(*path);
    if (!plan.head_only && request.count(http::field::range) == 1
        && request.count(http::field::if_range) == 0)
        plan.range = std::string(request[http::field::range]);
    return plan;
}

} // namespace file_server
