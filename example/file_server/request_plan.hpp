#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include <string>

namespace file_server {

// What a request asks for, decided from its header alone.
struct request_plan
{
    boost::beast::http::status status = boost::beast::http::status::ok;
    bool head_only = false;
    std::string path;  // relative to the root; meaningful when the status is ok
    std::string range; // the Range field to obey, or empty
};

// 405 for any method but GET and HEAD; 400 for a target that path_below_root() refuses and for an
// HTTP/1.1 request without exactly one Host. A range counts for GET only and never under If-Range,
// because no response of this server carries a validator that could match.
request_plan
plan_request(boost::beast::http::request_header<boost::beast::http::fields> const& request);

} // namespace file_server
