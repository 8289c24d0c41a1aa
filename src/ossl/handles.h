// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace credmint {

/// Frees a handle with its C function. Makes a `unique_ptr<T, Deleter<T_free>>` the owner of a C
/// object, here and for the providers' C libraries.
template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    static_cast<void>(Free(object));
  }
};

template <typename T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

inline void FreeOpenssl(void* memory) { OPENSSL_free(memory); }

using BigNumPtr = Handle<BIGNUM, BN_free>;
using BioPtr = Handle<BIO, BIO_free_all>;
using EcdsaSigPtr = Handle<ECDSA_SIG, ECDSA_SIG_free>;
using LibCtxPtr = Handle<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;
using MdPtr = Handle<EVP_MD, EVP_MD_free>;
using MdCtxPtr = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using OpensslTextPtr = Handle<char, FreeOpenssl>;
using ParamBldPtr = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsPtr = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using PkeyCtxPtr = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using PkeyPtr = Handle<EVP_PKEY, EVP_PKEY_free>;
using ProviderPtr = Handle<OSSL_PROVIDER, OSSL_PROVIDER_unload>;
using StoreCtxPtr = Handle<OSSL_STORE_CTX, OSSL_STORE_close>;
using StoreInfoPtr = Handle<OSSL_STORE_INFO, OSSL_STORE_INFO_free>;
using UiMethodPtr = Handle<UI_METHOD, UI_destroy_method>;
using X509Ptr = Handle<X509, X509_free>;

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Keeps errors raised in its scope out of the caller's OpenSSL error queue. Required around every
/// call into a PKCS#11 module: SoftHSM, for example, leaves its own errors behind.
class ErrorMark {
 public:
  ErrorMark() { ERR_set_mark(); }
  ~ErrorMark() { ERR_pop_to_mark(); }
  ErrorMark(const ErrorMark&) = delete;
  ErrorMark& operator=(const ErrorMark&) = delete;
};

}  // namespace credmint
