// SPDX-License-Identifier: Apache-2.0
// Fed: a byte that chooses a kind of message, and its body, as the main process or a key process
// might get it.
//
// Holds: an accepted body is accepted again as it would be sent, and that is its fixed point: texts
// lose control characters once.

#include "fuzz/input.h"
#include "fuzz/require.h"
#include "keyprocess/messages.h"

namespace credmint::keyprocess {
namespace {

using test::Require;

/// `decode` and `encode` belong together.
template <typename Decode, typename Encode>
void CheckKind(const Secret& body, Decode decode, Encode encode) {
  const auto message = decode(body);
  if (!message) return test::RequireOneLine(message.error().message, "a refusal is one line");
  const Secret once = encode(*message);
  const auto again = decode(once);
  Require(again.has_value(), "an accepted message is accepted again");
  Require(encode(*again) == once, "it is the same then");
}

Secret EncodeAgain(const LoadMessage& load) {
  StoreOptions options;
  options.expect = load.options.expect;
  options.properties = load.options.properties;
  options.parameters = load.options.parameters;
  for (const auto& [name, secret] : load.options.secrets) {
    options.secrets.emplace_back(name, secret.Clone());
  }
  options.octets = load.options.octets;
  options.device.providers = load.options.device.providers;
  options.device.sandbox = load.options.device.sandbox;
  if (!load.signer_parameter.empty()) options.key.emplace(load.signer_parameter, nullptr);
  return EncodeLoad(load.place, options, load.signer);
}

void CheckError(const Secret& body) {
  const Error error = DecodeError(body);
  test::RequireOneLine(error.message + error.hint, "a failure is one line");
  Require(error.code <= kLastErrorCode && error.remedy <= kLastRemedy, "its numbers are known");
  Require(error.retry_after <= std::chrono::hours(24), "its wait is at most a day");
  const Error again = DecodeError(Encode(error));
  Require(again.code == error.code && again.message == error.message && again.hint == error.hint,
          "a failure arrives as it was sent");
}

void Check(test::Input input) {
  const auto kind = static_cast<Kind>(input.Byte());
  const Secret body(input.Rest());
  switch (kind) {
    case Kind::kLoad:
      return CheckKind(body, DecodeLoad, EncodeAgain);
    case Kind::kSign:
    case Kind::kAskSignature:
      return CheckKind(body, DecodeSign, [](const SignMessage& sign) { return Encode(sign); });
    case Kind::kRelease:
    case Kind::kLogin:
      return CheckKind(body, DecodeNumber, EncodeNumber);
    case Kind::kSecret:
      return CheckKind(body, DecodeSecret, EncodeSecret);
    case Kind::kKey:
      return CheckKind(body, DecodeKey, [](const KeyMessage& key) { return Encode(key); });
    case Kind::kName:
      return CheckKind(body, DecodeName, [](const StoreName& name) { return Encode(name); });
    case Kind::kAskSecret:
      return CheckKind(body, DecodeAskSecret,
                       [](const PassphraseRequest& request) { return Encode(request); });
    case Kind::kLog:
      return CheckKind(body, DecodeLog, [](const LogMessage& log) { return Encode(log); });
    case Kind::kCalls:
      return CheckKind(body, DecodeText, EncodeText);
    case Kind::kCertificate:
    case Kind::kSignature:
      return CheckKind(body, DecodeBytes, EncodeBytes);
    case Kind::kError:
      return CheckError(body);
    default:
      return;
  }
}

}  // namespace
}  // namespace credmint::keyprocess

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::keyprocess::Check(credmint::test::Input(data, size));
  return 0;
}
