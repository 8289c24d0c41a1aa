// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include "common/properties.h"
#include "common/provider.h"

namespace credmint::provider {

/// ENCODER for private keys, in PEM (provider-encoder(7)). It writes what leads to the key again,
/// Key::file, and never the key itself. Fails with kKeyUnusable for a key without it.
const OSSL_DISPATCH* PrivateKeyEncoder();

/// ENCODERs for public keys, as SubjectPublicKeyInfo in PEM and DER.
const OSSL_DISPATCH* PublicPemEncoder();
const OSSL_DISPATCH* PublicDerEncoder();

/// ENCODER for people: OpenSSL's text of the public half, behind a line for a private key.
const OSSL_DISPATCH* TextEncoder();

inline constexpr char kPublicPem[] = "output=pem,structure=SubjectPublicKeyInfo";
inline constexpr char kPublicDer[] = "output=der,structure=SubjectPublicKeyInfo";
inline constexpr char kText[] = "output=text";
/// PEM_write_bio_PrivateKey() looks for the first one, `openssl ec` for the second.
inline constexpr char kPrivatePem[] = "output=pem,structure=PrivateKeyInfo";
inline constexpr char kTypeSpecificPem[] = "output=pem,structure=type-specific";

/// All of them, for OSSL_FUNC_PROVIDER_QUERY_OPERATION. `Provider` is the provider's property
/// definition.
template <const auto& Provider>
const OSSL_ALGORITHM* Encoders() {
  constexpr const char* kPem = Properties<Provider, kPublicPem>::kText;
  constexpr const char* kDer = Properties<Provider, kPublicDer>::kText;
  constexpr const char* kShown = Properties<Provider, kText>::kText;
  constexpr const char* kFile = Properties<Provider, kPrivatePem>::kText;
  constexpr const char* kEcFile = Properties<Provider, kTypeSpecificPem>::kText;
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kTable[] = {
      {kRsaNames, kFile, PrivateKeyEncoder(), "files that lead to RSA keys"},
      {kEcNames, kFile, PrivateKeyEncoder(), "files that lead to EC keys"},
      {kEcNames, kEcFile, PrivateKeyEncoder(), "files that lead to EC keys"},
      {kEd25519Names, kFile, PrivateKeyEncoder(), "files that lead to Ed25519 keys"},
      {kRsaNames, kPem, PublicPemEncoder(), "public RSA keys in PEM"},
      {kEcNames, kPem, PublicPemEncoder(), "public EC keys in PEM"},
      {kEd25519Names, kPem, PublicPemEncoder(), "public Ed25519 keys in PEM"},
      {kRsaNames, kDer, PublicDerEncoder(), "public RSA keys in DER"},
      {kEcNames, kDer, PublicDerEncoder(), "public EC keys in DER"},
      {kEd25519Names, kDer, PublicDerEncoder(), "public Ed25519 keys in DER"},
      {kRsaNames, kShown, TextEncoder(), "RSA keys as text"},
      {kEcNames, kShown, TextEncoder(), "EC keys as text"},
      {kEd25519Names, kShown, TextEncoder(), "Ed25519 keys as text"},
      kNoMore};
  return kTable;
}

}  // namespace credmint::provider
