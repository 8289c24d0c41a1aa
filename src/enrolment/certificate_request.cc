// SPDX-License-Identifier: Apache-2.0
#include "enrolment/certificate_request.h"

#include <fmt/format.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include <array>
#include <optional>
#include <string_view>

#include "ossl/der_element.h"
#include "ossl/encoding.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using AlgorithmPtr = Handle<X509_ALGOR, X509_ALGOR_free>;
using RequestPtr = Handle<X509_REQ, X509_REQ_free>;

// Whole elements of DER. OpenSSL's X509_REQ_set_pubkey() would use its global library context,
// which the program leaves alone.
constexpr auto kVersion = std::to_array<std::uint8_t>({kDerInteger, 1, 0});
constexpr auto kTrue = std::to_array<std::uint8_t>({kDerBoolean, 1, 0xff});
constexpr auto kExtensionRequest = std::to_array<std::uint8_t>(
    {kDerIdentifier, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e});
constexpr auto kKeyUsage = std::to_array<std::uint8_t>({kDerIdentifier, 3, 0x55, 0x1d, 0x0f});
constexpr auto kAlternativeNames =
    std::to_array<std::uint8_t>({kDerIdentifier, 3, 0x55, 0x1d, 0x11});
constexpr auto kExtendedKeyUsage =
    std::to_array<std::uint8_t>({kDerIdentifier, 3, 0x55, 0x1d, 0x25});
constexpr auto kDigitalSignature = std::to_array<std::uint8_t>({kDerBitString, 2, 7, 0x80});
constexpr auto kClientAuth = std::to_array<std::uint8_t>(
    {kDerIdentifier, 8, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02});
constexpr std::uint8_t kAttributes = 0xa0;

/// How a key signs a request.
struct RequestAlgorithm {
  int nid = NID_undef;
  const char* digest = SigningKey::kDefaultDigest;
  bool has_null = false;  ///< as the parameters of RSA (RFC 4055 section 5)
};

Result<RequestAlgorithm> AlgorithmOf(const SigningKey& key) {
  constexpr int kP384 = 384;
  constexpr int kP521 = 521;
  if (key.algorithm() == "RSA")
    return RequestAlgorithm{NID_sha256WithRSAEncryption, "SHA256", true};
  if (key.algorithm() == "EC") {
    switch (EVP_PKEY_get_bits(key.get())) {
      case kP384:
        return RequestAlgorithm{NID_ecdsa_with_SHA384, "SHA384"};
      case kP521:
        return RequestAlgorithm{NID_ecdsa_with_SHA512, "SHA512"};
      default:
        return RequestAlgorithm{NID_ecdsa_with_SHA256, "SHA256"};
    }
  }
  const int nid = OBJ_txt2nid(key.algorithm().c_str());  // Ed25519, ML-DSA: key and signature
  ERR_clear_error();
  if (nid != NID_undef) return RequestAlgorithm{nid};
  return Fail(ErrorCode::kKeyUnusable,
              fmt::format("a {} key cannot sign a certificate request", key.algorithm()));
}

/// Calls i2d_X509_NAME() and its kin.
template <typename Encode, typename T>
Result<Bytes> Encoded(Encode encode, const T* object, const char* what) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  if (size <= 0) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In(fmt::format("encoding the {}", what)));
  }
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

Bytes Extensions(std::span<const AlternativeName> names) {
  const Bytes usage = DerElement(
      kDerSequence, {kKeyUsage, kTrue, DerElement(kDerOctetString, {kDigitalSignature})});
  const Bytes purposes = DerElement(
      kDerSequence,
      {kExtendedKeyUsage, DerElement(kDerOctetString, {DerElement(kDerSequence, {kClientAuth})})});
  Bytes all;
  for (const AlternativeName& name : names) all.insert(all.end(), name.der.begin(), name.der.end());
  const Bytes also =
      names.empty() ? Bytes()
                    : DerElement(kDerSequence,
                                 {kAlternativeNames,
                                  DerElement(kDerOctetString, {DerElement(kDerSequence, {all})})});
  return DerElement(kDerSequence, {usage, purposes, also});
}

/// CertificationRequestInfo, which is what is signed.
Result<Bytes> Contents(const EVP_PKEY* key, const X509_NAME* subject,
                       std::span<const AlternativeName> names) {
  auto name = Encoded(i2d_X509_NAME, subject, "subject");
  if (!name) return name;
  auto public_key = Encoded(i2d_PUBKEY, key, "public key");
  if (!public_key) return public_key;
  const Bytes attribute =
      DerElement(kDerSequence, {kExtensionRequest, DerElement(kDerSet, {Extensions(names)})});
  return DerElement(kDerSequence,
                    {kVersion, *name, *public_key, DerElement(kAttributes, {attribute})});
}

Result<Bytes> EncodeAlgorithm(const RequestAlgorithm& algorithm) {
  const AlgorithmPtr encoded(X509_ALGOR_new());
  if (!encoded || X509_ALGOR_set0(encoded.get(), OBJ_nid2obj(algorithm.nid),
                                  algorithm.has_null ? V_ASN1_NULL : V_ASN1_UNDEF, nullptr) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("encoding the algorithm"));
  }
  return Encoded(i2d_X509_ALGOR, encoded.get(), "algorithm");
}

/// A device that signs with another key than it shows would cost a certificate that fits nothing.
Result<void> CheckRequest(const LibraryContext& context, const SigningKey& key, ByteView der,
                          std::string_view signed_part, ByteView signature, const char* digest) {
  X509_REQ* const empty = X509_REQ_new_ex(context.get(), nullptr);
  X509_REQ* place = empty;
  const unsigned char* cursor = der.data();
  const RequestPtr request(d2i_X509_REQ(&place, &cursor, static_cast<long>(der.size())));
  EVP_PKEY* const public_key = request ? X509_REQ_get0_pubkey(request.get()) : nullptr;
  if (public_key == nullptr) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("reading the certificate request"));
  }
  if (key.Verify(public_key, signed_part, signature, digest)) return {};
  return Fail(ErrorCode::kKeyUnusable,
              "the signature that the key made does not verify with its public key");
}

}  // namespace

std::string CertificateRequest::Pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio(bio.get(), PEM_STRING_X509_REQ, "", der.data(),
                            static_cast<long>(der.size())) <= 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<CertificateRequest> MakeCertificateRequest(const LibraryContext& context,
                                                  const SigningKey& key, const X509_NAME* subject,
                                                  std::span<const AlternativeName> names) {
  const auto algorithm = AlgorithmOf(key);
  if (!algorithm) return Fail(algorithm);
  const auto contents = Contents(key.get(), subject, names);
  if (!contents) return Fail(contents);
  const auto encoded = EncodeAlgorithm(*algorithm);
  if (!encoded) return Fail(encoded);
  const std::string_view text(reinterpret_cast<const char*>(contents->data()), contents->size());
  const auto signature = key.Sign(text, algorithm->digest);
  if (!signature) return Fail(signature);
  constexpr auto kNoUnusedBits = std::to_array<std::uint8_t>({0});
  Bytes der = DerElement(
      kDerSequence, {*contents, *encoded, DerElement(kDerBitString, {kNoUnusedBits, *signature})});
  if (auto checked = CheckRequest(context, key, der, text, *signature, algorithm->digest);
      !checked) {
    return Fail(std::move(checked));
  }
  return CertificateRequest{std::move(der), OBJ_nid2ln(algorithm->nid)};
}

}  // namespace credmint
