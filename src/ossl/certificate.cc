// SPDX-License-Identifier: Apache-2.0
#include "ossl/certificate.h"

#include <time.h>

#include <array>
#include <string_view>

#include "ossl/error_queue.h"

namespace credmint {
namespace {

BigNumPtr Serial(const X509* x509) {
  return BigNumPtr(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
}

/// Returns the dotted form: OpenSSL's names are not known to every reader, or to every version.
std::string Oid(const ASN1_OBJECT* object) {
  std::array<char, 80> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return text.data();
}

struct AlgorithmName {
  std::string_view oid;
  const char* name;
};

/// Names that OpenSSL knows only from version 3.5 (CONTRACT section 2).
constexpr std::array kLaterNames = {AlgorithmName{"2.16.840.1.101.3.4.3.17", "ML-DSA-44"},
                                    AlgorithmName{"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
                                    AlgorithmName{"2.16.840.1.101.3.4.3.19", "ML-DSA-87"}};

std::string NameOfAlgorithm(const ASN1_OBJECT* object) {
  const std::string oid = Oid(object);
  for (const AlgorithmName& later : kLaterNames) {
    if (later.oid == oid) return later.name;
  }
  const int nid = OBJ_obj2nid(object);
  return nid != NID_undef ? OBJ_nid2ln(nid) : oid;
}

std::chrono::system_clock::time_point Time(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  using TimePoint = std::chrono::system_clock::time_point;
  const std::chrono::sys_seconds seconds{std::chrono::seconds(timegm(&parts))};
  // A certificate without an end has the year 9999 (RFC 5280 section 4.1.2.5), but nanoseconds in
  // 64 bits end in 2262.
  const auto last = std::chrono::floor<std::chrono::seconds>(TimePoint::max());
  return seconds >= last ? TimePoint(last) : TimePoint(seconds);
}

}  // namespace

std::string Rfc2253Name(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<Certificate> Certificate::FromDer(const LibraryContext& context, ByteView der) {
  X509Ptr x509(X509_new_ex(context.get(), nullptr));
  X509* raw = x509.get();
  const std::uint8_t* cursor = der.data();
  if (!x509 || d2i_X509(&raw, &cursor, static_cast<long>(der.size())) == nullptr) {
    static_cast<void>(x509.release());  // d2i_X509 frees its target on failure
    return Fail(TakeOpensslError(ErrorCode::kCertificate).In("reading a certificate"));
  }
  return Certificate(std::move(x509));
}

Bytes Certificate::Der() const {
  const int size = i2d_X509(x509_.get(), nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<std::size_t>(size));
  std::uint8_t* cursor = der.data();
  i2d_X509(x509_.get(), &cursor);
  return der;
}

std::string Certificate::SerialDecimal() const {
  const BigNumPtr serial = Serial(x509_.get());
  const OpensslTextPtr text(serial ? BN_bn2dec(serial.get()) : nullptr);
  return text ? text.get() : "";
}

std::string Certificate::SerialHex() const {
  const BigNumPtr serial = Serial(x509_.get());
  const OpensslTextPtr text(serial ? BN_bn2hex(serial.get()) : nullptr);
  return text ? text.get() : "";
}

std::string Certificate::Subject() const { return Rfc2253Name(X509_get_subject_name(x509_.get())); }

std::string Certificate::Issuer() const { return Rfc2253Name(X509_get_issuer_name(x509_.get())); }

std::chrono::system_clock::time_point Certificate::NotBefore() const {
  return Time(X509_get0_notBefore(x509_.get()));
}

std::chrono::system_clock::time_point Certificate::NotAfter() const {
  return Time(X509_get0_notAfter(x509_.get()));
}

int Certificate::Version() const { return static_cast<int>(X509_get_version(x509_.get())) + 1; }

bool Certificate::IsCa() const { return (X509_get_extension_flags(x509_.get()) & EXFLAG_CA) != 0; }

bool Certificate::HasDigitalSignature() const {
  return (X509_get_extension_flags(x509_.get()) & EXFLAG_KUSAGE) != 0 &&
         (X509_get_key_usage(x509_.get()) & KU_DIGITAL_SIGNATURE) != 0;
}

bool Certificate::IsSelfIssued() const {
  return X509_NAME_cmp(X509_get_subject_name(x509_.get()), X509_get_issuer_name(x509_.get())) == 0;
}

int Certificate::SignatureSecurityBits() const {
  int bits = 0;
  const ErrorMark mark;
  return X509_get_signature_info(x509_.get(), nullptr, nullptr, &bits, nullptr) == 1 ? bits : 0;
}

std::string Certificate::SignatureAlgorithm() const {
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, x509_.get());
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return NameOfAlgorithm(object);
}

std::string Certificate::KeyAlgorithm() const {
  const ErrorMark mark;
  const EVP_PKEY* key = public_key();
  const char* name = key != nullptr ? EVP_PKEY_get0_type_name(key) : nullptr;
  if (name != nullptr) return name;
  ASN1_OBJECT* object = nullptr;
  X509_PUBKEY_get0_param(&object, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(x509_.get()));
  return NameOfAlgorithm(object);
}

bool Certificate::HasExplicitCurve() const {
  X509_ALGOR* algorithm = nullptr;
  X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm, X509_get_X509_PUBKEY(x509_.get()));
  const ASN1_OBJECT* object = nullptr;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(&object, &type, nullptr, algorithm);
  return OBJ_obj2nid(object) == NID_X9_62_id_ecPublicKey && type == V_ASN1_SEQUENCE;
}

std::string Certificate::UnknownCriticalExtension() const {
  const int count = X509_get_ext_count(x509_.get());
  for (int i = 0; i < count; ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509_.get(), i);
    if (X509_EXTENSION_get_critical(extension) != 0 && X509_supported_extension(extension) == 0) {
      return Oid(X509_EXTENSION_get_object(extension));
    }
  }
  return {};
}

}  // namespace credmint
