// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/key_loader.h"

#include <fmt/format.h>

#include <utility>

#include "tpm2/keyfile/tss2_key_writer.h"
#include "tpm2/signing/public_area.h"
#include "tpm2/signing/tpm_key.h"

namespace credmint::tpm2 {
namespace {

using provider::Key;

/// Whether a wrong auth value of the key is counted in this role.
bool CountsTries(const PublicArea& area, const TPM2B_PUBLIC& public_area, KeyLoader::Role role) {
  if (role == KeyLoader::Role::kUser) return area.counts_tries;
  return (public_area.publicArea.objectAttributes & TPMA_OBJECT_NODA) == 0;
}

/// An auth value must not be tried on another key: the TPM counts it.
Result<void> CheckStillThere(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE handle,
                             const TpmObject& known) {
  const auto asked = TpmObject::Open(tpm, handle);
  if (!asked) return Fail(asked, "asking for TPM key " + FormatHandle(handle));
  if (!known.IsLost()) return {};
  return Fail(ErrorCode::kDeviceLost,
              "another key has taken the place of TPM key " + FormatHandle(handle));
}

}  // namespace

KeyLoader::KeyLoader(const Tpm2Provider& provider, std::optional<std::string> tcti,
                     provider::PassphraseCallback passphrase, const KeySecrets& secrets)
    : provider_(provider), tcti_(std::move(tcti)), passphrase_(passphrase), secrets_(secrets) {}

Result<Secret> KeyLoader::AskAuth(const std::string& key_name, PassphraseKind kind) const {
  auto auth = passphrase_.Ask({kind, key_name});
  if (!auth) return auth;
  if (auto fits = CheckAuthSize(*auth, "auth value of " + key_name); !fits) {
    return Fail(std::move(fits));
  }
  return auth;
}

std::unique_ptr<Key> KeyLoader::MakeKey(OpenedKey opened) const {
  auto key = std::make_unique<Key>();
  key->provider = &provider_;
  key->public_key = opened.area.public_key;
  const provider::EmsaPss pss(provider_.digests(), provider_.core().context());
  key->private_key = std::make_shared<const TpmKey>(
      std::move(opened.tpm), std::move(opened.area), pss, std::move(opened.source),
      std::move(opened.auth), std::move(opened.loaded));
  return key;
}

Result<std::unique_ptr<Key>> KeyLoader::Load(const HandleUri& uri,
                                             std::span<const provider::PublicKey> halves) const {
  const std::string name = fmt::format("{} {}", tcti_.value_or(""), FormatHandle(uri.handle));
  auto& known_keys = provider_.known_keys();
  auto known = uri.has_auth ? std::nullopt : known_keys.Find(name, halves);
  const bool is_known = known.has_value();
  auto opened = Open(uri, Role::kUser, is_known ? *std::move(known) : Bytes());
  if (!opened) return Fail(std::move(opened));
  const bool is_noted = !halves.empty() && opened->auth.empty();
  Bytes written = is_noted ? opened->loaded.object.Write() : Bytes();
  auto key = MakeKey(*std::move(opened));
  if (written.empty()) return key;
  const provider::PublicKey half = key->public_key;
  provider::NotedKey::Notes notes{
      .worked = [&known_keys, name, half,
                 written = std::move(written)] { known_keys.Remember(name, half, written); },
      .failed = [&known_keys, name, half] { known_keys.Forget(name, half); }};
  key->private_key = std::make_shared<const provider::NotedKey>(
      provider_, half, std::move(key->private_key), is_known, std::move(notes));
  return key;
}

Result<std::unique_ptr<Key>> KeyLoader::Load(const Tss2KeyFile& file) const {
  auto opened = Open(file, Role::kUser);
  if (!opened) return Fail(std::move(opened));
  auto key = MakeKey(*std::move(opened));
  if (!provider_.core().is_builtin()) key->file = CopyTss2KeyFile(file).value_or("");
  return key;
}

Result<OpenedKey> KeyLoader::Open(const HandleUri& uri, Role role, Bytes written) const {
  const bool is_known = !written.empty();
  auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(std::move(tpm));
  auto source = std::make_unique<PersistentKey>(uri.handle, std::move(written));
  auto loaded = source->Load(*tpm, Secret());
  if (!loaded) return Fail(std::move(loaded));
  const auto blob = source->ReadPublic(**tpm, loaded->object, provider_.digests());
  if (!blob) return Fail(blob);
  auto area = role == Role::kUser ? ReadPersistentPublicArea(*blob) : ReadPublicArea(*blob);
  if (!area) return Fail(std::move(area));
  Secret auth;
  const bool may_have_auth = secrets_.ask_auth && CountsTries(*area, *blob, role);
  if (uri.has_auth || may_have_auth) {
    auto asked = AskAuth(source->name(),
                         uri.has_auth ? PassphraseKind::kTpmAuth : PassphraseKind::kTpmAuthIfAny);
    if (!asked) return Fail(std::move(asked));
    auth = *std::move(asked);
  }
  if (!auth.empty() && is_known) {
    if (auto checked = CheckStillThere(*tpm, uri.handle, loaded->object); !checked) {
      return Fail(std::move(checked));
    }
  }
  auto hold = (*tpm)->Hold();
  if (uri.has_auth || !auth.empty()) {
    auto session = SessionFor(*tpm, auth, {nullptr, uri.handle != kStorageRootKey});
    if (!session) return Fail(session, "starting a TPM session");
    loaded->session = *std::move(session);
  }
  return OpenedKey{*std::move(tpm), *std::move(area),   *blob,          std::move(source),
                   std::move(auth), *std::move(loaded), std::move(hold)};
}

Result<OpenedKey> KeyLoader::Open(const Tss2KeyFile& file, Role role) const {
  auto area = ReadPublicArea(file.public_area);
  if (!area) return Fail(std::move(area));
  const bool is_user = role == Role::kUser;
  const bool under_policy = is_user && area->has_policy && !file.policy.empty();
  if (is_user && area->needs_policy && !under_policy) {
    return Fail(ErrorCode::kKeyUnusable,
                "the TPM key can be used only under a policy, which its file does not have",
                "make the file again with the policy in it");
  }
  const bool lacks_signed = file.policy.Placeholder() && file.policy.signed_policies.empty();
  if (under_policy && lacks_signed) {
    return Fail(ErrorCode::kKeyUnusable,
                "the TPM key file needs a signed policy and there is none in it",
                Remedy::kSignPolicy);
  }
  auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(std::move(tpm));
  auto fits = CheckAuthSize(secrets_.parent_auth, "parent's auth value");
  if (fits) fits = CheckAuthSize(secrets_.policy_auth, "auth value for the policy");
  if (!fits) return Fail(std::move(fits));
  Tss2KeyFile used = file;
  if (!under_policy) used.policy = {};
  const bool needs_auth = !file.empty_auth && (!under_policy || file.policy.NeedsAuthValue());
  auto source = std::make_unique<KeyFileKey>(
      std::move(used), secrets_.parent_auth.Clone(),
      PolicyCredentials{secrets_.policy_auth.Clone(), secrets_.policy_signer,
                        provider_.core().digest_context()});
  Secret auth;
  if (needs_auth) {
    auto asked = AskAuth(source->name());
    if (!asked) return Fail(std::move(asked));
    auth = *std::move(asked);
  }
  auto hold = (*tpm)->Hold();
  auto loaded = source->Load(*tpm, auth);
  if (!loaded) return Fail(std::move(loaded));
  return OpenedKey{*std::move(tpm), *std::move(area),   file.public_area, std::move(source),
                   std::move(auth), *std::move(loaded), std::move(hold)};
}

}  // namespace credmint::tpm2
