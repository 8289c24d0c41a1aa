// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "pkcs11/load_request.h"
#include "pkcs11/object.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// A private key, and where it is.
struct FoundKey {
  std::shared_ptr<Slot> slot;
  CK_OBJECT_HANDLE object = 0;
  PrivateKeyFacts facts;
  provider::PublicKey public_key;  ///< nothing yet if there are possible ones
  /// What `public_key` may be: the token does not tell, and the key wants a PIN for the signature
  /// that would.
  std::vector<provider::PublicKey> possible;
};

/// Finds the private key that a URI means (CONTRACT section 9.3).
///
/// It must be on one token: of several that match, the only one where, without login, a certificate
/// or public key of the URI (and with one of the request's public keys) shows up; else
/// kKeyAmbiguous, and none is logged in to; nor if one of them cannot be asked. There, logged in:
/// the private keys that match; if none does, those with the CKA_ID of a certificate that matches;
/// of several, the only one with one of the request's public keys, else kKeyAmbiguous. Candidates
/// are listed with a URI each.
///
/// A key whose public half the token does not show is asked for a signature (ProvePublicKey), but
/// not one that wants a PIN for it: among several it is not taken, because the PIN may be another
/// key's, and alone it is returned with the possible public keys.
///
/// On a token of SoftHSM, which another program's login hides for a moment, the token, its PIN and
/// the key are looked for again before they are said to be missing (second_look.h).
class KeySearch {
 public:
  KeySearch(const Pkcs11Provider& provider, const LoadRequest& request,
            provider::PassphraseCallback passphrase)
      : provider_(provider), slots_(provider.slots()), request_(request), passphrase_(passphrase) {}

  /// Starts once anew when what was remembered of the token turns out to be gone.
  Result<FoundKey> Find();

  /// Trusts nothing that was remembered of the tokens.
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
  bool saw_rewrite_ = false;  ///< the last login
};

/// SlotTable::Find; a token that the URI names and that is missing is looked for again
/// (SecondLook).
Result<std::vector<std::shared_ptr<Slot>>> FindPatiently(
    SlotTable& slots, const std::shared_ptr<Module>& module, const Uri& uri,
    SlotTable::Unreadable unreadable = SlotTable::Unreadable::kFail);

/// The slots of the request's module whose tokens match; at least one, else kKeyNotFound with the
/// labels of those that do not. FindPatiently().
Result<std::vector<std::shared_ptr<Slot>>> FindSlots(SlotTable& slots, const LoadRequest& request);

/// That no token of the module matches, with the labels that it shows.
tl::unexpected<Error> NoSlot(const Module& module);

/// The only one of FindSlots(); kKeyAmbiguous, with a URI for each, if there are more.
Result<std::shared_ptr<Slot>> FindOneSlot(SlotTable& slots, const LoadRequest& request);

/// Handles of the objects of a class that the request's URI matches.
Result<std::vector<CK_OBJECT_HANDLE>> FindMatching(const LoadRequest& request,
                                                   const Session& session,
                                                   CK_OBJECT_CLASS object_class);

/// Slot::LogIn with the PIN of the URI, else the application's.
Result<void> LogIn(const LoadRequest& request, const provider::PassphraseCallback& passphrase,
                   Slot& slot, const Session& session);

}  // namespace credmint::pkcs11
