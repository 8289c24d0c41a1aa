// SPDX-License-Identifier: Apache-2.0
#include "remote/store.h"

#include <openssl/params.h>
#include <string.h>

#include <memory>
#include <utility>

#include "common/params.h"
#include "common/store_loader.h"
#include "keyprocess/remote_key.h"

namespace credmint::remote {
namespace {

using keyprocess::RemoteKey;
using keyprocess::RemoteSigner;
using keyprocess::SignMessage;
using provider::KeyType;
using provider::SignatureRequest;
using provider::SignatureScheme;

SignMessage::Scheme ToMessage(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kRsaPkcs1:
      return SignMessage::Scheme::kRsaPkcs1;
    case SignatureScheme::kRsaPss:
      return SignMessage::Scheme::kRsaPss;
    case SignatureScheme::kEcdsa:
      return SignMessage::Scheme::kEcdsa;
    case SignatureScheme::kEd25519:
      break;
  }
  return SignMessage::Scheme::kEd25519;
}

/// Checks what the other process sent, as if it came from any program.
Result<provider::PublicKey> PublicKeyOf(const keyprocess::PublicParameters& sent) {
  constexpr std::size_t kLongest = 2048;  // of a modulus of 16384 bits
  for (const KeyType type : {KeyType::kRsa, KeyType::kEc, KeyType::kEd25519}) {
    if (sent.type != provider::TypeName(type)) continue;
    if (sent.modulus.size() > kLongest || sent.exponent.size() > kLongest) break;
    const provider::PublicKey key{type, sent.modulus, sent.exponent, sent.group, sent.point};
    const ParamsPtr params = key.ToParams();
    if (params) return provider::PublicKey::FromParams(type, params.get());
  }
  return Fail(ErrorCode::kMalformed, "the key process sent a public key that is none");
}

/// A private key that signs where it is.
class KeyElsewhere final : public provider::PrivateKey {
 public:
  KeyElsewhere(const provider::ProviderContext& provider,
               std::shared_ptr<const RemoteSigner> signer)
      : provider_(provider), signer_(std::move(signer)) {}

  [[nodiscard]] Result<Bytes> Sign(const SignatureRequest& request) const override {
    SignMessage message;
    message.scheme = ToMessage(request.scheme);
    message.digest_value.assign(request.digest_value.begin(), request.digest_value.end());
    if (request.message) message.message.emplace(request.message->begin(), request.message->end());
    if (request.scheme == SignatureScheme::kEd25519) return signer_->Sign(std::move(message));
    const auto digest = provider_.digests().Find(request.digest);
    const auto mgf1 = provider_.digests().Find(request.pss.mgf1_digest);
    if (!digest || !mgf1) return Fail(digest ? Error(mgf1.error()) : Error(digest.error()));
    message.digest = (*digest)->name;
    message.mgf1_digest = (*mgf1)->name;
    message.salt_length = static_cast<std::uint32_t>(request.pss.salt_length);
    return signer_->Sign(std::move(message));
  }

 private:
  const provider::ProviderContext& provider_;
  std::shared_ptr<const RemoteSigner> signer_;
};

class Loader final : public provider::StoreLoader {
 public:
  using StoreLoader::StoreLoader;

 private:
  Result<void> Set(const OSSL_PARAM params[]) override {
    const auto address = provider::OctetsParam(params, RemoteKey::kParameter);
    if (address && address->size() == sizeof(void*)) memcpy(&key_, address->data(), sizeof(void*));
    return {};
  }

  Result<provider::StoreObjects> Find(const provider::PassphraseCallback& /*ask*/) override {
    if (key_ == nullptr) return Fail(ErrorCode::kInternal, "no key was given");
    auto public_key = PublicKeyOf(key_->public_key);
    if (!public_key) return Fail(std::move(public_key));
    auto key = std::make_unique<provider::Key>();
    key->provider = &provider();
    key->public_key = *std::move(public_key);
    key->private_key = std::make_shared<const KeyElsewhere>(provider(), key_->signer);
    provider::StoreObjects objects;
    objects.keys.push_back(std::move(key));
    return objects;
  }

  const RemoteKey* key_ = nullptr;
};

void* Open(void* context, const char* /*uri*/) noexcept {
  const auto& provider = *static_cast<provider::ProviderContext*>(context);
  return provider::OpenStore(provider, [&]() -> Result<std::unique_ptr<Loader>> {
    return std::make_unique<Loader>(provider);
  });
}

const OSSL_PARAM* SettableParams(void* /*provider*/) noexcept {
  static const OSSL_PARAM kParams[] = {OSSL_PARAM_octet_string(RemoteKey::kParameter, nullptr, 0),
                                       OSSL_PARAM_END};
  return kParams;
}

}  // namespace

const OSSL_DISPATCH* Store() {
  static const auto kTable = provider::StoreTable(Open, SettableParams);
  return kTable.data();
}

}  // namespace credmint::remote
