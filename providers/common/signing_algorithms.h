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
/// Null for other operations. `Properties` is the provider's property definition.
template <const char* Properties>
const OSSL_ALGORITHM* SigningAlgorithms(int operation) {
  // NOLINTBEGIN(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kKeymgmts[] = {
      {kRsaNames, Properties, RsaKeymgmt(), "RSA keys"},
      {kEcNames, Properties, EcKeymgmt(), "EC keys"},
      {kEd25519Names, Properties, Ed25519Keymgmt(), "Ed25519 keys"},
      kNoMore};
  static const OSSL_ALGORITHM kSignatures[] = {
      {kRsaNames, Properties, RsaSignature(), "RSA PKCS#1 and PSS"},
      {kEcdsaNames, Properties, EcdsaSignature(), "ECDSA"},
      {kEd25519Names, Properties, Ed25519Signature(), "Ed25519"},
      kNoMore};
  // NOLINTEND(readability-identifier-naming)
  if (operation == OSSL_OP_KEYMGMT) return kKeymgmts;
  return operation == OSSL_OP_SIGNATURE ? kSignatures : nullptr;
}

}  // namespace credmint::provider
