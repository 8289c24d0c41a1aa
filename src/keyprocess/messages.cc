// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/messages.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "keyprocess/wire.h"

namespace credmint::keyprocess {
namespace {

constexpr std::uint32_t kLongestWait = 24 * 60 * 60 * 1000;  // ms

template <typename T>
Result<T> Checked(const WireReader& reader, T value) {
  if (auto checked = reader.Check(); !checked) return Fail(std::move(checked));
  return value;
}

void PutOptions(WireWriter& writer, const StoreOptions& options) {
  writer.PutByte(static_cast<std::uint8_t>(options.expect));
  writer.PutText(options.properties);
  writer.PutNumber(static_cast<std::uint32_t>(options.parameters.size()));
  for (const auto& [name, value] : options.parameters) {
    writer.PutText(name);
    writer.PutText(value);
  }
  writer.PutNumber(static_cast<std::uint32_t>(options.secrets.size()));
  for (const auto& [name, secret] : options.secrets) {
    writer.PutText(name);
    writer.PutText(secret.Reveal());
  }
  writer.PutNumber(static_cast<std::uint32_t>(options.octets.size()));
  for (const auto& [name, bytes] : options.octets) {
    writer.PutText(name);
    writer.PutBytes(bytes);
  }
}

StoreOptions GetOptions(WireReader& reader) {
  StoreOptions options;
  options.expect = static_cast<StoreExpect>(reader.GetByte());
  options.properties = reader.GetRaw();
  for (std::uint32_t left = reader.GetCount(); left > 0; --left) {
    std::string name(reader.GetRaw());
    options.parameters.emplace_back(std::move(name), reader.GetRaw());
  }
  for (std::uint32_t left = reader.GetCount(); left > 0; --left) {
    std::string name(reader.GetRaw());
    options.secrets.emplace_back(std::move(name), Secret(reader.GetRaw()));
  }
  for (std::uint32_t left = reader.GetCount(); left > 0; --left) {
    std::string name(reader.GetRaw());
    options.octets.emplace_back(std::move(name), reader.GetBytes());
  }
  return options;
}

void PutPublicKey(WireWriter& writer, const PublicParameters& key) {
  writer.PutText(key.type);
  writer.PutText(key.group);
  writer.PutBytes(key.point);
  writer.PutBytes(key.modulus);
  writer.PutBytes(key.exponent);
}

PublicParameters GetPublicKey(WireReader& reader) {
  PublicParameters key;
  key.type = reader.GetText();
  key.group = reader.GetText();
  key.point = reader.GetBytes();
  key.modulus = reader.GetBytes();
  key.exponent = reader.GetBytes();
  return key;
}

Bytes OctetsOf(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  const void* data = nullptr;
  std::size_t size = 0;
  if (param == nullptr || OSSL_PARAM_get_octet_string_ptr(param, &data, &size) != 1) return {};
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  return {bytes, bytes + size};
}

Bytes IntegerOf(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  BIGNUM* number = nullptr;
  if (param == nullptr || OSSL_PARAM_get_BN(param, &number) != 1) return {};
  const BigNumPtr owner(number);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  return bytes;
}

std::string TextOf(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  const char* text = nullptr;
  if (param == nullptr || OSSL_PARAM_get_utf8_string_ptr(param, &text) != 1) return {};
  return text;
}

}  // namespace

Result<PublicParameters> PublicParameters::From(const EVP_PKEY* key) {
  constexpr std::array kTypes = {"RSA", "EC", "ED25519"};
  const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                 [&](const char* name) { return EVP_PKEY_is_a(key, name) == 1; });
  const ErrorMark mark;
  OSSL_PARAM* params = nullptr;
  if (type == kTypes.end() || EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params) != 1) {
    return Fail(ErrorCode::kKeyUnusable, "the public key is neither RSA nor EC nor Ed25519");
  }
  const ParamsPtr owner(params);
  return PublicParameters{.type = *type,
                          .group = TextOf(params, OSSL_PKEY_PARAM_GROUP_NAME),
                          .point = OctetsOf(params, OSSL_PKEY_PARAM_PUB_KEY),
                          .modulus = IntegerOf(params, OSSL_PKEY_PARAM_RSA_N),
                          .exponent = IntegerOf(params, OSSL_PKEY_PARAM_RSA_E)};
}

