// Services of users' own live in the context's registry, as in every execution context.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <vector>

namespace asio = boost::asio;

namespace {

std::vector<char const*>* events = nullptr;

class counter : public asio::execution_context::service
{
public:
    static asio::execution_context::id id;
    using key_type = counter;

    explicit counter(asio::execution_context& ctx, int start = 0)
        : asio::execution_context::service(ctx), value(start)
    {
    }

    ~counter() override
    {
        if (events)
            events->push_back("destroyed");
    }

    int value;

private:
    void shutdown() override
    {
        if (events)
            events->push_back("shutdown");
    }

    void notify_fork(asio::execution_context::fork_event event) override
    {
        if (events)
            events->push_back(event == asio::execution_context::fork_prepare ? "prepare" : "after");
    }
};

asio::execution_context::id counter::id;

#if !defined(BOOST_ASIO_NO_DEPRECATED) && BOOST_VERSION < 108700
class nested : public test::context::service
{
public:
    static asio::execution_context::id id;

    explicit nested(asio::execution_context& ctx)
        : test::context::service(static_cast<test::context&>(ctx))
    {
    }

private:
    void shutdown() override {}
};

asio::execution_context::id nested::id;
#endif

// Only this context can make one.
class of_this_context : public test::context::service
{
public:
    static test::context::id id;

    explicit of_this_context(test::context& ctx)
        : test::context::service(ctx)
    {
        ++made;
    }

    ~of_this_context() override { --made; }

    inline static int made = 0;
};

test::context::id of_this_context::id;

// Made with another service of its kind.
class on_top : public test::context::service
{
public:
    static test::context::id id;

    explicit on_top(test::context& ctx)
        : test::context::service(ctx)
        , below(asio::use_service<of_this_context>(ctx))
    {
    }

    of_this_context& below;
};

test::context::id on_top::id;

} // namespace

BOOST_AUTO_TEST_SUITE(services)

BOOST_AUTO_TEST_CASE(use_service_makes_one_per_context)
{
    test::context a;
    test::context b;
    BOOST_TEST(!asio::has_service<counter>(a));
    counter& in_a = asio::use_service<counter>(a);
    BOOST_TEST(asio::has_service<counter>(a));
    BOOST_TEST(!asio::has_service<counter>(b));
    BOOST_TEST(&asio::use_service<counter>(a) == &in_a);
    BOOST_TEST(&asio::use_service<counter>(b) != &in_a);
    BOOST_TEST(&in_a.context() == static_cast<asio::execution_context*>(&a));
}

BOOST_AUTO_TEST_CASE(make_service_passes_arguments_and_refuses_a_second_one)
{
    test::context ctx;
    BOOST_TEST(asio::make_service<counter>(ctx, 42).value == 42);
    BOOST_TEST(asio::use_service<counter>(ctx).value == 42);
    BOOST_CHECK_THROW(asio::make_service<counter>(ctx, 43), asio::service_already_exists);
}

BOOST_AUTO_TEST_CASE(the_context_shuts_services_down_before_it_destroys_them)
{
    std::vector<char const*> seen;
    events = &seen;
    {
        test::context ctx;
        asio::use_service<counter>(ctx);
    }
    events = nullptr;
    std::string all;
    for (char const* event : seen)
        all += event + std::string(" ");
    // Asio's own destructor does it once more from then on.
    BOOST_TEST(all
               == (BOOST_VERSION < 108300 ? "shutdown destroyed " : "shutdown shutdown destroyed "));
}

BOOST_AUTO_TEST_CASE(a_service_may_be_used_from_the_context_of_an_executor)
{
    test::context ctx;
    test::executor ex(ctx.get_executor());
    counter& direct = asio::use_service<counter>(ctx);
    BOOST_TEST(&asio::use_service<counter>(asio::query(ex, asio::execution::context)) == &direct);
}

#if !defined(BOOST_ASIO_NO_DEPRECATED) && BOOST_VERSION < 108700
BOOST_AUTO_TEST_CASE(the_nested_service_base_knows_its_context)
{
    test::context ctx;
    BOOST_TEST(&asio::use_service<nested>(ctx).get_io_context() == &ctx);
}
#endif

BOOST_AUTO_TEST_CASE(use_service_makes_a_service_that_takes_this_context)
{
    {
        test::context ctx;
        BOOST_TEST(!asio::has_service<of_this_context>(ctx));
        of_this_context& service = asio::use_service<of_this_context>(ctx);
        BOOST_TEST(asio::has_service<of_this_context>(ctx));
        BOOST_TEST(&service.get_io_context() == &ctx);
        BOOST_TEST(&asio::use_service<of_this_context>(ctx) == &service);
        BOOST_TEST(of_this_context::made == 1);
    }
    BOOST_TEST(of_this_context::made == 0);
}

BOOST_AUTO_TEST_CASE(use_service_finds_a_service_that_was_added)
{
    {
        test::context ctx;
        auto* added = new of_this_context(ctx);
        asio::add_service(ctx, added);
        BOOST_TEST(&asio::use_service<of_this_context>(ctx) == added);
        std::unique_ptr<of_this_context> second(new of_this_context(ctx));
        BOOST_CHECK_THROW(asio::add_service(ctx, second.get()), asio::service_already_exists);
        BOOST_TEST(&asio::use_service<of_this_context>(ctx) == added);
        test::context other;
        BOOST_CHECK_THROW(asio::add_service(other, second.get()), asio::invalid_service_owner);
        BOOST_TEST(!asio::has_service<of_this_context>(other));
    }
    BOOST_TEST(of_this_context::made == 0);
}

BOOST_AUTO_TEST_CASE(a_service_that_takes_this_context_makes_another)
{
    {
        test::context ctx;
        on_top& service = asio::use_service<on_top>(ctx);
        BOOST_TEST(&service.below == &asio::use_service<of_this_context>(ctx));
        BOOST_TEST(of_this_context::made == 1);
    }
    BOOST_TEST(of_this_context::made == 0);
}

BOOST_AUTO_TEST_SUITE_END()
