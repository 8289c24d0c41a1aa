// SPDX-License-Identifier: Apache-2.0
#include "common/signature.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/params.h>

#include <array>
#include <optional>

#include "common/digest_table.h"
#include "common/dispatch.h"
#include "common/kept_message.h"
#include "common/key.h"
#include "common/params.h"
#include "common/rsa_padding.h"
#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

/// OpenSSL's signature context: one signature being made or verified.
struct Operation {
  const ProviderContext* provider = nullptr;
  const Key* key = nullptr;
  const DigestEntry* digest = nullptr;
  RsaPadding padding;         ///< RSA only
  MdCtxPtr hash;              ///< only while a message comes in parts
  KeptMessage message;        ///< its parts so far, when signing
  bool keep_message = false;  ///< verifying needs no message
};

using Status = Result<int>;

template <typename Body>
int Run(void* operation, Body&& body) {
  auto& context = *static_cast<Operation*>(operation);
  return Callback(*context.provider, 0, [&] { return body(context); });
}

void* NewContext(void* provider, const char* /*properties*/) noexcept {
  auto* operation = new (std::nothrow) Operation;
  if (operation != nullptr) operation->provider = static_cast<ProviderContext*>(provider);
  return operation;
}

void FreeContext(void* operation) noexcept { delete static_cast<Operation*>(operation); }

void* DuplicateContext(void* operation) noexcept {
  const auto& source = *static_cast<Operation*>(operation);
  return Callback(*source.provider, static_cast<void*>(nullptr), [&]() -> Result<void*> {
    auto copy = std::make_unique<Operation>();
    copy->provider = source.provider;
    copy->key = source.key;
    copy->digest = source.digest;
    copy->padding = source.padding;
    copy->message = source.message;
    copy->keep_message = source.keep_message;
    if (source.hash) {
      copy->hash.reset(EVP_MD_CTX_new());
      if (!copy->hash || EVP_MD_CTX_copy_ex(copy->hash.get(), source.hash.get()) != 1) {
        return Fail(TakeOpensslError(ErrorCode::kInternal));
      }
    }
    return copy.release();
  });
}

Result<void> SetDigest(Operation& operation, const char* name) {
  const auto found = operation.provider->digests().Find(name);
  if (!found) return Fail(found);
  operation.digest = *found;
  return {};
}

bool IsRsa(const Operation& operation) {
  return operation.key != nullptr && operation.key->public_key.type == KeyType::kRsa;
}

Result<void> SetParams(Operation& operation, const OSSL_PARAM params[]) {
  if (params == nullptr) return {};
  if (const auto digest = TextParam(params, OSSL_SIGNATURE_PARAM_DIGEST)) {
    if (auto set = SetDigest(operation, digest->c_str()); !set) return set;
  }
  if (!IsRsa(operation)) return {};
  return operation.padding.Set(params, operation.provider->digests());
}

/// `key` is null when OpenSSL re-initialises a context; the earlier key and padding then stay.
Status Init(Operation& operation, void* key, const OSSL_PARAM params[]) {
  if (key != nullptr) {
    operation.key = static_cast<const Key*>(key);
    operation.padding = {};
  }
  if (operation.key == nullptr) return Fail(ErrorCode::kInternal, "no key was set");
  if (auto set = SetParams(operation, params); !set) return Fail(std::move(set));
  return 1;
}

Status BeginDigest(Operation& operation, const char* digest, void* key, const OSSL_PARAM params[]) {
  operation.hash.reset();
  operation.message = {};
  if (auto set = SetDigest(operation, digest); !set) return Fail(std::move(set));
  return Init(operation, key, params);
}

Status DigestUpdate(Operation& operation, const unsigned char* data, std::size_t size) {
  if (!operation.hash) {
    operation.hash.reset(EVP_MD_CTX_new());
    if (!operation.hash ||
        EVP_DigestInit_ex2(operation.hash.get(), operation.digest->md.get(), nullptr) != 1) {
      return Fail(TakeOpensslError(ErrorCode::kInternal));
    }
  }
  if (EVP_DigestUpdate(operation.hash.get(), data, size) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal));
  }
  if (operation.keep_message) operation.message.Append(ByteView(data, size));
  return 1;
}

using DigestBuffer = std::array<std::uint8_t, EVP_MAX_MD_SIZE>;

Result<ByteView> DigestFinal(Operation& operation, DigestBuffer& buffer) {
  if (auto started = DigestUpdate(operation, nullptr, 0); !started) return Fail(std::move(started));
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(operation.hash.get(), buffer.data(), &size) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal));
  }
  operation.hash.reset();
  return ByteView(buffer).first(size);
}