namespace {

void PutTexts(WireWriter& writer, const std::vector<std::string>& texts) {
  writer.PutNumber(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) writer.PutText(text);
}

std::vector<std::string> GetTexts(WireReader& reader) {
  std::vector<std::string> texts;
  for (std::uint32_t left = reader.GetCount(); left > 0; --left) {
    texts.emplace_back(reader.GetRaw());
  }
  return texts;
}

enum class Choice : std::uint8_t { kUnset = 0, kForbidden = 1, kAllowed = 2 };

void PutSandbox(WireWriter& writer, const SandboxRules& rules) {
  const Choice network = !rules.network   ? Choice::kUnset
                         : *rules.network ? Choice::kAllowed
                                          : Choice::kForbidden;
  writer.PutByte(static_cast<std::uint8_t>(network));
  writer.PutByte(rules.programs ? 1 : 0);
  PutTexts(writer, rules.paths);
  PutTexts(writer, rules.hidden);
  writer.PutText(rules.home);
}

SandboxRules GetSandbox(WireReader& reader) {
  SandboxRules rules;
  const auto network = static_cast<Choice>(reader.GetByte());
  if (network != Choice::kUnset) rules.network = network == Choice::kAllowed;
  rules.programs = reader.GetByte() == 1;
  rules.paths = GetTexts(reader);
  rules.hidden = GetTexts(reader);
  rules.home = reader.GetRaw();
  return rules;
}

}  // namespace

Secret EncodeLoad(const Place& place, const StoreOptions& options, const PublicParameters& signer) {
  WireWriter writer;
  writer.PutByte(kProtocolVersion);
  writer.PutByte(static_cast<std::uint8_t>(place.form));
  writer.PutText(place.name);
  writer.PutText(place.contents.Reveal());
  PutOptions(writer, options);
  PutTexts(writer, options.device.providers);
  PutSandbox(writer, options.device.sandbox);
  writer.PutText(options.key ? options.key->first : "");
  PutPublicKey(writer, signer);
  return writer.Take();
}

Result<LoadMessage> DecodeLoad(const Secret& body) {
  WireReader reader(body.Reveal());
  LoadMessage message;
  const bool is_known = reader.GetByte() == kProtocolVersion;
  message.place.form = static_cast<Place::Form>(reader.GetByte());
  message.place.name = reader.GetRaw();
  message.place.contents = Secret(reader.GetRaw());
  message.options = GetOptions(reader);
  message.options.device.providers = GetTexts(reader);
  message.options.device.sandbox = GetSandbox(reader);
  message.signer_parameter = reader.GetRaw();
  message.signer = GetPublicKey(reader);
  if (!is_known) return Fail(ErrorCode::kInternal, "the key process has another protocol");
  return Checked(reader, std::move(message));
}

Secret Encode(const SignMessage& message) {
  WireWriter writer;
  writer.PutNumber(message.key);
  writer.PutByte(static_cast<std::uint8_t>(message.scheme));
  writer.PutText(message.digest);
  writer.PutBytes(message.digest_value);
  writer.PutText(message.mgf1_digest);
  writer.PutNumber(message.salt_length);
  writer.PutByte(message.message ? 1 : 0);
  writer.PutBytes(message.message ? ByteView(*message.message) : ByteView());
  return writer.Take();
}

Result<SignMessage> DecodeSign(const Secret& body) {
  WireReader reader(body.Reveal());
  SignMessage message;
  message.key = reader.GetNumber();
  message.scheme = static_cast<SignMessage::Scheme>(reader.GetByte());
  message.digest = reader.GetRaw();
  message.digest_value = reader.GetBytes();
  message.mgf1_digest = reader.GetRaw();
  message.salt_length = reader.GetNumber();
  const bool has_message = reader.GetByte() == 1;
  Bytes bytes = reader.GetBytes();
  if (has_message) message.message = std::move(bytes);
  return Checked(reader, std::move(message));
}

Secret Encode(const KeyMessage& message) {
  WireWriter writer;
  writer.PutNumber(message.key);
  PutPublicKey(writer, message.public_key);
  return writer.Take();
}

Result<KeyMessage> DecodeKey(const Secret& body) {
  WireReader reader(body.Reveal());
  KeyMessage message;
  message.key = reader.GetNumber();
  message.public_key = GetPublicKey(reader);
  return Checked(reader, std::move(message));
}

