// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/key_search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pkcs11/module_advice.h"
#include "pkcs11/object_uri.h"
#include "pkcs11/public_half.h"
#include "pkcs11/second_look.h"

namespace credmint::pkcs11 {
namespace {

using Objects = std::vector<CK_OBJECT_HANDLE>;
using Slots = std::vector<std::shared_ptr<Slot>>;

constexpr std::size_t kMostShown = 8;
/// With more candidates than this, none is asked for a signature to prove its public key.
constexpr std::size_t kMostAsked = 32;

Error AmbiguousTokens(const Slots& slots) {
  std::vector<std::string> uris;
  for (const auto& slot : slots) uris.push_back(TokenUri(*slot));
  return {ErrorCode::kKeyAmbiguous,
          fmt::format("{} tokens match: {}", slots.size(), fmt::join(uris, ", ")),
          "add token=LABEL or serial=NUMBER to the URI"};
}

bool Contains(const std::vector<provider::PublicKey>& keys, const provider::PublicKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Adds the private keys that share the CKA_ID of another object.
void AddKeysBeside(const Session& session, CK_OBJECT_HANDLE other, Objects& keys) {
  const auto beside = FindById(session, CKO_PRIVATE_KEY, ReadNames(session, other).id);
  if (!beside) return;
  for (const CK_OBJECT_HANDLE key : *beside) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
}

}  // namespace

/// Sorts the URIs, because SoftHSM returns objects in a changing order.
Error AmbiguousKeys(const Session& session, const Objects& objects) {
  std::vector<std::string> uris;
  for (std::size_t i = 0; i < std::min(objects.size(), kMostShown); ++i) {
    uris.push_back(ObjectUri(session.slot(), CKO_PRIVATE_KEY, ReadNames(session, objects[i])));
  }
  std::sort(uris.begin(), uris.end());
  if (objects.size() > kMostShown) uris.emplace_back("...");
  return {ErrorCode::kKeyAmbiguous,
          fmt::format("{} private keys on {} match: {}", objects.size(), session.slot().Name(),
                      fmt::join(uris, ", ")),
          "add object=LABEL or id=%NN to the URI"};
}

bool IsInItsPlace(const FoundKey& known) {
  Slot& slot = *known.place.slot;
  if (!slot.HasLogin()) return false;
  const auto session = slot.OpenSession();
  if (!session || session->generation() != known.place.generation) return false;
  const auto facts = ReadPrivateKeyFacts(*session, known.place.handle);
  return facts && *facts == known.facts;
}

Result<Slots> FindPatiently(SlotTable& slots, const std::shared_ptr<Module>& module, const Uri& uri,
                            SlotTable::Unreadable unreadable, SlotTable::TimePoint recent) {
  auto found = slots.Find(module, uri, unreadable, recent);
  SecondLook again(*module);
  const auto is_missing = [&] { return found ? found->empty() : again.IsAtSoftHsm(); };
  while (uri.NamesToken() && is_missing()) {
    slots.CloseIdle(*module);  // such as the one that read a certificate
    if (!again.Take()) break;
    found = slots.Find(module, uri, unreadable);
  }
  return found;
}

Result<Slots> FindSlots(SlotTable& slots, const LoadRequest& request) {
  const auto module = Module::Load(request.module_path);
  if (!module) return Fail(module);
  auto found =
      FindPatiently(slots, *module, request.uri, SlotTable::Unreadable::kFail, request.recent);
  if (!found || !found->empty()) return found;
  return NoSlot(**module);
}

tl::unexpected<Error> NoSlot(const Module& module) {
  const std::vector<std::string> labels = SlotTable::TokenLabels(module);
  if (labels.empty()) return Fail(ExplainNoToken(module));
  return Fail(ErrorCode::kTokenAbsent,
              fmt::format("no token of {} matches the URI; it shows '{}'", module.path(),
                          fmt::join(labels, "', '")),
              Remedy::kCheckToken);
}

Result<std::shared_ptr<Slot>> FindOneSlot(SlotTable& slots, const LoadRequest& request) {
  auto found = FindSlots(slots, request);
  if (!found) return Fail(std::move(found));
  if (found->size() > 1) return Fail(AmbiguousTokens(*found));
  return found->front();
}

Result<Objects> FindMatching(const LoadRequest& request, const Session& session,
                             CK_OBJECT_CLASS object_class) {
  std::vector<CK_ATTRIBUTE> search = request.uri.ObjectTemplate();
  search.push_back({CKA_CLASS, &object_class, sizeof object_class});
  return FindObjects(session, std::move(search));
}

Result<void> LogIn(const LoadRequest& request, const provider::PassphraseCallback& passphrase,
                   Slot& slot, const Session& session) {
  LoginOptions options;
  options.allow_final_try = request.allow_final_try;
  options.remember_pin = request.remember_pin;
  options.ask_pin = [&]() -> Result<Secret> {
    auto pin = request.uri.Pin();
    if (!pin) return Fail(std::move(pin));
    if (*pin) return **std::move(pin);
    return passphrase.Ask({PassphraseKind::kTokenPin, slot.Name()});
  };
  return slot.LogIn(session, options);
}

Result<FoundKey> KeySearch::Find() {
  auto found = FindOnce();
  if (!found && found.error().code == ErrorCode::kDeviceLost) found = FindAfterLoss();
  for (Patience patience; !found && saw_rewrite_ && patience.Wait();) found = FindAfterLoss();
  return found;
}

Result<FoundKey> KeySearch::FindAfterLoss() {
  slots_.Refresh();
  return FindOnce();
}

Result<FoundKey> KeySearch::FindOnce() {
  saw_rewrite_ = false;
  const auto slots = FindSlots(slots_, request_);
  if (!slots) return Fail(slots);
  const auto slot = ChooseSlot(*slots);
  if (!slot) return Fail(slot);
  const auto session = (*slot)->OpenSession();
  if (!session) return Fail(session);
  auto logged_in = LogIn(request_, passphrase_, **slot, *session);
  saw_rewrite_ = !logged_in && (*slot)->SawRewrite();
  if (!logged_in) return Fail(std::move(logged_in));
  auto candidates = Candidates(*session);
  if (!candidates) return Fail(std::move(candidates), (*slot)->Name());
  return Choose(*slot, *session, *candidates);
}

Result<std::shared_ptr<Slot>> KeySearch::ChooseSlot(const Slots& slots) const {
  if (slots.size() == 1) return slots.front();
  Slots showing;
  if (!request_.uri.ObjectTemplate().empty() || !request_.public_keys.empty()) {
    for (const auto& slot : slots) {
      // An unreadable token may be the right one, so no other token gets its PIN.
      const auto shows = ShowsTheKey(*slot);
      if (!shows) return Fail(shows);
      if (*shows) showing.push_back(slot);
    }
  }
  if (showing.size() == 1) return showing.front();
  return Fail(AmbiguousTokens(showing.empty() ? slots : showing));
}

Result<bool> KeySearch::ShowsTheKey(Slot& slot) const {
  const auto session = slot.OpenSession();
  if (!session) return Fail(session);
  auto certificates = FindMatching(request_, *session, CKO_CERTIFICATE);
  if (!certificates) return Fail(std::move(certificates), slot.Name());
  auto public_keys = FindMatching(request_, *session, CKO_PUBLIC_KEY);
  if (!public_keys) return Fail(std::move(public_keys), slot.Name());
  if (request_.public_keys.empty()) return !certificates->empty() || !public_keys->empty();
  const auto is_meant = [&](const Result<provider::PublicKey>& key) {
    return key && Contains(request_.public_keys, *key);
  };
  return std::any_of(public_keys->begin(), public_keys->end(),
                     [&](CK_OBJECT_HANDLE object) {
                       return is_meant(ReadPublicKeyObject(*session, object));
                     }) ||
         std::any_of(certificates->begin(), certificates->end(), [&](CK_OBJECT_HANDLE object) {
           const auto der = ReadCertificate(*session, object);
           return der && is_meant(ReadCertifiedKey(*der));
         });
}

Result<Objects> KeySearch::Candidates(const Session& session) const {
  auto keys = CandidatesOnce(session);
  const bool is_patient = IsSoftHsm(session.slot().token());
  for (Patience patience; is_patient && keys && keys->empty() && patience.Wait();) {
    keys = CandidatesOnce(session);
  }
  return keys;
}

Result<Objects> KeySearch::CandidatesOnce(const Session& session) const {
  auto keys = FindMatching(request_, session, CKO_PRIVATE_KEY);
  if (!keys || !keys->empty()) return keys;
  for (const CK_OBJECT_CLASS beside : {CKO_CERTIFICATE, CKO_PUBLIC_KEY}) {
    const auto others = FindMatching(request_, session, beside);
    if (!others) return Fail(others);
    for (const CK_OBJECT_HANDLE other : *others) AddKeysBeside(session, other, *keys);
  }
  return keys;
}

Result<FoundKey> KeySearch::Choose(const std::shared_ptr<Slot>& slot, const Session& session,
                                   const Objects& candidates) const {
  if (candidates.size() == 1) return ReadKey(slot, session, candidates.front(), true);
  if (candidates.empty()) {
    // The key is also hidden if the login has ended in the meantime.
    const auto logged_in = slot->NeedsLogin() ? slot->ConfirmLogin(session) : Result<bool>(true);
    if (logged_in && !*logged_in) {
      return Fail(ErrorCode::kDeviceLost, fmt::format("the login to {} is gone", slot->Name()));
    }
    return Fail(ErrorCode::kKeyNotFound,
                fmt::format("no private key on {} matches the URI", slot->Name()),
                Remedy::kListToken);
  }
  std::optional<FoundKey> chosen;
  Objects meant;
  for (const CK_OBJECT_HANDLE object : candidates) {
    if (request_.public_keys.empty()) break;
    auto key = ReadKey(slot, session, object, candidates.size() <= kMostAsked);
    if (!key && key.error().code == ErrorCode::kDeviceLost) return key;
    if (!key || !Contains(request_.public_keys, key->public_key)) continue;
    // The same key under a second name is not a second key.
    if (chosen && chosen->public_key == key->public_key) continue;
    meant.push_back(object);
    if (!chosen) chosen = *std::move(key);
  }
  if (meant.size() > 1) return Fail(AmbiguousKeys(session, meant));
  if (chosen) return *std::move(chosen);
  return Fail(AmbiguousKeys(session, candidates));
}

Result<FoundKey> KeySearch::ReadKey(const std::shared_ptr<Slot>& slot, const Session& session,
                                    CK_OBJECT_HANDLE object, bool may_sign) const {
  auto facts = ReadPrivateKeyFacts(session, object);
  if (!facts) return Fail(std::move(facts));
  FoundKey found{{slot, session, object}, *std::move(facts), {}, {}};
  auto public_key = ReadPublicKey(session, object, found.facts);
  if (!public_key) {
    const ErrorCode code = public_key.error().code;
    if (code != ErrorCode::kKeyUnusable && code != ErrorCode::kKeyAmbiguous) {
      return Fail(std::move(public_key));
    }
    found.possible = PossiblePublicKeys(session, object, found.facts.type, request_.public_keys);
    const bool cannot_tell = request_.public_keys.empty() || !IsSigningType(found.facts.type);
    if (found.possible.empty() && cannot_tell) return Fail(std::move(public_key));
    const bool is_asked = may_sign && !found.facts.always_authenticate;
    if (!is_asked && !found.possible.empty()) return found;
    auto proven =
        ProvePublicKey(provider_.core().context(), found, std::nullopt, request_.allow_final_try);
    const bool unknown = !proven && proven.error().code == ErrorCode::kKeyMismatch;
    if (unknown && request_.public_keys.empty()) return Fail(std::move(public_key));
    public_key = std::move(proven);
    if (!public_key) return Fail(std::move(public_key));
  }
  found.public_key = *std::move(public_key);
  found.possible.clear();
  return found;
}

}  // namespace credmint::pkcs11
