#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "common/key.h"
#include "common/passphrase_callback.h"
#include "pkcs11/pkcs11_provider.h"
#include "pkcs11/uri.h"

namespace credmint::pkcs11 {

/// Which kinds of object a load is about.
struct Wanted {
  bool private_key = false;
  bool public_key = false;
  bool certificates = false;
};

/// What a URI led to.
struct LoadedObjects {
  std::unique_ptr<provider::Key> private_key;
  std::unique_ptr<provider::Key> public_key;
  std::vector<Bytes> certificates;  ///< DER
};

/// Finds what a URI means on the tokens of one module.
///
/// A private key must be on exactly one matching token and be the only match there: kKeyNotFound or
/// kKeyAmbiguous otherwise, with the candidates. Logging in comes first for it. Where the URI's
/// label is only that of a certificate, the key with that certificate's CKA_ID is meant.
/// Certificates and public keys are collected from every matching token without login; if there are
/// none and exactly one token matches, it is logged in to and searched again (CONTRACT
/// section 9.3).
class ObjectLoader {
 public:
  ObjectLoader(const Pkcs11Provider& provider, const Uri& uri, const std::string& module_path,
               provider::PassphraseCallback passphrase, const std::optional<Secret>& context_pin)
      : provider_(provider),
        uri_(uri),
        module_path_(module_path),
        passphrase_(passphrase),
        context_pin_(context_pin) {}

  Result<LoadedObjects> Load(Wanted wanted);

 private:
  Result<std::unique_ptr<provider::Key>> LoadPrivateKey(const std::shared_ptr<Slot>& slot);
  Result<std::unique_ptr<provider::Key>> MakeKey(const std::shared_ptr<Slot>& slot,
                                                 const Session& session, CK_OBJECT_HANDLE object);
  Result<void> LoadPublic(const std::vector<std::shared_ptr<Slot>>& slots, Wanted wanted,
                          LoadedObjects& loaded);
  Result<void> SearchPublic(Slot& slot, bool log_in, Wanted wanted, LoadedObjects& loaded);
  Result<void> LogIn(Slot& slot, const Session& session);
  Result<Secret> ContextPin(const Slot& slot);
  Result<std::vector<CK_OBJECT_HANDLE>> FindPrivateKeys(const Slot& slot, const Session& session);
  Result<std::vector<CK_OBJECT_HANDLE>> Find(const Slot& slot, const Session& session,
                                             CK_OBJECT_CLASS object_class);
  Error Ambiguous(const Slot& slot, const Session& session,
                  const std::vector<CK_OBJECT_HANDLE>& objects);

  const Pkcs11Provider& provider_;
  const Uri& uri_;
  const std::string& module_path_;
  provider::PassphraseCallback passphrase_;
  const std::optional<Secret>& context_pin_;
};

}  // namespace credmint::pkcs11
