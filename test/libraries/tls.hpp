// A key and a certificate made at run time, and the two contexts of a connection that trusts it.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl.hpp>

#include <cstddef>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace test {

struct identity
{
    std::string certificate, key;
};

namespace detail {

inline std::string text_of(BIO* bio)
{
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

} // namespace detail

/// A fresh key and the certificate that it signs itself.
inline identity self_signed()
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
    return {detail::text_of(a.get()), detail::text_of(b.get())};
}

/// What the two sides of a connection need: one shows the certificate, the other asks for it.
struct tls_contexts
{
    boost::asio::ssl::context server{boost::asio::ssl::context::tls_server};
    boost::asio::ssl::context client{boost::asio::ssl::context::tls_client};

    tls_contexts()
    {
        using boost::asio::ssl::context;
        identity const own = self_signed();
        server.use_certificate(boost::asio::buffer(own.certificate), context::pem);
        server.use_private_key(boost::asio::buffer(own.key), context::pem);
        client.add_certificate_authority(boost::asio::buffer(own.certificate));
        client.set_verify_mode(boost::asio::ssl::verify_peer);
    }
};

} // namespace test
