// SPDX-License-Identifier: Apache-2.0
// Fed: a line with a selector, and a distinguished name in DER.
//
// Holds: a selector is refused in one line. A name has the text that AWS's tool prints for it, and
// the one of RFC 2253.

#include <openssl/x509.h>

#include <string>

#include "fuzz/input.h"
#include "fuzz/require.h"
#include "identity/certificate_selector.h"
#include "identity/name_text.h"
#include "ossl/helper_name.h"

namespace credmint {
namespace {

using test::Require;

using NamePtr = Handle<X509_NAME, X509_NAME_free>;

NamePtr ReadName(std::string_view der) {
  const auto bytes = test::AsBytes(der);
  const unsigned char* cursor = bytes.data();
  const ErrorMark mark;
  return NamePtr(d2i_X509_NAME(nullptr, &cursor, static_cast<long>(bytes.size())));
}

X509Ptr CertificateOf(const X509_NAME* name) {
  X509Ptr certificate(X509_new());
  X509_set_subject_name(certificate.get(), name);
  X509_set_issuer_name(certificate.get(), name);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 0x0a1b);
  return certificate;
}

void Check(const std::string& text, std::string_view der) {
  const NamePtr name = ReadName(der);
  if (name) {
    static_cast<void>(IsTextOfName(text, name.get()));
    static_cast<void>(HelperName(name.get()));
  }
  if (text.starts_with("file://")) return;
  const auto selector = CertificateSelector::Parse(text);
  if (!selector) return test::RequireOneLine(selector.error().message, "a refusal is one line");
  Require(selector->ReadAgain().has_value(), "an accepted selector is accepted again");
  if (name) static_cast<void>(selector->Matches(Certificate(CertificateOf(name.get()))));
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::test::Input input(data, size);
  const std::string text(input.Line());
  credmint::Check(text, input.Rest());
  return 0;
}
