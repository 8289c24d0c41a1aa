// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/key_loader.h"

#include <utility>

#include "tpm2/signing/public_area.h"
#include "tpm2/signing/tpm_key.h"

namespace credmint::tpm2 {
namespace {

using provider::Key;

std::unique_ptr<Key> MakeKey(const Tpm2Provider& provider, std::shared_ptr<Tpm> tpm,
                             PublicArea area, std::unique_ptr<KeySource> source, Secret auth,
                             LoadedKey loaded) {
  auto key = std::make_unique<Key>();
  key->provider = &provider;
  key->public_key = area.public_key;
  const provider::EmsaPss pss(provider.digests(), provider.core().context());
  key->private_key = std::make_shared<const TpmKey>(
      std::move(tpm), std::move(area), pss, std::move(source), std::move(auth), std::move(loaded));
  return key;
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

Result<std::unique_ptr<Key>> KeyLoader::Load(const HandleUri& uri) const {
  auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(std::move(tpm));
  auto source = std::make_unique<PersistentKey>(uri.handle);
  auto loaded = source->Load(*tpm, Secret());
  if (!loaded) return Fail(std::move(loaded));
  const auto blob = source->ReadPublic(**tpm, loaded->object, provider_.digests());
  if (!blob) return Fail(blob);
  auto area = ReadPersistentPublicArea(*blob);
  if (!area) return Fail(std::move(area));
  Secret auth;
  const bool may_have_auth = secrets_.ask_auth && area->counts_tries;
  if (uri.has_auth || may_have_auth) {
    auto asked = AskAuth(source->name(),
                         uri.has_auth ? PassphraseKind::kTpmAuth : PassphraseKind::kTpmAuthIfAny);
    if (!asked) return Fail(std::move(asked));
    auth = *std::move(asked);
  }
  const auto hold = (*tpm)->Hold();
  if (uri.has_auth || !auth.empty()) {
    auto session = SessionFor(*tpm, auth, {nullptr, uri.handle != kStorageRootKey});
    if (!session) return Fail(session, "starting a TPM session");
    loaded->session = *std::move(session);
  }
  return MakeKey(provider_, *std::move(tpm), *std::move(area), std::move(source), std::move(auth),
                 *std::move(loaded));
}

Result<std::unique_ptr<Key>> KeyLoader::Load(const Tss2KeyFile& file) const {
  auto area = ReadPublicArea(file.public_area);
  if (!area) return Fail(std::move(area));
  const bool under_policy = area->has_policy && !file.policy.empty();
  if (area->needs_policy && !under_policy) {
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
  const auto hold = (*tpm)->Hold();
  auto loaded = source->Load(*tpm, auth);
  if (!loaded) return Fail(std::move(loaded));
  return MakeKey(provider_, *std::move(tpm), *std::move(area), std::move(source), std::move(auth),
                 *std::move(loaded));
}

}  // namespace credmint::tpm2
