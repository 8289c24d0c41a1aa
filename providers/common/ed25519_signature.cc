// SPDX-License-Identifier: Apache-2.0
#include "common/ed25519_signature.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>

#include "common/dispatch.h"
#include "common/key.h"
#include "ossl/error_queue.h"

namespace credmint::provider {
/// The names of OpenSSL's functions are also those of signature.cc.
namespace ed25519 {
namespace {

/// DER AlgorithmIdentifier with the OID 1.3.101.112 and no parameters (RFC 8410 section 3).
constexpr std::array<std::uint8_t, 7> kAlgorithmIdentifier = {0x30, 0x05, 0x06, 0x03,
                                                              0x2b, 0x65, 0x70};

/// OpenSSL's signature context.
struct Operation {
  const ProviderContext* provider = nullptr;
  const Key* key = nullptr;
};

using Status = Result<int>;

template <typename Body>
int Run(void* operation, Body&& body) {
  auto& context = *static_cast<Operation*>(operation);
  return Callback(*context.provider, 0, [&] { return body(context); });
}

void* NewContext(void* provider, const char* /*properties*/) noexcept {
  return new (std::nothrow) Operation{static_cast<ProviderContext*>(provider), nullptr};
}

void FreeContext(void* operation) noexcept { delete static_cast<Operation*>(operation); }

void* DuplicateContext(void* operation) noexcept {
  return new (std::nothrow) Operation(*static_cast<Operation*>(operation));
}

/// `key` is null when OpenSSL re-initialises a context; the earlier key then stays.
int Init(void* operation, const char* digest, void* key, const OSSL_PARAM /*params*/[]) noexcept {
  return Run(operation, [&](Operation& o) -> Status {
    if (digest != nullptr && *digest != '\0') {
      return Fail(ErrorCode::kUsage, "Ed25519 does its own hashing: no digest may be named");
    }
    if (key != nullptr) o.key = static_cast<const Key*>(key);
    if (o.key == nullptr) return Fail(ErrorCode::kInternal, "no key was set");
    return 1;
  });
}

int Sign(void* operation, unsigned char* signature, std::size_t* size, std::size_t capacity,
         const unsigned char* data, std::size_t data_size) noexcept {
  return Run(operation, [&](Operation& o) -> Status {
    if (o.key == nullptr) return Fail(ErrorCode::kInternal, "no key was set");
    if (signature == nullptr) {
      *size = o.key->public_key.RawSignatureSize();
      return 1;
    }
    SignatureRequest request;
    request.scheme = SignatureScheme::kEd25519;
    request.message = ByteView(data, data_size);
    if (auto made = o.key->SignInto(request, signature, size, capacity); !made) {
      return Fail(std::move(made));
    }
    return 1;
  });
}

int Verify(void* operation, const unsigned char* signature, std::size_t size,
           const unsigned char* data, std::size_t data_size) noexcept {
  return Run(operation, [&](Operation& o) -> Status {
    if (o.key == nullptr) return Fail(ErrorCode::kInternal, "no key was set");
    OSSL_LIB_CTX* context = o.provider->core().context();
    const auto pkey = o.key->public_key.ToPkey(context);
    if (!pkey) return Fail(pkey);
    const ErrorMark mark;
    const MdCtxPtr verifier(EVP_MD_CTX_new());
    if (!verifier || EVP_DigestVerifyInit_ex(verifier.get(), nullptr, nullptr, context, nullptr,
                                             pkey->get(), nullptr) != 1) {
      return Fail(TakeOpensslError(ErrorCode::kInternal));
    }
    return EVP_DigestVerify(verifier.get(), signature, size, data, data_size) == 1 ? 1 : 0;
  });
}

int GetContextParams(void* /*operation*/, OSSL_PARAM params[]) noexcept {
  OSSL_PARAM* param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
  if (param == nullptr) return 1;
  return OSSL_PARAM_set_octet_string(param, kAlgorithmIdentifier.data(),
                                     kAlgorithmIdentifier.size());
}

const OSSL_PARAM* GettableContextParams(void* /*operation*/, void* /*provider*/) noexcept {
  static const OSSL_PARAM kParams[] = {
      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0), OSSL_PARAM_END};
  return kParams;
}

const OSSL_DISPATCH* Table() {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_SIGNATURE_NEWCTX, NewContext),
      Entry(OSSL_FUNC_SIGNATURE_FREECTX, FreeContext),
      Entry(OSSL_FUNC_SIGNATURE_DUPCTX, DuplicateContext),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, Init),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, Sign),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, Init),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, Verify),
      Entry(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, GetContextParams),
      Entry(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, GettableContextParams),
      kEnd};
  return kTable;
}

}  // namespace
}  // namespace ed25519

const OSSL_DISPATCH* Ed25519Signature() { return ed25519::Table(); }

}  // namespace credmint::provider
