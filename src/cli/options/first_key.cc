// SPDX-License-Identifier: Apache-2.0
#include "cli/options/first_key.h"

#include <optional>
#include <utility>

#include "base/percent_encoding.h"
#include "cli/options/new_pins.h"
#include "cli/output/terminal_prompt.h"
#include "enrolment/new_file_key.h"
#include "enrolment/new_key.h"
#include "enrolment/new_token.h"
#include "identity/secret_source.h"

namespace credmint::cli {
namespace {

using KeyPtr = std::shared_ptr<const SigningKey>;

constexpr const char* kFilesOfTheTpm = "tss2:";

/// The identity of a key, with what the flags say about devices.
std::shared_ptr<const IdentitySpec> SpecFor(const IdentitySpec& flags, KeyReference key,
                                            std::optional<SecretSource> secret) {
  IdentitySpec spec;
  spec.private_key = std::move(key);
  spec.secrets.user = std::move(secret);
  if (flags.secrets.parent) spec.secrets.parent = flags.secrets.parent->Clone();
  spec.parameters = flags.parameters;
  spec.sandbox = flags.sandbox;
  return std::make_shared<const IdentitySpec>(std::move(spec));
}

/// The secret of the flags may be readable only once, so it is not read here.
std::optional<SecretSource> GivenSecret(const IdentitySpec& flags) {
  if (!flags.secrets.user) return std::nullopt;
  return flags.secrets.user->Clone();
}

Result<KeyReference> TokenOf(const KeyHome& home) {
  return KeyReference::Parse("pkcs11:token=" + PercentEncode(home.name),
                             KeyReference::Use::kAnything);
}

/// Whether there is an initialised token of this label.
Result<bool> TokenExists(KeyOpener& keys, const KeyHome& home) {
  auto token = TokenOf(home);
  if (!token) return Fail(std::move(token), "--token");
  const auto found = keys.List(*std::move(token), false);
  if (!found && found.error().code == ErrorCode::kTokenAbsent) return false;
  if (!found) return Fail(found);
  for (const InventoryEntry& entry : *found) {
    if (entry.kind == InventoryEntry::Kind::kToken && entry.label == home.name) return true;
  }
  return false;
}

/// The source of the token's PIN, after a token was made if there was none.
Result<std::optional<SecretSource>> PrepareToken(StartedOpener& started, const KeyHome& home,
                                                 const FirstKeyFlags& flags) {
  KeyOpener& keys = started.opener.keys();
  const auto exists = TokenExists(keys, home);
  if (!exists) return Fail(exists);
  if (*exists) return GivenSecret(*started.opener.spec());
  auto pins = ReadNewPins({flags.so_passin, flags.device.passin});
  if (!pins) return Fail(std::move(pins));
  SecretSource user_pin = SecretSource::FromSecret(pins->user_pin.Clone());
  auto token = TokenOf(home);
  if (!token) return Fail(std::move(token));
  const auto made = InitToken(keys, *std::move(token), *std::move(pins));
  if (!made) return Fail(made);
  return std::optional(std::move(user_pin));
}

Result<KeyPtr> MakePlainKey(StartedOpener& started, const std::string& path,
                            const FirstKeyFlags& flags) {
  auto key = ReadNewFileKey(flags.key, flags.device, path);
  if (!key) return Fail(std::move(key));
  if (auto made = CreateFileKey(*started.library, *key); !made) return Fail(std::move(made));
  auto reference = KeyReference::Parse(path, KeyReference::Use::kPrivateKey);
  if (!reference) return Fail(std::move(reference));
  auto opener = IdentityOpener::Create(
      *started.library, SpecFor(*started.opener.spec(), *std::move(reference),
                                SecretSource::FromSecret(std::move(key->passphrase))));
  if (!opener) return Fail(std::move(opener));
  return opener->OpenKey();
}

/// An opener for a device's key, which may be missing yet.
Result<IdentityOpener> OpenerFor(StartedOpener& started, const KeyHome& home,
                                 const std::string& place, const FirstKeyFlags& flags) {
  std::optional<SecretSource> secret = GivenSecret(*started.opener.spec());
  if (home.kind == KeyHome::Kind::kToken) {
    auto prepared = PrepareToken(started, home, flags);
    if (!prepared) return Fail(std::move(prepared));
    secret = *std::move(prepared);
  }
  auto reference = KeyReference::Parse(place, KeyReference::Use::kPrivateKey);
  if (!reference) return Fail(std::move(reference));
  return IdentityOpener::Create(
      *started.library, SpecFor(*started.opener.spec(), *std::move(reference), std::move(secret)),
      AskAtTerminal);
}

Result<KeyPtr> MakeDeviceKey(IdentityOpener& opener, const KeyHome& home, const std::string& place,
                             NewKeyOptions options) {
  const bool in_file = home.kind == KeyHome::Kind::kTpmFile;
  if (in_file) options.out = place;
  auto wishes = ReadNewKey(options);
  if (!wishes) return Fail(std::move(wishes));
  auto reference =
      KeyReference::Parse(in_file ? kFilesOfTheTpm : place, KeyReference::Use::kPrivateKeyToChange);
  if (!reference) return Fail(std::move(reference));
  const auto made = CreateKey(opener.keys(), *std::move(reference), *std::move(wishes));
  if (!made) return Fail(made);
  return opener.OpenKey();
}

}  // namespace

Result<void> CheckFirstKey(const KeyHome& home, const FirstKeyFlags& flags) {
  if (home.kind != KeyHome::Kind::kToken && !flags.so_passin.empty()) {
    return Fail(ErrorCode::kUsage, "--so-passin is for a new token alone");
  }
  if (home.kind == KeyHome::Kind::kFile) return {};  // ReadNewFileKey() checks them
  if (home.kind == KeyHome::Kind::kToken) {
    return CheckNewKey(flags.key, flags.device, *FindScheme("pkcs11:"));
  }
  if (!flags.device.passin.empty()) {
    return Fail(ErrorCode::kUsage,
                "--passin does not apply: init makes TPM keys without auth value",
                "credmint key create makes one with an auth value");
  }
  NewKeyOptions options = flags.key;
  const bool in_file = home.kind == KeyHome::Kind::kTpmFile;
  if (in_file) options.out = "key";
  return CheckNewKey(options, flags.device, *FindScheme(in_file ? kFilesOfTheTpm : "handle:"));
}

Result<KeyPtr> MakeFirstKey(StartedOpener& started, const KeyHome& home, const std::string& place,
                            const FirstKeyFlags& flags,
                            const std::function<Result<void>(const std::string&)>& may_use) {
  if (home.kind == KeyHome::Kind::kFile) return MakePlainKey(started, place, flags);
  auto opener = OpenerFor(started, home, place, flags);
  if (!opener) return Fail(std::move(opener));
  if (home.kind == KeyHome::Kind::kTpmFile) {
    return MakeDeviceKey(*opener, home, place, flags.key);
  }
  auto present = opener->OpenKey();
  if (!present && present.error().code == ErrorCode::kKeyNotFound) {
    return MakeDeviceKey(*opener, home, place, flags.key);
  }
  if (!present) return present;
  if (auto may = may_use(place); !may) return Fail(std::move(may));
  return present;
}

}  // namespace credmint::cli
