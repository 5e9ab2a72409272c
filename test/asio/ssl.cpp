// TLS over the context's sockets: handshake, transfer, shutdown, cancellation.
#include "../support/context.hpp"

#include <boost/asio/ssl.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using test::awaitable;
using test::use_awaitable;
using tls_stream = ssl::stream<test::tcp_socket>;

namespace {

struct identity
{
    std::string certificate, key;
};

std::string text_of(BIO* bio)
{
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

// A fresh key and the certificate that it signs itself.
identity self_signed()
{
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    std::unique_ptr<X509, decltype(&X509_free)> const certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    std::unique_ptr<BIO, decltype(&BIO_free)> const a(BIO_new(BIO_s_mem()), BIO_free);
    std::unique_ptr<BIO, decltype(&BIO_free)> const b(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(a.get(), certificate.get());
    PEM_write_bio_PrivateKey(b.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(a.get()), text_of(b.get())};
}

struct tls_pair
{
    ssl::context of_server{ssl::context::tls_server};
    ssl::context of_client{ssl::context::tls_client};
    tls_stream server, client;

    explicit tls_pair(test::context& ctx) : tls_pair(test::tcp_pair(ctx), self_signed()) {}

private:
    tls_pair(test::tcp_pair pair, identity const& own)
        : server(std::move(pair.b), configure(of_server, own)),
          client(std::move(pair.a), trust(of_client, own))
    {
    }

    static ssl::context& configure(ssl::context& context, identity const& own)
    {
        context.use_certificate(asio::buffer(own.certificate), ssl::context::pem);
        context.use_private_key(asio::buffer(own.key), ssl::context::pem);
        return context;
    }

    static ssl::context& trust(ssl::context& context, identity const& own)
    {
        context.add_certificate_authority(asio::buffer(own.certificate));
        context.set_verify_mode(ssl::verify_peer);
        return context;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(tls)

BOOST_AUTO_TEST_CASE(echo_and_shutdown)
{
    test::context ctx;
    tls_pair tls(ctx);
    std::string const sent(300'000, 't');
    std::string got(sent.size(), '\0');
    test::error_code end;
    auto const serve = [&]() -> awaitable<void> {
        co_await tls.server.async_handshake(ssl::stream_base::server, use_awaitable);
        char data[4096];
        for (;;)
        {
            std::size_t const n = co_await tls.server.async_read_some(
                asio::buffer(data), asio::redirect_error(use_awaitable, end));
            if (end)
                break;
            co_await asio::async_write(tls.server, asio::buffer(data, n), use_awaitable);
        }
        co_await tls.server.async_shutdown(use_awaitable);
    };
    auto const write = [&]() -> awaitable<void> {
        co_await asio::async_write(tls.client, asio::buffer(sent), use_awaitable);
    };
    auto const talk = [&]() -> awaitable<void> {
        co_await tls.client.async_handshake(ssl::stream_base::client, use_awaitable);
        asio::co_spawn(ctx, write(), [](std::exception_ptr e) { BOOST_TEST(!e); });
        co_await asio::async_read(tls.client, asio::buffer(got), use_awaitable);
        co_await tls.client.async_shutdown(use_awaitable);
    };
    asio::co_spawn(ctx, serve(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    asio::co_spawn(ctx, talk(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST((got == sent));
    BOOST_TEST(end == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(a_cut_connection_is_a_truncated_stream)
{
    test::context ctx;
    tls_pair tls(ctx);
    test::error_code got;
    char byte;
    int shaken = 0;
    auto const after_handshake = [&](test::error_code ec) {
        BOOST_TEST(!ec);
        if (++shaken == 2)
        {
            tls.client.async_read_some(asio::buffer(&byte, 1),
                                       [&](test::error_code e, std::size_t) { got = e; });
            tls.server.next_layer().close();
        }
    };
    tls.server.async_handshake(ssl::stream_base::server, after_handshake);
    tls.client.async_handshake(ssl::stream_base::client, after_handshake);
    test::run(ctx);
    BOOST_TEST((got == ssl::error::stream_truncated));
}

BOOST_AUTO_TEST_CASE(a_handshake_with_nobody_is_cancelled)
{
    test::context ctx;
    tls_pair tls(ctx);
    test::error_code got;
    tls.client.async_handshake(ssl::stream_base::client, [&](test::error_code ec) { got = ec; });
    char hello[16];
    asio::async_read(tls.server.next_layer(), asio::buffer(hello),
                     [&](test::error_code, std::size_t) { tls.client.next_layer().cancel(); });
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_SUITE_END()
