// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/public_half.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "ossl/error_queue.h"
#include "pkcs11/token_key.h"

namespace credmint::pkcs11 {
namespace {

using provider::KeyType;
using provider::PublicKey;
using provider::SignatureRequest;
using provider::SignatureScheme;

/// A text that no protocol would accept as a message.
constexpr std::string_view kProbe = "credmint: whose signature is this?";

std::optional<KeyType> TypeOf(CK_KEY_TYPE type) {
  if (type == CKK_RSA) return KeyType::kRsa;
  if (type == CKK_EC) return KeyType::kEc;
  if (type == CKK_EC_EDWARDS) return KeyType::kEd25519;
  return std::nullopt;
}

template <typename Read>
void AddAll(const Session& session, CK_OBJECT_CLASS object_class, Read read,
            std::vector<PublicKey>& keys) {
  const auto objects = FindAll(session, object_class);
  if (!objects) return;
  for (const CK_OBJECT_HANDLE object : *objects) {
    Result<PublicKey> key = read(object);
    if (key && std::find(keys.begin(), keys.end(), *key) == keys.end()) {
      keys.push_back(*std::move(key));
    }
  }
}

std::vector<PublicKey> AllPublicKeys(const Session& session) {
  std::vector<PublicKey> keys;
  AddAll(
      session, CKO_PUBLIC_KEY,
      [&](CK_OBJECT_HANDLE object) { return ReadPublicKeyObject(session, object); }, keys);
  AddAll(
      session, CKO_CERTIFICATE,
      [&](CK_OBJECT_HANDLE object) -> Result<PublicKey> {
        const auto der = ReadCertificate(session, object);
        if (!der) return Fail(der);
        return ReadCertifiedKey(*der);
      },
      keys);
  return keys;
}

bool Verifies(OSSL_LIB_CTX* context, const PublicKey& key, ByteView signature) {
  const auto pkey = key.ToPkey(context);
  if (!pkey) return false;
  const ErrorMark mark;
  const char* const digest = key.type == KeyType::kEd25519 ? nullptr : "SHA256";
  const MdCtxPtr verifier(EVP_MD_CTX_new());
  const auto* message = reinterpret_cast<const std::uint8_t*>(kProbe.data());
  return verifier &&
         EVP_DigestVerifyInit_ex(verifier.get(), nullptr, digest, context, nullptr, pkey->get(),
                                 nullptr) == 1 &&
         EVP_DigestVerify(verifier.get(), signature.data(), signature.size(), message,
                          kProbe.size()) == 1;
}

Result<Bytes> SignProbe(const FoundKey& found, KeyType type, std::size_t signature_size,
                        const std::optional<Secret>& context_pin, bool allow_final_try) {
  const TokenKey key(found.place, found.mechanism, type, signature_size,
                     context_pin ? std::optional(context_pin->Clone()) : std::nullopt,
                     allow_final_try, []() -> Result<TokenObject> {
                       return Fail(ErrorCode::kDeviceLost, "it was not known well enough yet");
                     });
  const auto* message = reinterpret_cast<const std::uint8_t*>(kProbe.data());
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(message, kProbe.size(), digest.data());
  SignatureRequest request;
  request.message = ByteView(message, kProbe.size());
  request.scheme = type == KeyType::kRsa  ? SignatureScheme::kRsaPkcs1
                   : type == KeyType::kEc ? SignatureScheme::kEcdsa
                                          : SignatureScheme::kEd25519;
  if (type != KeyType::kEd25519) request.digest_value = digest;
  return key.Sign(request);
}

}  // namespace

std::vector<PublicKey> PossiblePublicKeys(const Session& session, CK_OBJECT_HANDLE object,
                                          CK_KEY_TYPE type, const std::vector<PublicKey>& given) {
  const auto key_type = TypeOf(type);
  if (!key_type) return {};
  std::vector<PublicKey> keys = given.empty() ? AllPublicKeys(session) : given;
  const std::string curve = *key_type == KeyType::kEc ? ReadCurve(session, object) : "";
  std::erase_if(keys, [&](const PublicKey& key) {
    return key.type != *key_type || (!curve.empty() && key.group != curve);
  });
  return keys;
}

Result<PublicKey> ProvePublicKey(OSSL_LIB_CTX* context, const FoundKey& found,
                                 const std::optional<Secret>& context_pin, bool allow_final_try) {
  std::set<std::size_t> sizes;
  for (const PublicKey& key : found.possible) sizes.insert(key.RawSignatureSize());
  for (const std::size_t size : sizes) {
    const auto signature =
        SignProbe(found, found.possible.front().type, size, context_pin, allow_final_try);
    const bool wrong_size = !signature && signature.error().code == ErrorCode::kKeyUnusable;
    if (!signature && !(wrong_size && sizes.size() > 1)) return Fail(signature);
    for (const PublicKey& key : found.possible) {
      if (signature && key.RawSignatureSize() == size && Verifies(context, key, *signature)) {
        return key;
      }
    }
  }
  return Fail(ErrorCode::kKeyMismatch,
              "the private key belongs to none of the certificates at hand",
              "the certificate must be the one issued for the private key");
}

}  // namespace credmint::pkcs11
