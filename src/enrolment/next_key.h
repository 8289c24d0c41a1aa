// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "enrolment/renewal_record.h"
#include "identity/identity_opener.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {

/// The key that replaces the present one of an opener's spec, from its making to the deletion of
/// the earlier one. The certificate always decides which of the two is used:
///
/// * In a device, it is an object of its own beside the present one. It gets another id, or the
/// next
///   free number. The spec's reference names neither (KeyReference::NamesOneKey()).
/// * In a file, it is written beside the file first, then in front of the present key in the same
///   file. The file must be PEM, and hold the key alone.
///
/// Places are URIs or whole paths, without secrets, so that they can be recorded before something
/// is made. A place is not enough to know a key by, as others may use it meanwhile: its public key
/// has to be the recorded one. An id on a token is random, so nobody else has it. A key that
/// belongs to the certificate in use is never deleted.
class NextKey {
 public:
  /// Both must outlive it. `owner_auth` is the secret of the device's owner, for keys there.
  NextKey(const LibraryContext& context, IdentityOpener& opener, const Secret& owner_auth)
      : context_(context), opener_(opener), owner_auth_(owner_auth) {}

  struct Places {
    std::string present;
    std::string next;
  };

  /// Finds the place of the key of `leaf`, and chooses one for the next. Changes nothing. Fails
  /// with kUsage if the key cannot be replaced where it is.
  Result<Places> Choose(const Certificate& leaf);

  /// A chosen place, and the digest of the public key that was made there; empty: unknown.
  struct Made {
    std::string place;
    std::string digest;
  };

  /// Whether a key at this place can be told from one that somebody else has put there.
  [[nodiscard]] bool IsKnown(const Made& made) const;

  /// The key at a chosen place, which is made if it is missing. It has the type of the key of
  /// `leaf`, and its secret. Fails with kKeyUnusable if another key is there.
  Result<std::shared_ptr<const SigningKey>> Make(const Made& made, const Certificate& leaf);
  Result<std::shared_ptr<const SigningKey>> Open(const Made& made);

  /// Lets the spec's reference find the new key as well. Says where that of `replaced` is then.
  Result<OldKey> PutBeside(const Places& places, const Certificate& replaced);

  /// Deletes a key that was made and is not used, if it is there and known.
  Result<void> Discard(const Made& made, const Certificate& in_use);

  /// The digest by which a key is known again.
  static std::string DigestOf(const EVP_PKEY* key);

  enum class Fate {
    kDeleted,
    kStays,      ///< for now: the device has a certificate of it
    kForgotten,  ///< it is in use again, or was removed by somebody else
  };

  /// Deletes an earlier key.
  Result<Fate> Delete(const OldKey& old, const Certificate& in_use);

 private:
  [[nodiscard]] KeyReference Reference() const;
  [[nodiscard]] bool IsInFile() const { return Reference().is_path(); }
  [[nodiscard]] Result<Places> ChooseFile() const;
  [[nodiscard]] Result<Secret> SecretOfNew() const;
  [[nodiscard]] Result<void> MakeInFile(const std::string& path, const std::string& type);
  [[nodiscard]] Result<void> MakeInDevice(const std::string& uri, const std::string& type);
  [[nodiscard]] std::string WholePath() const;
  [[nodiscard]] bool HasOwnId() const;
  Result<Fate> DeleteFromFile(const OldKey& old, const Certificate& in_use);

  const LibraryContext& context_;
  IdentityOpener& opener_;
  const Secret& owner_auth_;
};

}  // namespace credmint
