// SPDX-License-Identifier: Apache-2.0
// Fed: a reference to a key or certificate, as people type it: pkcs11:, handle:, nv:, a file, …
//
// Holds: what is shown is one line, and has no PIN. The text of an accepted reference is accepted
// again and means the same. A handle is read as it is written.

#include <string>

#include "credmint_version.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "identity/key_reference.h"
#ifdef CREDMINT_HAVE_PKCS11
#include "pkcs11/uri.h"
#endif
#ifdef CREDMINT_HAVE_TPM2
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/nv_uri.h"
#endif

namespace credmint {
namespace {

using test::Require;

void CheckDevices(const std::string& text) {
#ifdef CREDMINT_HAVE_PKCS11
  if (const auto uri = pkcs11::Uri::Parse(text)) {
    static_cast<void>(uri->ObjectTemplate());
    static_cast<void>(uri->object_class());
    Require(!uri->ModulePath("m").empty(), "there is always a module");
  } else {
    test::RequireOneLine(uri.error().message, "a refusal is one line");
  }
#endif
#ifdef CREDMINT_HAVE_TPM2
  if (const auto uri = tpm2::HandleUri::Parse(text)) {
    Require(tpm2::IsPersistent(uri->handle), "the handle is persistent");
    const auto again = tpm2::HandleUri::Parse("handle:" + tpm2::FormatHandle(uri->handle));
    Require(again && again->handle == uri->handle, "a handle is read as it is written");
  } else {
    test::RequireOneLine(uri.error().message, "a refusal is one line");
  }
  const auto uri = tpm2::NvUri::Parse(text);
  Require(!uri || tpm2::IsNvIndex(uri->index), "the index is one of NV");
#endif
}

void CheckReference(const std::string& text, KeyReference::Use use) {
  auto reference = KeyReference::Parse(text, use);
  if (!reference) {
    return test::RequireOneLine(reference.error().message, "a refusal is one line");
  }
  test::RequireOneLine(reference->shown(), "what is shown is one line");
  static_cast<void>(reference->place());
  static_cast<void>(reference->ForAll().text());
  static_cast<void>(reference->CheckHasKeys());
  const std::string pin_less = reference->text();
  const auto pin = reference->TakePin();
  if (pin && pin->value.size() > 4) {
    const std::string secret(pin->value.Reveal());
    Require(pin_less.find(secret) != std::string::npos ||
                reference->shown().find(secret) == std::string::npos,
            "a PIN is not shown");
  }
  if (reference->scheme() == nullptr) return;
  const auto again = KeyReference::Parse(pin_less, use);
  Require(again && again->text() == pin_less && again->scheme() == reference->scheme(),
          "an accepted reference is accepted again");
  if (use != KeyReference::Use::kCertificate || !reference->scheme()->rfc7512) return;
  const KeyReference key = reference->ForPrivateKey();
  Require(KeyReference::Parse(key.text(), KeyReference::Use::kPrivateKey).has_value(),
          "a certificate's place is one for a key");
}

void Check(const std::string& text) {
  // The file system decides about other texts.
  if (text.find('\0') != std::string::npos) return;
  CheckDevices(text);
  for (const auto use : {KeyReference::Use::kPrivateKey, KeyReference::Use::kCertificate,
                         KeyReference::Use::kAnything}) {
    CheckReference(text, use);
  }
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(std::string(credmint::test::Input(data, size).Rest()));
  return 0;
}
