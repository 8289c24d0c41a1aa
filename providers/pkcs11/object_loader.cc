// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/object_loader.h"

#include <fmt/format.h>

#include "ossl/uri_file.h"
#include "pkcs11/object.h"
#include "pkcs11/public_half.h"
#include "pkcs11/token_key.h"

namespace credmint::pkcs11 {
namespace {

using provider::Key;

/// The name of a key among the known ones.
std::string NameOf(const LoadRequest& request) {
  return fmt::format("{} {}", request.module_path, request.uri.path());
}

/// The file that leads to a key again. A file must not decide which code runs, so it names no
/// module.
std::string FileOf(const Uri& uri) {
  return WriteUriFile("pkcs11:" + uri.path() + uri.pin_source()).value_or("");
}

/// Finds the same key again, without its application: the PIN must be in the URI or remembered.
Result<TokenObject> FindAgain(const Pkcs11Provider& provider, const LoadRequest& request,
                              const provider::PublicKey& expected) {
  auto found = KeySearch(provider, request, provider::PassphraseCallback::None()).FindAfterLoss();
  if (!found) {
    if (found.error().code != ErrorCode::kPinRequired) return Fail(std::move(found));
    return Fail(ErrorCode::kDeviceLost,  // who opens the key again gives the PIN again
                "the token wants its PIN again, which was not kept",
                "name it with pin-source in the URI, or set pkcs11-remember-pin");
  }
  // If a proof would cost a PIN, it suffices that this is the only key of the URI.
  const bool same = found->possible.empty() ? found->public_key == expected
                                            : found->possible == std::vector{expected};
  if (same) return found->place;
  return Fail(ErrorCode::kKeyNotFound,
              fmt::format("{} now holds another key", found->place.slot->Name()));
}

}  // namespace

Result<LoadedObjects> ObjectLoader::Load(Wanted wanted) {
  LoadedObjects loaded;
  if (wanted.private_key) {
    auto key = LoadPrivateKey();
    if (!key) return Fail(std::move(key));
    loaded.private_key = *std::move(key);
  }
  if (wanted.public_key || wanted.certificates) {
    auto searched = LoadPublic(wanted, loaded);
    if (!searched && !loaded.private_key) return Fail(std::move(searched));
  }
  return loaded;
}

Result<std::unique_ptr<Key>> ObjectLoader::LoadPrivateKey() {
  auto known = FindKnown();
  const bool is_known = known.has_value();
  auto found = is_known ? Result<FoundKey>(*std::move(known))
                        : KeySearch(provider_, *request_, passphrase_).Find();
  if (!found) return Fail(std::move(found));
  auto context_pin = ContextPin(*found);
  if (!context_pin) return Fail(std::move(context_pin));
  if (!found->possible.empty()) {
    auto proven =
        ProvePublicKey(provider_.core().context(), *found, *context_pin, request_->allow_final_try);
    if (!proven) return Fail(std::move(proven));
    found->public_key = *std::move(proven);
    found->possible.clear();
  }
  return MakeKey(*std::move(found), is_known, *std::move(context_pin));
}

std::optional<FoundKey> ObjectLoader::FindKnown() const {
  auto known = provider_.known_keys().Find(NameOf(*request_), request_->public_keys);
  return known && IsInItsPlace(*known) ? std::move(known) : std::nullopt;
}

std::unique_ptr<Key> ObjectLoader::MakeKey(FoundKey found, bool is_known,
                                           std::optional<Secret> context_pin) const {
  const provider::PublicKey half = found.public_key;
  auto again = std::make_shared<LoadRequest>(*request_);
  again->public_keys = {half};
  again->recent = SlotTable::TimePoint::max();
  auto on_token = std::make_shared<TokenKey>(
      found.place, found.mechanism, half.type, half.RawSignatureSize(), std::move(context_pin),
      request_->allow_final_try, [&provider = provider_, again = std::move(again)] {
        return FindAgain(provider, *again, again->public_keys.front());
      });
  auto key = std::make_unique<Key>();
  key->provider = &provider_;
  key->public_key = half;
  key->private_key = std::move(on_token);
  if (!provider_.core().is_builtin()) key->file = FileOf(request_->uri);
  if (request_->public_keys.empty()) return key;
  auto& known_keys = provider_.known_keys();
  provider::NotedKey::Notes notes{
      .worked = [&known_keys, name = NameOf(*request_),
                 found = std::move(found)] { known_keys.Remember(name, found.public_key, found); },
      .failed = [&known_keys, name = NameOf(*request_), half] { known_keys.Forget(name, half); }};
  key->private_key = std::make_shared<const provider::NotedKey>(
      provider_, half, std::move(key->private_key), is_known, std::move(notes));
  return key;
}

Result<std::optional<Secret>> ObjectLoader::ContextPin(const FoundKey& found) {
  using Pin = std::optional<Secret>;
  if (!found.facts.always_authenticate) return Pin();
  if (found.place.slot->HasProtectedPath()) return Pin(Secret());
  if (!context_pin_) {
    auto pin = passphrase_.Ask({PassphraseKind::kContextPin, found.place.slot->Name()});
    if (!pin) return Fail(std::move(pin));
    if (pin->empty()) return Fail(ErrorCode::kPinIncorrect, "the PIN given is empty");
    return Pin(*std::move(pin));
  }
  if (!context_pin_->empty()) return Pin(context_pin_->Clone());
  return Fail(
      ErrorCode::kContextPinRequired,
      fmt::format("the key on {} needs a PIN for each signature", found.place.slot->Name()));
}

Result<void> ObjectLoader::LoadPublic(Wanted wanted, LoadedObjects& loaded) {
  auto searched = LoadPublicOnce(wanted, loaded);
  if (searched || searched.error().code != ErrorCode::kDeviceLost) return searched;
  provider_.slots().Refresh();
  loaded = {std::move(loaded.private_key), nullptr, {}};
  return LoadPublicOnce(wanted, loaded);
}

Result<void> ObjectLoader::LoadPublicOnce(Wanted wanted, LoadedObjects& loaded) {
  const auto slots = FindSlots(provider_.slots(), *request_);
  if (!slots) return Fail(slots);
  const auto found = [&] { return loaded.public_key || !loaded.certificates.empty(); };
  Result<void> searched;
  for (const auto& slot : *slots) {
    auto one = SearchPublic(*slot, false, wanted, loaded);
    if (!one && one.error().code == ErrorCode::kKeyAmbiguous) return one;
    if (!one) searched = std::move(one);
  }
  if (!searched && !found()) return searched;  // one failing token does not hide the others
  if (!found() && slots->size() == 1 && slots->front()->NeedsLogin()) {
    searched = SearchPublic(*slots->front(), true, wanted, loaded);
    if (!searched) return searched;
  }
  if (found()) return {};
  return Fail(
      ErrorCode::kKeyNotFound,
      fmt::format("no {} on {} matches the URI", wanted.certificates ? "certificate" : "public key",
                  slots->size() == 1 ? slots->front()->Name() : "the matching tokens"),
      Remedy::kListToken);
}

Result<void> ObjectLoader::SearchPublic(Slot& slot, bool log_in, Wanted wanted,
                                        LoadedObjects& loaded) {
  const auto session = slot.OpenSession();
  if (!session) return Fail(session);
  if (log_in) {
    if (auto logged_in = LogIn(*request_, passphrase_, slot, *session); !logged_in) {
      return logged_in;
    }
  }
  if (wanted.certificates) {
    const auto objects = FindMatching(*request_, *session, CKO_CERTIFICATE);
    if (!objects) return Fail(objects);
    for (const CK_OBJECT_HANDLE object : *objects) {
      auto der = ReadCertificate(*session, object);
      if (der) loaded.certificates.push_back(*std::move(der));
    }
  }
  if (wanted.public_key) {
    return CollectPublicKeys(*session, loaded);
  }
  return {};
}

/// Fails if the keys differ, because a choice would be a guess.
Result<void> ObjectLoader::CollectPublicKeys(const Session& session, LoadedObjects& loaded) {
  const auto objects = FindMatching(*request_, session, CKO_PUBLIC_KEY);
  if (!objects) return Fail(objects);
  for (const CK_OBJECT_HANDLE object : *objects) {
    auto public_key = ReadPublicKeyObject(session, object);
    if (!public_key) continue;
    if (loaded.public_key && loaded.public_key->public_key != *public_key) {
      return Fail(ErrorCode::kKeyAmbiguous, "several public keys match the URI",
                  "add object=LABEL or id=%NN to the URI");
    }
    loaded.public_key = std::make_unique<Key>();
    loaded.public_key->provider = &provider_;
    loaded.public_key->public_key = *std::move(public_key);
  }
  return {};
}

}  // namespace credmint::pkcs11
