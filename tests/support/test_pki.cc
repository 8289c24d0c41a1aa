// SPDX-License-Identifier: Apache-2.0
#include "support/test_pki.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include <string_view>

namespace credmint::test {
namespace {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    static_cast<void>(Free(object));
  }
};
template <typename T, auto Free>
using Owner = std::unique_ptr<T, FreeWith<Free>>;

using Bio = Owner<BIO, BIO_free_all>;
using Pkcs8 = Owner<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using Encrypted = Owner<X509_SIG, X509_SIG_free>;
using Number = Owner<BIGNUM, BN_clear_free>;
using Builder = Owner<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owner<OSSL_PARAM, OSSL_PARAM_free>;
using Context = Owner<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

void FreeStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

void Require(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "test_pki: cannot make %s\n", what);
  ERR_print_errors_fp(stderr);
  abort();
}

/// The bytes that `write` puts into a BIO.
template <typename Write>
std::string Written(const char* what, Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  Require(bio != nullptr && write(bio.get()) == 1, what);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

TestKey Share(EVP_PKEY* key) {
  ERR_clear_error();  // an unknown algorithm leaves its reason in the queue
  return key == nullptr ? nullptr : TestKey(key, EVP_PKEY_free);
}

void AddName(X509_NAME* target, const TestName& name) {
  for (const auto& [type, value] : name) {
    const bool joins = type.starts_with('+');
    Require(X509_NAME_add_entry_by_txt(target, type.c_str() + (joins ? 1 : 0), MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(value.data()),
                                       static_cast<int>(value.size()), -1, joins ? -1 : 0) == 1,
            "a name");
  }
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owner<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
          "an extension");
}

void AddUnknownExtension(X509* certificate, const std::string& oid) {
  const unsigned char null[] = {0x05, 0x00};
  const Owner<ASN1_OBJECT, ASN1_OBJECT_free> object(OBJ_txt2obj(oid.c_str(), 1));
  const Owner<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> value(ASN1_OCTET_STRING_new());
  Require(ASN1_OCTET_STRING_set(value.get(), null, sizeof(null)) == 1, "an extension's value");
  const Owner<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 1, value.get()));
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
          "an extension");
}

void AddExtensions(X509* certificate, X509* issuer, const CertificateSpec& spec) {
  if (spec.ca) {
    AddExtension(certificate, issuer, NID_basic_constraints,
                 *spec.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  }
  if (!spec.key_usage.empty()) {
    AddExtension(certificate, issuer, NID_key_usage, "critical," + spec.key_usage);
  }
  if (!spec.extended_key_usage.empty()) {
    AddExtension(certificate, issuer, NID_ext_key_usage, spec.extended_key_usage);
  }
  if (spec.key_identifiers) {
    AddExtension(certificate, issuer, NID_subject_key_identifier, "hash");
    AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
  }
  if (spec.other_key_identifier) {
    AddExtension(certificate, issuer, NID_subject_key_identifier, "01020304");
  }
  if (!spec.critical_extension.empty()) AddUnknownExtension(certificate, spec.critical_extension);
}

void SetFields(X509* certificate, const CertificateSpec& spec) {
  BIGNUM* number = nullptr;
  Require(BN_hex2bn(&number, spec.serial.c_str()) > 0, "a serial number");
  const Owner<BIGNUM, BN_free> serial(number);
  Require(
      X509_set_version(certificate, spec.version - 1) == 1 &&
          BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr &&
          ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), spec.not_before.c_str()) ==
              1 &&
          ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), spec.not_after.c_str()) == 1,
      "the fields of a certificate");
  AddName(X509_get_subject_name(certificate), spec.subject);
}

void Sign(X509* certificate, EVP_PKEY* key, const CertificateSpec& spec) {
  const bool pure = EVP_PKEY_is_a(key, "RSA") != 1 && EVP_PKEY_is_a(key, "EC") != 1;
  const EVP_MD* digest = pure ? nullptr : EVP_get_digestbyname(spec.digest.c_str());
  const Owner<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  Require(context != nullptr &&
              EVP_DigestSignInit(context.get(), &options, digest, nullptr, key) == 1 &&
              (!spec.pss || EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1) &&
              X509_sign_ctx(certificate, context.get()) > 0,
          "a certificate's signature");
}

Pkcs8 ToPkcs8(const TestKey& key) {
  Pkcs8 pkcs8(EVP_PKEY2PKCS8(key.get()));
  Require(pkcs8 != nullptr, "a PKCS#8 structure");
  return pkcs8;
}

}  // namespace

