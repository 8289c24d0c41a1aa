// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/scheme_table.h"
#include "ossl/handles.h"
#include "ossl/read_store.h"

namespace credmint {

/// A change that KeyOpener::Change() makes in a device, or a statement that it has a device make.
/// Each back end that can do it has loader parameters for it (scheme_table.h). src/enrolment has a
/// function for each kind.
struct DeviceChange {
  enum class Kind {
    kCreateKey,
    kFindKeyToDelete,  ///< changes nothing; shows what kDeleteKey would delete
    kDeleteKey,
    kSignPolicy,  ///< changes no device, but the file of its key
    kInitToken,
    kStoreCertificate,
    kAttest,           ///< changes nothing; shows evidence of where the key is
    kAnswerChallenge,  ///< changes nothing; shows what only the device could decrypt
  };

  Kind kind = Kind::kFindKeyToDelete;
  std::string key_type = {};  ///< kCreateKey: "ec-p256"
  Bytes key_id = {};          ///< kCreateKey: the id that the key gets; empty: by its public key
  bool beside = false;        ///< kCreateKey: another key may have its label, but not its id
  /// kCreateKey: the handle of the key's parent; empty: the back end has one.
  std::string key_parent = {};
  /// kCreateKey, kSignPolicy: parts of the machine's state, "sha256:0,7". The key can be used only
  /// as long as they are as they are now.
  std::string key_state = {};
  /// kCreateKey, kSignPolicy: further conditions for using the key, in a form of the back end.
  Bytes key_policy = {};
  /// kCreateKey: the key can be used only under conditions that the policy signer (KeyOpener)
  /// signs.
  bool under_authority = false;
  Secret key_auth = {};          ///< kCreateKey: the key's own secret; empty: none
  bool tries_uncounted = false;  ///< kCreateKey: wrong values of key_auth lock nothing
  /// kStoreCertificate: the DER of the leaf and of its issuers.
  Bytes certificates = {};
  /// kStoreCertificate: earlier certificates of the key stay. kSignPolicy: earlier signed ones do.
  bool keep_old = false;
  bool overwrite = false;  ///< kStoreCertificate: one of another key may be replaced
  /// kStoreCertificate: the DER of the certificate of another key that may be replaced. Where the
  /// back end cannot tell, any one may be.
  Bytes replaced = {};
  /// kCreateKey, kDeleteKey, kStoreCertificate: the secret of the device's owner.
  Secret owner_auth = {};
  Secret so_pin = {};    ///< kInitToken
  Secret user_pin = {};  ///< kInitToken
  Bytes nonce = {};      ///< kAttest: the verifier's
  Bytes challenge = {};  ///< kAnswerChallenge: what the verifier encrypted
  /// kAttest, kAnswerChallenge: the secret that the device's identity is used with.
  Secret endorsement_auth = {};

  /// Whether it uses a private key, as a signature does.
  [[nodiscard]] bool UsesKey() const { return kind == Kind::kAttest; }
  /// Whether the key may be in a file that only its device can decrypt.
  [[nodiscard]] bool MayBeFile() const {
    return UsesKey() || kind == Kind::kAnswerChallenge || kind == Kind::kSignPolicy;
  }
};

/// Adds the change to the options with which its device is opened, as parameters of the back end.
/// Fails with kUsage for a change or a wish that the back end does not know.
Result<void> SetChange(const Scheme& scheme, const DeviceChange& change, StoreOptions& options);

}  // namespace credmint
