// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "common/key.h"
#include "common/passphrase_callback.h"
#include "pkcs11/key_search.h"
#include "pkcs11/load_request.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// The kinds of objects that a load is about.
struct Wanted {
  bool private_key = false;
  bool public_key = false;
  bool certificates = false;
};

/// The objects that a URI led to.
struct LoadedObjects {
  std::unique_ptr<provider::Key> private_key;
  std::unique_ptr<provider::Key> public_key;
  std::vector<Bytes> certificates;  ///< DER
};

/// Finds the objects that a URI means on the tokens of one module.
///
/// KeySearch finds a private key, unless it is known (KnownKeys) and still in its place. Only
/// requests with public keys use that. Certificates and a public key are collected from every
/// matching token, without login. If nothing is found and only one token matches, it is logged in
/// to and searched again (CONTRACT section 9.3).
class ObjectLoader {
 public:
  ObjectLoader(const Pkcs11Provider& provider, std::shared_ptr<const LoadRequest> request,
               provider::PassphraseCallback passphrase, const std::optional<Secret>& context_pin)
      : provider_(provider),
        request_(std::move(request)),
        passphrase_(passphrase),
        context_pin_(context_pin) {}

  Result<LoadedObjects> Load(Wanted wanted);

 private:
  Result<std::unique_ptr<provider::Key>> LoadPrivateKey();
  [[nodiscard]] std::optional<FoundKey> FindKnown() const;
  [[nodiscard]] std::unique_ptr<provider::Key> MakeKey(FoundKey found, bool is_known,
                                                       std::optional<Secret> context_pin) const;
  Result<std::optional<Secret>> ContextPin(const FoundKey& found);
  Result<void> LoadPublic(Wanted wanted, LoadedObjects& loaded);
  Result<void> LoadPublicOnce(Wanted wanted, LoadedObjects& loaded);
  Result<void> SearchPublic(Slot& slot, bool log_in, Wanted wanted, LoadedObjects& loaded);
  Result<void> CollectPublicKeys(const Session& session, LoadedObjects& loaded);

  const Pkcs11Provider& provider_;
  std::shared_ptr<const LoadRequest> request_;
  provider::PassphraseCallback passphrase_;
  const std::optional<Secret>& context_pin_;
};

}  // namespace credmint::pkcs11