TestKey NewKey(const std::string& kind) {
  const char* name = kind.c_str();
  if (kind.starts_with("P-")) return Share(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", name));
  if (!kind.starts_with("RSA")) return Share(EVP_PKEY_Q_keygen(nullptr, nullptr, name));
  const std::size_t bits = kind == "RSA" ? 2048 : std::stoul(kind.substr(4));
  return Share(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}

TestKey NewKeyWithExplicitCurve() {
  TestKey key = NewKey();
  Require(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                         OSSL_PKEY_EC_ENCODING_EXPLICIT) == 1,
          "explicit parameters");
  return key;
}

TestKey Chimera(const TestKey& public_half, const TestKey& private_half) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(private_half.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number);
  const Number secret(number);
  unsigned char point[200];
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(public_half.get(), OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
                                  &size);
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point, size);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context maker(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(maker.get());
  EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, params.get());
  Require(key != nullptr, "a key of two halves");
  return Share(key);
}

CertificateSpec CaSpec(const std::string& name) {
  CertificateSpec spec;
  spec.subject = {{"CN", name}};
  spec.ca = true;
  spec.key_usage = "keyCertSign,cRLSign";
  return spec;
}

Party Issue(const CertificateSpec& spec, const Party* issuer, TestKey key) {
  if (!key) key = NewKey();
  TestCertificate certificate(X509_new(), X509_free);
  X509* const issuing = issuer != nullptr ? issuer->certificate.get() : certificate.get();
  SetFields(certificate.get(), spec);
  Require(X509_set_pubkey(certificate.get(), key.get()) == 1 &&
              X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuing)) == 1,
          "a certificate");
  if (spec.version == 3) AddExtensions(certificate.get(), issuing, spec);
  Sign(certificate.get(), issuer != nullptr ? issuer->key.get() : key.get(), spec);
  return {std::move(key), std::move(certificate)};
}

EVP_PKEY* NewReference(const TestKey& key) {
  EVP_PKEY_up_ref(key.get());
  return key.get();
}

X509* NewReference(const TestCertificate& certificate) {
  X509_up_ref(certificate.get());
  return certificate.get();
}

std::string CertificatePem(const TestCertificate& certificate) {
  return Written("PEM", [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

std::string CertificateDer(const TestCertificate& certificate) {
  return Written("DER", [&](BIO* bio) { return i2d_X509_bio(bio, certificate.get()); });
}

std::string Pkcs8Pem(const TestKey& key) {
  return Written("PEM", [&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string Pkcs8Der(const TestKey& key) {
  return Written("DER", [&](BIO* bio) {
    return i2d_PKCS8PrivateKey_bio(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string TraditionalPem(const TestKey& key) {
  return Written("PEM", [&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(bio, key.get(), nullptr, nullptr, 0, nullptr,
                                                nullptr);
  });
}

std::string TraditionalDer(const TestKey& key) {
  unsigned char* data = nullptr;
  const int size = i2d_PrivateKey(key.get(), &data);
  Require(size > 0, "DER");
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

std::string EncryptedPkcs8Pem(const TestKey& key, const std::string& passphrase) {
  return Written("PEM", [&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                         static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

std::string EncryptedPkcs8Der(const TestKey& key, const std::string& passphrase) {
  return Written("DER", [&](BIO* bio) {
    return i2d_PKCS8PrivateKey_bio(bio, key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                   static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

std::string ScryptPkcs8Pem(const TestKey& key, const std::string& passphrase) {
  X509_ALGOR* scrypt =
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, /*N=*/1024, /*r=*/8, /*p=*/1);
  Require(scrypt != nullptr, "scrypt parameters");
  const Encrypted encrypted(PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()),
                                           ToPkcs8(key).get(), scrypt));
  Require(encrypted != nullptr, "a scrypt-encrypted key");
  return Written("PEM", [&](BIO* bio) { return PEM_write_bio_PKCS8(bio, encrypted.get()); });
}

std::string EncryptedTraditionalPem(const TestKey& key, const std::string& passphrase) {
  return Written("PEM", [&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(
        bio, key.get(), EVP_aes_128_cbc(),
        reinterpret_cast<const unsigned char*>(passphrase.data()),
        static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

std::string Pkcs12(const Party& party, const std::vector<TestCertificate>& issuers,
                   const std::optional<std::string>& passphrase) {
  const Owner<STACK_OF(X509), FreeStack> stack(sk_X509_new_null());
  for (const TestCertificate& issuer : issuers) sk_X509_push(stack.get(), issuer.get());
  const int encryption = passphrase ? 0 : -1;  // OpenSSL's default, or none
  const Owner<PKCS12, PKCS12_free> pkcs12(
      PKCS12_create(passphrase ? passphrase->c_str() : nullptr, "test", party.key.get(),
                    party.certificate.get(), stack.get(), encryption, encryption, 0, 0, 0));
  Require(pkcs12 != nullptr, "PKCS#12");
  return Written("PKCS#12", [&](BIO* bio) { return i2d_PKCS12_bio(bio, pkcs12.get()); });
}

std::string PublicKeyPem(const TestKey& key) {
  return Written("PEM", [&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); });
}

}  // namespace credmint::test
