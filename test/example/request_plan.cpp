#include <request_plan.hpp>

#include <boost/test/unit_test.hpp>

namespace {

namespace http = boost::beast::http;
using file_server::plan_request;
using header = http::request_header<http::fields>;

header make_request(http::verb method, char const* target)
{
    header request;
    request.version(11);
    request.method(method);
    request.target(target);
    request.set(http::field::host, "host");
    return request;
}

} // namespace

BOOST_AUTO_TEST_SUITE(request_plans)

BOOST_AUTO_TEST_CASE(get_and_head_name_a_path)
{
    auto const get = plan_request(make_request(http::verb::get, "/a%20b"));
    BOOST_CHECK(get.status == http::status::ok);
    BOOST_TEST(get.path == "a b");
    BOOST_TEST(!get.head_only);
    BOOST_TEST(plan_request(make_request(http::verb::head, "/a")).head_only);
}

BOOST_AUTO_TEST_CASE(other_methods_are_not_allowed)
{
    for (auto const method : {http::verb::post, http::verb::put, http::verb::delete_,
                              http::verb::options, http::verb::connect, http::verb::trace})
        BOOST_CHECK(plan_request(make_request(method, "/a")).status
                    == http::status::method_not_allowed);
    auto request = make_request(http::verb::get, "/a");
    request.method_string("FROBNICATE");
    BOOST_CHECK(plan_request(request).status == http::status::method_not_allowed);
}

BOOST_AUTO_TEST_CASE(a_refused_path_is_a_bad_request)
{
    BOOST_CHECK(plan_request(make_request(http::verb::get, "/../a")).status
                == http::status::bad_request);
}

BOOST_AUTO_TEST_CASE(http_1_1_needs_one_host)
{
    auto request = make_request(http::verb::get, "/a");
    request.insert(http::field::host, "another");
    BOOST_CHECK(plan_request(request).status == http::status::bad_request);
    request.erase(http::field::host);
    BOOST_CHECK(plan_request(request).status == http::status::bad_request);
    request.version(10);
    BOOST_CHECK(plan_request(request).status == http::status::ok);
}

BOOST_AUTO_TEST_CASE(a_range_counts_for_get_alone_and_without_condition)
{
    auto request = make_request(http::verb::get, "/a");
    request.set(http::field::range, "bytes=0-1");
    BOOST_TEST(plan_request(request).range == "bytes=0-1");

    auto conditional = request;
    conditional.set(http::field::if_range, "\"tag\"");
    BOOST_TEST(plan_request(conditional).range == "");

    auto twice = request;
    twice.insert(http::field::range, "bytes=2-3");
    BOOST_TEST(plan_request(twice).range == "");

    request.method(http::verb::head);
    BOOST_TEST(plan_request(request).range == "");
}

BOOST_AUTO_TEST_SUITE_END()
