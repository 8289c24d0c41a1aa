// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>

#include <vector>

#include "ossl/handles.h"
#include "pkcs11/object.h"

namespace credmint::pkcs11 {

/// The template of C_CreateObject for an X.509 certificate that stays on the token, and is visible
/// without a login. It points into this object.
class CertificateTemplate {
 public:
  CertificateTemplate(const X509* certificate, ObjectNames names);
  CertificateTemplate(const CertificateTemplate&) = delete;
  CertificateTemplate& operator=(const CertificateTemplate&) = delete;

  [[nodiscard]] std::vector<CK_ATTRIBUTE>& attributes() { return attributes_; }

 private:
  CK_OBJECT_CLASS class_ = CKO_CERTIFICATE;
  CK_CERTIFICATE_TYPE type_ = CKC_X_509;
  CK_BBOOL yes_ = CK_TRUE;
  CK_BBOOL no_ = CK_FALSE;
  ObjectNames names_;
  Bytes subject_;
  Bytes issuer_;
  Bytes serial_;
  Bytes value_;
  std::vector<CK_ATTRIBUTE> attributes_;
};

/// The DER of a certificate.
Bytes DerOf(const X509* certificate);

}  // namespace credmint::pkcs11
