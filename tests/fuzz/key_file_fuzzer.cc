// SPDX-License-Identifier: Apache-2.0
// Fed: a file that should hold a private key: PKCS#12, PKCS#8, PKCS#1 or SEC 1, in DER or PEM,
// encrypted or not. Files that would take OpenSSL long to decrypt are skipped.
//
// Holds: what is found is a key or a certificate. A plain key is the one that OpenSSL finds. A
// failure, and the explanation of the file, are one line each. The passphrase is asked for once at
// most.

#include <openssl/evp.h>

#include <array>
#include <string>

#include "fuzz/input.h"
#include "fuzz/require.h"
#include "identity/file_form.h"
#include "ossl/library_context.h"
#include "ossl/pem_blocks.h"
#include "ossl/pkcs12.h"
#include "ossl/plain_key.h"
#include "ossl/read_store.h"

namespace credmint {
namespace {

using test::Require;

/// The largest number of iterations, and the largest parameter of scrypt.
constexpr std::uint64_t kMostRounds = 2048;
constexpr std::uint64_t kUsualExponent = 65537;

/// Whether an INTEGER of up to eight bytes may begin here that is too large to iterate so often.
bool IsLargeInteger(ByteView bytes) {
  if (bytes.size() < 2 || bytes[0] != 2) return false;
  std::size_t size = bytes[1];
  std::size_t at = 2;
  if (size > 0x80 && size <= 0x88) {
    std::size_t left = size - 0x80;
    for (size = 0; left > 0 && at < bytes.size(); --left) size = size << 8 | bytes[at++];
  }
  if (size > 8) return false;
  std::uint64_t value = 0;
  for (; size > 0 && at < bytes.size(); --size) value = value << 8 | bytes[at++];
  return value > kMostRounds && value != kUsualExponent;
}

bool HasLargeInteger(ByteView bytes) {
  for (; !bytes.empty(); bytes = bytes.subspan(1)) {
    if (IsLargeInteger(bytes)) return true;
  }
  return false;
}

int Base64Digit(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t digit = kDigits.find(c);
  return digit == std::string_view::npos ? -1 : static_cast<int>(digit);
}

/// Decodes everything that may be base64. `skipped` digits are ignored first: nobody knows where
/// the base64 begins.
Bytes DecodeAll(std::string_view text, int skipped) {
  Bytes decoded;
  std::uint32_t bits = 0;
  int count = -skipped;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0 || ++count <= 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (count % 4 != 1)
      decoded.push_back(static_cast<std::uint8_t>(bits >> (6 - 2 * ((count - 1) % 4))));
  }
  return decoded;
}

bool TakesLong(std::string_view contents) {
  if (HasLargeInteger(test::AsBytes(contents))) return true;
  if (FindPemBlocks(contents).empty()) return false;
  for (const int skipped : {0, 1, 2, 3}) {
    if (HasLargeInteger(DecodeAll(contents, skipped))) return true;
  }
  return false;
}

void CheckContents(const StoreContents& contents) {
  for (const PkeyPtr& key : contents.keys) Require(key != nullptr, "a key is one");
  for (const X509Ptr& certificate : contents.certificates) {
    Require(certificate != nullptr, "a certificate is one");
  }
}

void CheckPlainKey(const LibraryContext& context, const Secret& file,
                   const Result<StoreContents>& found) {
  const PkeyPtr plain = ReadPlainKey(context, file);
  if (!plain) return;
  Require(found && found->keys.size() == 1, "OpenSSL finds a plain key, and no other");
  Require(EVP_PKEY_eq(plain.get(), found->keys.front().get()) == 1, "it is the same");
}

void Check(std::string_view contents) {
  static const auto& context = *new auto(LibraryContext::Create({}));
  Require(context.has_value(), "there is a context");
  for (const StoreExpect wanted : {StoreExpect::kPrivateKey, StoreExpect::kCertificate}) {
    if (const auto explained = ExplainFileForm(contents, wanted)) {
      test::RequireOneLine(explained->message + explained->hint, "an explanation is one line");
    }
  }
  if (TakesLong(contents)) return;
  const Secret file(contents);
  for (const StoreExpect wanted : {StoreExpect::kPrivateKey, StoreExpect::kCertificate}) {
    int asked = 0;
    StoreOptions options;
    options.expect = wanted;
    options.passphrase = [&asked](const PassphraseRequest& request) -> Result<Secret> {
      test::RequireOneLine(request.subject, "a question is one line");
      ++asked;
      return Secret("secret");
    };
    const auto found = IsPkcs12(file) ? ReadPkcs12(*context, file, options)
                                      : ReadStore(*context, file, "file", options);
    Require(asked <= 1, "the passphrase is asked for once");
    if (found) CheckContents(*found);
    if (wanted == StoreExpect::kPrivateKey) CheckPlainKey(*context, file, found);
    if (!found) test::RequireOneLine(found.error().message, "a failure is one line");
  }
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size).Rest());
  return 0;
}