Result<SignatureRequest> MakeRequest(const Operation& operation, ByteView digest,
                                     std::optional<ByteView> message) {
  if (operation.key == nullptr || operation.digest == nullptr ||
      digest.size() != operation.digest->size) {
    return Fail(ErrorCode::kKeyUnusable,
                "the value to sign does not have the length of the digest");
  }
  SignatureRequest request;
  request.scheme = IsRsa(operation) ? operation.padding.scheme() : SignatureScheme::kEcdsa;
  request.digest = operation.digest->digest;
  request.digest_value = digest;
  request.message = message;
  if (request.scheme != SignatureScheme::kRsaPss) return request;
  const auto pss = operation.padding.Resolve(*operation.digest, operation.key->public_key.Bits());
  if (!pss) return Fail(pss);
  request.pss = *pss;
  return request;
}

/// `message` is the input of `digest`, if it is still available.
Status SignDigest(const Operation& operation, ByteView digest, std::optional<ByteView> message,
                  unsigned char* signature, std::size_t* size, std::size_t capacity) {
  const auto request = MakeRequest(operation, digest, message);
  if (!request) return Fail(request);
  if (auto made = operation.key->SignInto(*request, signature, size, capacity); !made) {
    return Fail(std::move(made));
  }
  return 1;
}

int AskSize(const Operation& operation, std::size_t* size) {
  if (operation.key == nullptr) return 0;
  *size = static_cast<std::size_t>(operation.key->public_key.MaxSignatureSize());
  return 1;
}

Status VerifyDigest(const Operation& operation, ByteView digest, ByteView signature) {
  OSSL_LIB_CTX* context = operation.provider->core().context();
  const auto pkey = operation.key->public_key.ToPkey(context);
  if (!pkey) return Fail(pkey);
  const ErrorMark mark;
  const PkeyCtxPtr verifier(EVP_PKEY_CTX_new_from_pkey(context, pkey->get(), nullptr));
  if (!verifier || EVP_PKEY_verify_init(verifier.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(verifier.get(), operation.digest->md.get()) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal));
  }
  if (IsRsa(operation)) {
    auto padded = operation.padding.Apply(verifier.get(), *operation.digest);
    if (!padded) return Fail(std::move(padded));
  }
  return EVP_PKEY_verify(verifier.get(), signature.data(), signature.size(), digest.data(),
                         digest.size()) == 1
             ? 1
             : 0;
}

int SignInit(void* operation, void* key, const OSSL_PARAM params[]) noexcept {
  return Run(operation, [&](Operation& o) -> Status {
    if (o.digest == nullptr) {
      if (auto set = SetDigest(o, nullptr); !set) return Fail(std::move(set));
    }
    return Init(o, key, params);
  });
}

int Sign(void* operation, unsigned char* signature, std::size_t* size, std::size_t capacity,
         const unsigned char* digest, std::size_t digest_size) noexcept {
  if (signature == nullptr) return AskSize(*static_cast<Operation*>(operation), size);
  return Run(operation, [&](Operation& o) {
    return SignDigest(o, ByteView(digest, digest_size), std::nullopt, signature, size, capacity);
  });
}

int Verify(void* operation, const unsigned char* signature, std::size_t size,
           const unsigned char* digest, std::size_t digest_size) noexcept {
  return Run(operation, [&](Operation& o) {
    return VerifyDigest(o, ByteView(digest, digest_size), ByteView(signature, size));
  });
}

template <bool Sign>
int DigestInit(void* operation, const char* digest, void* key, const OSSL_PARAM params[]) noexcept {
  return Run(operation, [&](Operation& o) {
    o.keep_message = Sign;
    return BeginDigest(o, digest, key, params);
  });
}

int Update(void* operation, const unsigned char* data, std::size_t size) noexcept {
  return Run(operation, [&](Operation& o) { return DigestUpdate(o, data, size); });
}

int DigestSignFinal(void* operation, unsigned char* signature, std::size_t* size,
                    std::size_t capacity) noexcept {
  if (signature == nullptr) return AskSize(*static_cast<Operation*>(operation), size);
  return Run(operation, [&](Operation& o) -> Status {
    DigestBuffer buffer;
    const auto digest = DigestFinal(o, buffer);
    if (!digest) return Fail(digest);
    return SignDigest(o, *digest, o.message.View(), signature, size, capacity);
  });
}

int DigestSign(void* operation, unsigned char* signature, std::size_t* size, std::size_t capacity,
               const unsigned char* data, std::size_t data_size) noexcept {
  if (signature == nullptr) return AskSize(*static_cast<Operation*>(operation), size);
  return Run(operation, [&](Operation& o) -> Status {
    DigestBuffer buffer;
    unsigned int digest_size = 0;
    if (EVP_Digest(data, data_size, buffer.data(), &digest_size, o.digest->md.get(), nullptr) !=
        1) {
      return Fail(TakeOpensslError(ErrorCode::kInternal));
    }
    return SignDigest(o, ByteView(buffer).first(digest_size), ByteView(data, data_size), signature,
                      size, capacity);
  });
}

