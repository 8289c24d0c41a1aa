// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>

#include <array>
#include <map>
#include <mutex>

/// A PKCS#11 module for tests. It wraps SoftHSM, the file that HASHING_MODULE_BACKEND names: it
/// removes CKM_ECDSA and adds CKM_ECDSA_SHA224, -256, -384 and -512, which SoftHSM lacks.
namespace {

CK_FUNCTION_LIST_PTR backend = nullptr;
CK_FUNCTION_LIST functions;
std::mutex mutex;
std::map<CK_SESSION_HANDLE, const EVP_MD*> hashes;  // of signatures in progress

const EVP_MD* HashOf(CK_MECHANISM_TYPE mechanism) {
  switch (mechanism) {
    case CKM_ECDSA_SHA224:
      return EVP_sha224();
    case CKM_ECDSA_SHA256:
      return EVP_sha256();
    case CKM_ECDSA_SHA384:
      return EVP_sha384();
    case CKM_ECDSA_SHA512:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

CK_RV SignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key) {
  if (mechanism->mechanism == CKM_ECDSA) return CKR_MECHANISM_INVALID;
  const EVP_MD* hash = HashOf(mechanism->mechanism);
  {
    const std::lock_guard lock(mutex);
    hashes[session] = hash;
  }
  CK_MECHANISM plain = {CKM_ECDSA, nullptr, 0};
  return backend->C_SignInit(session, hash != nullptr ? &plain : mechanism, key);
}

CK_RV Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR signature,
           CK_ULONG_PTR signature_size) {
  const EVP_MD* hash = nullptr;
  {
    const std::lock_guard lock(mutex);
    hash = hashes[session];
  }
  if (hash == nullptr) return backend->C_Sign(session, data, size, signature, signature_size);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_size = 0;
  if (EVP_Digest(data, size, digest.data(), &digest_size, hash, nullptr) != 1) {
    return CKR_FUNCTION_FAILED;
  }
  return backend->C_Sign(session, digest.data(), digest_size, signature, signature_size);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(
    CK_FUNCTION_LIST_PTR_PTR list) {
  const char* path = getenv("HASHING_MODULE_BACKEND");
  void* library = path != nullptr ? dlopen(path, RTLD_NOW) : nullptr;
  if (library == nullptr) return CKR_GENERAL_ERROR;
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  const CK_RV got = get(&backend);
  if (got != CKR_OK) return got;
  functions = *backend;
  functions.C_SignInit = SignInit;
  functions.C_Sign = Sign;
  *list = &functions;
  return CKR_OK;
}
