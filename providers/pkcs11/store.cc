#include "pkcs11/store.h"

#include <fmt/format.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include <array>
#include <memory>
#include <optional>

#include "common/dispatch.h"
#include "pkcs11/object_loader.h"
#include "pkcs11_config.h"

namespace credmint::pkcs11 {
namespace {

using provider::Callback;
using provider::Entry;
using provider::kEnd;
using provider::PassphraseCallback;

constexpr const char* kModulePathParam = "pkcs11-module-path";
constexpr const char* kContextPinParam = "pkcs11-context-pin";

/// What OpenSSL calls the loader context: one URI being read, object after object.
struct StoreContext {
  StoreContext(const Pkcs11Provider& owner, Uri parsed) : provider(owner), uri(std::move(parsed)) {}

  const Pkcs11Provider& provider;
  Uri uri;
  int expect = 0;  ///< OSSL_STORE_INFO_*, 0 for anything
  std::string module_path;
  std::optional<Secret> context_pin;
  std::optional<LoadedObjects> objects;  ///< set by the first load
  std::size_t next_certificate = 0;
  bool failed = false;
};

void* Open(void* provider, const char* text) {
  const auto& owner =
      *static_cast<Pkcs11Provider*>(static_cast<provider::ProviderContext*>(provider));
  return Callback(owner, static_cast<void*>(nullptr), [&]() -> Result<void*> {
    auto uri = Uri::Parse(text);
    if (!uri) return Fail(std::move(uri), "PKCS#11 URI");
    return std::make_unique<StoreContext>(owner, *std::move(uri)).release();
  });
}

int SetParams(void* context, const OSSL_PARAM params[]) {
  auto& store = *static_cast<StoreContext*>(context);
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
  if (param != nullptr && OSSL_PARAM_get_int(param, &store.expect) != 1) return 0;
  param = OSSL_PARAM_locate_const(params, kModulePathParam);
  const char* path = nullptr;
  if (param != nullptr && OSSL_PARAM_get_utf8_string_ptr(param, &path) == 1) {
    store.module_path = path;
  }
  param = OSSL_PARAM_locate_const(params, kContextPinParam);
  const void* pin = nullptr;
  std::size_t size = 0;
  if (param != nullptr && OSSL_PARAM_get_octet_string_ptr(param, &pin, &size) == 1) {
    store.context_pin = Secret(std::string_view(static_cast<const char*>(pin), size));
  }
  return 1;
}

const OSSL_PARAM* SettableParams(void* /*provider*/) {
  static const OSSL_PARAM kParams[] = {OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
                                       OSSL_PARAM_utf8_string(kModulePathParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kContextPinParam, nullptr, 0),
                                       OSSL_PARAM_END};
  return kParams;
}

std::string ModulePath(const StoreContext& store) {
  if (!store.module_path.empty()) return store.module_path;
  return store.uri.ModulePath(
      store.provider.core().Setting(kModulePathParam).value_or(CREDMINT_DEFAULT_P11_MODULE));
}

/// The URI's type and what the application expects, put together.
Wanted WhatIsWanted(const StoreContext& store) {
  const auto type = store.uri.object_class();
  const auto allows = [&](CK_OBJECT_CLASS object_class, int info) {
    return (!type || *type == object_class) && (store.expect == 0 || store.expect == info);
  };
  Wanted wanted;
  wanted.private_key = allows(CKO_PRIVATE_KEY, OSSL_STORE_INFO_PKEY);
  wanted.certificates = allows(CKO_CERTIFICATE, OSSL_STORE_INFO_CERT);
  // Nobody means a public key without saying so: it would hide a missing private key.
  wanted.public_key = type == CKO_PUBLIC_KEY || store.expect == OSSL_STORE_INFO_PUBKEY;
  return wanted;
}

Result<void> LoadObjects(StoreContext& store, PassphraseCallback passphrase) {
  const std::string path = ModulePath(store);
  auto loaded = ObjectLoader(store.provider, store.uri, path, passphrase, store.context_pin)
                    .Load(WhatIsWanted(store));
  if (!loaded) return Fail(std::move(loaded));
  store.objects = *std::move(loaded);
  return {};
}

int EmitCertificate(Bytes& der, OSSL_CALLBACK* object_callback, void* argument) {
  int type = OSSL_OBJECT_CERT;
  const std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der.data(), der.size()),
      OSSL_PARAM_construct_end()};
  return object_callback(params.data(), argument);
}

int Load(void* context, OSSL_CALLBACK* object_callback, void* object_argument,
         OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) {
  auto& store = *static_cast<StoreContext*>(context);
  return Callback(store.provider, 0, [&]() -> Result<int> {
    if (!store.objects) {
      auto loaded = LoadObjects(store, PassphraseCallback(passphrase, passphrase_argument));
      store.failed = !loaded;
      if (!loaded) return Fail(std::move(loaded));
    }
    LoadedObjects& objects = *store.objects;
    for (std::unique_ptr<provider::Key>* key : {&objects.private_key, &objects.public_key}) {
      if (*key) return provider::EmitKey(std::move(*key), object_callback, object_argument);
    }
    if (store.next_certificate < objects.certificates.size()) {
      return EmitCertificate(objects.certificates[store.next_certificate++], object_callback,
                             object_argument);
    }
    return 0;
  });
}

int Eof(void* context) {
  const auto& store = *static_cast<StoreContext*>(context);
  if (store.failed) return 1;
  if (!store.objects) return 0;
  return !store.objects->private_key && !store.objects->public_key &&
         store.next_certificate == store.objects->certificates.size();
}

int Close(void* context) {
  delete static_cast<StoreContext*>(context);
  return 1;
}

}  // namespace

const OSSL_DISPATCH* Store() {
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_STORE_OPEN, Open),
                                         Entry(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, SettableParams),
                                         Entry(OSSL_FUNC_STORE_SET_CTX_PARAMS, SetParams),
                                         Entry(OSSL_FUNC_STORE_LOAD, Load),
                                         Entry(OSSL_FUNC_STORE_EOF, Eof),
                                         Entry(OSSL_FUNC_STORE_CLOSE, Close),
                                         kEnd};
  return kTable;
}

}  // namespace credmint::pkcs11
