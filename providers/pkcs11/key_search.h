// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "pkcs11/found_key.h"
#include "pkcs11/load_request.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// Finds the private key that a URI means (CONTRACT section 9.3).
///
/// First it chooses the token. If several match, it takes the only one that shows, without login, a
/// certificate or public key that matches the URI. If the request has public keys, the object must
/// have one of them. Otherwise the search fails with kKeyAmbiguous, and no PIN is sent. It also
/// fails if one of the tokens cannot be read.
///
/// Then it logs in and collects candidates: the private keys that match the URI. If there are none,
/// candidates are the keys with the CKA_ID of a matching certificate or public key. It takes the
/// only candidate, or the only one with one of the request's public keys. Otherwise it fails with
/// kKeyAmbiguous and lists the candidates, each with a URI.
///
/// If the token does not show a key's public half, the key is asked for a signature
/// (ProvePublicKey()), unless that needs a PIN. Such a key is never chosen among several, because
/// the PIN may belong to another key. Alone, it is returned with its possible public keys.
///
/// On SoftHSM, another program's login hides token, PIN and key for a moment. The search therefore
/// looks again before it reports one of them missing (second_look.h).
class KeySearch {
 public:
  KeySearch(const Pkcs11Provider& provider, const LoadRequest& request,
            provider::PassphraseCallback passphrase)
      : provider_(provider), slots_(provider.slots()), request_(request), passphrase_(passphrase) {}

  /// Starts over once if what was remembered of the token is gone.
  Result<FoundKey> Find();

  /// Like Find(), but first drops everything that was remembered of the tokens.
  Result<FoundKey> FindAfterLoss();

 private:
  using Objects = std::vector<CK_OBJECT_HANDLE>;

  Result<FoundKey> FindOnce();
  [[nodiscard]] Result<std::shared_ptr<Slot>> ChooseSlot(
      const std::vector<std::shared_ptr<Slot>>& slots) const;
  [[nodiscard]] Result<bool> ShowsTheKey(Slot& slot) const;
  [[nodiscard]] Result<Objects> Candidates(const Session& session) const;
  [[nodiscard]] Result<Objects> CandidatesOnce(const Session& session) const;
  [[nodiscard]] Result<FoundKey> Choose(const std::shared_ptr<Slot>& slot, const Session& session,
                                        const Objects& candidates) const;
  [[nodiscard]] Result<FoundKey> ReadKey(const std::shared_ptr<Slot>& slot, const Session& session,
                                         CK_OBJECT_HANDLE object, bool may_sign) const;

  const Pkcs11Provider& provider_;
  SlotTable& slots_;
  const LoadRequest& request_;
  provider::PassphraseCallback passphrase_;
  bool saw_rewrite_ = false;  ///< during the last login
};

/// Whether a key that was found before is still in its place. Takes one call of the module. False
/// if a login may be needed first.
bool IsInItsPlace(const FoundKey& known);

/// SlotTable::Find(), which looks again for a missing token that the URI names (SecondLook).
Result<std::vector<std::shared_ptr<Slot>>> FindPatiently(
    SlotTable& slots, const std::shared_ptr<Module>& module, const Uri& uri,
    SlotTable::Unreadable unreadable = SlotTable::Unreadable::kFail,
    SlotTable::TimePoint recent = SlotTable::TimePoint::max());

/// FindPatiently() in the request's module. Returns at least one slot; fails with kTokenAbsent and
/// the labels of the other tokens if none matches.
Result<std::vector<std::shared_ptr<Slot>>> FindSlots(SlotTable& slots, const LoadRequest& request);

/// The error for a module without a matching token, with the labels of those that it shows.
tl::unexpected<Error> NoSlot(const Module& module);

/// The only one of FindSlots(). Fails with kKeyAmbiguous and a URI for each if there are several.
Result<std::shared_ptr<Slot>> FindOneSlot(SlotTable& slots, const LoadRequest& request);

/// Handles of the objects of a class that match the request's URI.
Result<std::vector<CK_OBJECT_HANDLE>> FindMatching(const LoadRequest& request,
                                                   const Session& session,
                                                   CK_OBJECT_CLASS object_class);

/// The error for several private keys, with a URI for each.
Error AmbiguousKeys(const Session& session, const std::vector<CK_OBJECT_HANDLE>& objects);

/// Slot::LogIn() with the PIN of the URI, or else the application's.
Result<void> LogIn(const LoadRequest& request, const provider::PassphraseCallback& passphrase,
                   Slot& slot, const Session& session);

}  // namespace credmint::pkcs11