int DigestVerifyFinal(void* operation, const unsigned char* signature, std::size_t size) noexcept {
  return Run(operation, [&](Operation& o) -> Status {
    DigestBuffer buffer;
    const auto digest = DigestFinal(o, buffer);
    if (!digest) return Fail(digest);
    return VerifyDigest(o, *digest, ByteView(signature, size));
  });
}

/// The DER AlgorithmIdentifier of "key type with digest", for certificates, requests and CMS.
Result<Bytes> AlgorithmIdentifier(const Operation& operation) {
  const bool rsa = IsRsa(operation);
  if (rsa && operation.digest != nullptr &&
      operation.padding.scheme() == SignatureScheme::kRsaPss) {
    return operation.padding.AlgorithmIdentifier(*operation.digest,
                                                 operation.key->public_key.Bits());
  }
  int nid = NID_undef;
  if (operation.digest == nullptr ||
      OBJ_find_sigid_by_algs(&nid, operation.digest->nid,
                             rsa ? NID_rsaEncryption : NID_X9_62_id_ecPublicKey) != 1) {
    return Fail(ErrorCode::kKeyUnusable, "this key and digest have no algorithm identifier");
  }
  const Handle<X509_ALGOR, X509_ALGOR_free> algorithm(X509_ALGOR_new());
  if (!algorithm || X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(nid),
                                    rsa ? V_ASN1_NULL : V_ASN1_UNDEF, nullptr) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal));
  }
  const int length = i2d_X509_ALGOR(algorithm.get(), nullptr);
  if (length <= 0) return Fail(TakeOpensslError(ErrorCode::kInternal));
  Bytes der(static_cast<std::size_t>(length));
  std::uint8_t* cursor = der.data();
  i2d_X509_ALGOR(algorithm.get(), &cursor);
  return der;
}

int GetContextParams(void* operation, OSSL_PARAM params[]) noexcept {
  return Run(operation, [&](Operation& o) -> Status {
    OSSL_PARAM* param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (param != nullptr) {
      const auto der = AlgorithmIdentifier(o);
      if (!der) return Fail(der);
      if (OSSL_PARAM_set_octet_string(param, der->data(), der->size()) != 1) return 0;
    }
    param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
    if (param != nullptr && o.digest != nullptr &&
        OSSL_PARAM_set_utf8_string(param, o.digest->name) != 1) {
      return 0;
    }
    return !IsRsa(o) || o.padding.Get(params, o.digest) ? 1 : 0;
  });
}

int SetContextParams(void* operation, const OSSL_PARAM params[]) noexcept {
  return Run(operation, [&](Operation& o) -> Status {
    if (auto set = SetParams(o, params); !set) return Fail(std::move(set));
    return 1;
  });
}

template <KeyType Type>
const OSSL_PARAM* GettableContextParams(void* /*operation*/, void* /*provider*/) noexcept {
  static const OSSL_PARAM kRsa[] = {
      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_END};
  static const OSSL_PARAM kEcdsa[] = {
      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0), OSSL_PARAM_END};
  return Type == KeyType::kRsa ? kRsa : kEcdsa;
}

template <KeyType Type>
const OSSL_PARAM* SettableContextParams(void* /*operation*/, void* /*provider*/) noexcept {
  static const OSSL_PARAM kRsa[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0), OSSL_PARAM_END};
  static const OSSL_PARAM kEcdsa[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0), OSSL_PARAM_END};
  return Type == KeyType::kRsa ? kRsa : kEcdsa;
}

template <KeyType Type>
const OSSL_DISPATCH* SignatureTable() {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_SIGNATURE_NEWCTX, NewContext),
      Entry(OSSL_FUNC_SIGNATURE_FREECTX, FreeContext),
      Entry(OSSL_FUNC_SIGNATURE_DUPCTX, DuplicateContext),
      Entry(OSSL_FUNC_SIGNATURE_SIGN_INIT, SignInit),
      Entry(OSSL_FUNC_SIGNATURE_SIGN, Sign),
      Entry(OSSL_FUNC_SIGNATURE_VERIFY_INIT, SignInit),
      Entry(OSSL_FUNC_SIGNATURE_VERIFY, Verify),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, DigestInit<true>),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, Update),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, DigestSignFinal),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, DigestSign),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, DigestInit<false>),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, Update),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, DigestVerifyFinal),
      Entry(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, GetContextParams),
      Entry(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, GettableContextParams<Type>),
      Entry(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, SetContextParams),
      Entry(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, SettableContextParams<Type>),
      kEnd};
  return kTable;
}

}  // namespace

const OSSL_DISPATCH* RsaSignature() { return SignatureTable<KeyType::kRsa>(); }
const OSSL_DISPATCH* EcdsaSignature() { return SignatureTable<KeyType::kEc>(); }

}  // namespace credmint::provider
