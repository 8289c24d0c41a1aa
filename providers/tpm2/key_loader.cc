#include "tpm2/key_loader.h"

#include <fmt/format.h>

#include <utility>

#include "tpm2/public_area.h"
#include "tpm2/tpm_key.h"

namespace credmint::tpm2 {
namespace {

using provider::Key;

std::unique_ptr<Key> MakeKey(const Tpm2Provider& provider, std::shared_ptr<Tpm> tpm,
                             PublicArea area, std::unique_ptr<KeySource> source, Secret auth,
                             LoadedKey loaded) {
  auto key = std::make_unique<Key>();
  key->provider = &provider;
  key->public_key = std::move(area.public_key);
  key->private_key = std::make_shared<const TpmKey>(std::move(tpm), area.scheme, std::move(source),
                                                    std::move(auth), std::move(loaded));
  return key;
}

}  // namespace

KeyLoader::KeyLoader(const Tpm2Provider& provider, std::optional<std::string> tcti,
                     provider::PassphraseCallback passphrase, const Secret& parent_auth)
    : provider_(provider),
      tcti_(std::move(tcti)),
      passphrase_(passphrase),
      parent_auth_(parent_auth) {}

Result<Secret> KeyLoader::AskAuth(const std::string& key_name, std::size_t max_size) const {
  auto auth = passphrase_.Ask({PassphraseKind::kTpmAuth, key_name});
  if (auth && auth->size() > max_size) {
    return Fail(ErrorCode::kPinIncorrect,
                fmt::format("the auth value has {} bytes, but that of {} has at most {}",
                            auth->size(), key_name, max_size));
  }
  return auth;
}

Result<std::unique_ptr<Key>> KeyLoader::Load(const HandleUri& uri) const {
  auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(std::move(tpm));
  auto source = std::make_unique<PersistentKey>(*tpm, uri.handle);
  auto loaded = source->Load(Secret());
  if (!loaded) return Fail(std::move(loaded));
  const auto blob = source->ReadPublic(loaded->object);
  if (!blob) return tl::unexpected(blob.error());
  auto area = ReadPublicArea(*blob);
  if (!area) return Fail(std::move(area), source->name());
  Secret auth;
  if (uri.has_auth) {
    auto asked = AskAuth(source->name(), area->max_auth_size);
    if (!asked) return Fail(std::move(asked));
    auth = *std::move(asked);
    auto session = SessionFor(*tpm, auth, nullptr);
    if (!session) return Fail(session, "starting a TPM session");
    loaded->session = *std::move(session);
  }
  return MakeKey(provider_, *std::move(tpm), *std::move(area), std::move(source), std::move(auth),
                 *std::move(loaded));
}

Result<std::unique_ptr<Key>> KeyLoader::Load(const Tss2KeyFile& file) const {
  if (file.has_policy) {
    return Fail(ErrorCode::kKeyUnusable,
                "the TPM key can be used only under a policy, which is not supported",
                "create a key that needs an auth value or nothing");
  }
  auto area = ReadPublicArea(file.public_area);
  if (!area) return Fail(std::move(area));
  auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(std::move(tpm));
  if (parent_auth_.size() > sizeof(TPMU_HA)) {
    return Fail(ErrorCode::kPinIncorrect, "the parent's auth value is longer than a TPM allows");
  }
  auto source = std::make_unique<WrappedKey>(*tpm, file, parent_auth_.Clone());
  Secret auth;
  if (!file.empty_auth) {
    auto asked = AskAuth(source->name(), area->max_auth_size);
    if (!asked) return Fail(std::move(asked));
    auth = *std::move(asked);
  }
  auto loaded = source->Load(auth);
  if (!loaded) return Fail(std::move(loaded));
  return MakeKey(provider_, *std::move(tpm), *std::move(area), std::move(source), std::move(auth),
                 *std::move(loaded));
}

}  // namespace credmint::tpm2
