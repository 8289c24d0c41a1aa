// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include "common/ed25519_signature.h"
#include "common/keymgmt.h"
#include "common/provider.h"
#include "common/signature.h"

namespace credmint::provider {

/// The KEYMGMTs or SIGNATUREs for RSA, EC and Ed25519 keys, for OSSL_FUNC_PROVIDER_QUERY_OPERATION.
/// Null for other operations. `Provider` is the provider's property definition.
template <const auto& Provider>
const OSSL_ALGORITHM* SigningAlgorithms(int operation) {
  // NOLINTBEGIN(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kKeymgmts[] = {
      {kRsaNames, Provider, RsaKeymgmt(), "RSA keys"},
      {kEcNames, Provider, EcKeymgmt(), "EC keys"},
      {kEd25519Names, Provider, Ed25519Keymgmt(), "Ed25519 keys"},
      kNoMore};
  static const OSSL_ALGORITHM kSignatures[] = {
      {kRsaNames, Provider, RsaSignature(), "RSA PKCS#1 and PSS"},
      {kEcdsaNames, Provider, EcdsaSignature(), "ECDSA"},
      {kEd25519Names, Provider, Ed25519Signature(), "Ed25519"},
      kNoMore};
  // NOLINTEND(readability-identifier-naming)
  if (operation == OSSL_OP_KEYMGMT) return kKeymgmts;
  return operation == OSSL_OP_SIGNATURE ? kSignatures : nullptr;
}

}  // namespace credmint::provider
