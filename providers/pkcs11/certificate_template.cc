// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/certificate_template.h"

#include <utility>

namespace credmint::pkcs11 {
namespace {

template <typename Object>
Bytes Encode(int (*encode)(const Object*, unsigned char**), const Object* object) {
  const int size = encode(object, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* cursor = der.data();
  encode(object, &cursor);
  return der;
}

}  // namespace

Bytes DerOf(const X509* certificate) { return Encode<X509>(i2d_X509, certificate); }

CertificateTemplate::CertificateTemplate(const X509* certificate, ObjectNames names)
    : names_(std::move(names)),
      subject_(Encode<X509_NAME>(i2d_X509_NAME, X509_get_subject_name(certificate))),
      issuer_(Encode<X509_NAME>(i2d_X509_NAME, X509_get_issuer_name(certificate))),
      serial_(Encode<ASN1_INTEGER>(i2d_ASN1_INTEGER, X509_get0_serialNumber(certificate))),
      value_(DerOf(certificate)) {
  const auto bytes = [](CK_ATTRIBUTE_TYPE which, Bytes& value) {
    return CK_ATTRIBUTE{which, value.data(), static_cast<CK_ULONG>(value.size())};
  };
  attributes_ = {{CKA_CLASS, &class_, sizeof class_}, {CKA_CERTIFICATE_TYPE, &type_, sizeof type_},
                 {CKA_TOKEN, &yes_, sizeof yes_},     {CKA_PRIVATE, &no_, sizeof no_},
                 bytes(CKA_LABEL, names_.label),      bytes(CKA_ID, names_.id),
                 bytes(CKA_SUBJECT, subject_),        bytes(CKA_ISSUER, issuer_),
                 bytes(CKA_SERIAL_NUMBER, serial_),   bytes(CKA_VALUE, value_)};
}

}  // namespace credmint::pkcs11