Secret Encode(const StoreName& name) {
  WireWriter writer;
  writer.PutText(name.uri);
  writer.PutText(name.description);
  return writer.Take();
}

Result<StoreName> DecodeName(const Secret& body) {
  WireReader reader(body.Reveal());
  StoreName name;
  name.uri = reader.GetText();
  name.description = reader.GetRaw();
  return Checked(reader, std::move(name));
}

Secret Encode(const PassphraseRequest& request) {
  WireWriter writer;
  writer.PutByte(static_cast<std::uint8_t>(request.kind));
  writer.PutText(request.subject);
  return writer.Take();
}

Result<PassphraseRequest> DecodeAskSecret(const Secret& body) {
  WireReader reader(body.Reveal());
  const std::uint8_t kind = reader.GetByte();
  std::string subject = reader.GetText();
  if (auto checked = reader.Check(); !checked) return Fail(std::move(checked));
  if (kind > static_cast<std::uint8_t>(PassphraseKind::kForeign)) {
    return Fail(ErrorCode::kDevice, "the key process asks for an unknown secret");
  }
  return PassphraseRequest{static_cast<PassphraseKind>(kind), std::move(subject)};
}

Secret Encode(const LogMessage& message) {
  WireWriter writer;
  writer.PutByte(message.warning ? 1 : 0);
  writer.PutText(message.text);
  return writer.Take();
}

Result<LogMessage> DecodeLog(const Secret& body) {
  WireReader reader(body.Reveal());
  LogMessage message;
  message.warning = reader.GetByte() == 1;
  message.text = reader.GetText();
  return Checked(reader, std::move(message));
}

Secret Encode(const Error& error) {
  WireWriter writer;
  writer.PutNumber(static_cast<std::uint32_t>(error.code));
  writer.PutText(error.message);
  writer.PutText(error.hint);
  writer.PutNumber(static_cast<std::uint32_t>(error.retry_after.count()));
  writer.PutNumber(static_cast<std::uint32_t>(error.remedy));
  return writer.Take();
}

Error DecodeError(const Secret& body) {
  WireReader reader(body.Reveal());
  const std::uint32_t code = reader.GetNumber();
  Error error;
  error.message = reader.GetText();
  error.hint = reader.GetText();
  const std::uint32_t wait = reader.GetNumber();
  const std::uint32_t remedy = reader.GetNumber();
  auto checked = reader.Check();
  if (!checked) return std::move(checked).error();
  if (code == 0 || code > static_cast<std::uint32_t>(kLastErrorCode) || wait > kLongestWait ||
      remedy > static_cast<std::uint32_t>(kLastRemedy)) {
    return {ErrorCode::kDevice, "the key process reports a failure that cannot be understood", {}};
  }
  error.code = static_cast<ErrorCode>(code);
  error.retry_after = std::chrono::milliseconds(wait);
  error.remedy = static_cast<Remedy>(remedy);
  return error;
}

Secret EncodeSecret(const Secret& secret) {
  WireWriter writer;
  writer.PutText(secret.Reveal());
  return writer.Take();
}

Result<Secret> DecodeSecret(const Secret& body) {
  WireReader reader(body.Reveal());
  Secret secret(reader.GetRaw());
  return Checked(reader, std::move(secret));
}

Secret EncodeText(std::string_view text) {
  WireWriter writer;
  writer.PutText(text);
  return writer.Take();
}

Result<std::string> DecodeText(const Secret& body) {
  WireReader reader(body.Reveal());
  std::string text = reader.GetText();
  return Checked(reader, std::move(text));
}

Secret EncodeBytes(ByteView bytes) {
  WireWriter writer;
  writer.PutBytes(bytes);
  return writer.Take();
}

Result<Bytes> DecodeBytes(const Secret& body) {
  WireReader reader(body.Reveal());
  Bytes bytes = reader.GetBytes();
  return Checked(reader, std::move(bytes));
}

Secret EncodeNumber(std::uint32_t number) {
  WireWriter writer;
  writer.PutNumber(number);
  return writer.Take();
}

Result<std::uint32_t> DecodeNumber(const Secret& body) {
  WireReader reader(body.Reveal());
  const std::uint32_t number = reader.GetNumber();
  return Checked(reader, number);
}

}  // namespace credmint::keyprocess
