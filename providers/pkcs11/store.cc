// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/store.h"

#include <fmt/format.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

#include "common/dispatch.h"
#include "common/store_object.h"
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
constexpr const char* kPublicKeyParam = "pkcs11-public-key";
constexpr const char* kInventoryParam = "pkcs11-inventory";
constexpr const char* kAllowFinalTryParam = "pkcs11-allow-final-try";
constexpr const char* kRememberPinParam = "pkcs11-remember-pin";

/// What OpenSSL calls the loader context: one URI being read, object after object.
struct StoreContext {
  StoreContext(const Pkcs11Provider& owner, Uri uri)
      : provider(owner), request{std::move(uri), {}, {}, false, false} {}

  const Pkcs11Provider& provider;
  LoadRequest request;
  int expect = 0;  ///< OSSL_STORE_INFO_*, 0 for anything
  std::string inventory;
  std::optional<Secret> context_pin;
  std::optional<LoadedObjects> objects;  ///< set by the first load
  std::size_t next_certificate = 0;
  std::size_t next_entry = 0;
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

std::string TextParam(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  const char* text = nullptr;
  const bool given = param != nullptr && OSSL_PARAM_get_utf8_string_ptr(param, &text) == 1;
  return given && text != nullptr ? text : "";
}

std::optional<std::string_view> OctetsParam(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  const void* data = nullptr;
  std::size_t size = 0;
  if (param == nullptr || OSSL_PARAM_get_octet_string_ptr(param, &data, &size) != 1) {
    return std::nullopt;
  }
  return std::string_view(static_cast<const char*>(data), size);
}

/// Keys of a type that a token cannot hold are no candidates; they are left out.
void AddPublicKeys(std::string_view der, std::vector<provider::PublicKey>& keys) {
  const auto* cursor = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* const end = cursor + der.size();
  const ErrorMark mark;
  while (cursor < end) {
    const PkeyPtr pkey(d2i_PUBKEY(nullptr, &cursor, end - cursor));
    if (!pkey) return;
    if (auto key = provider::PublicKey::FromPkey(pkey.get())) keys.push_back(*std::move(key));
  }
}

int SetParams(void* context, const OSSL_PARAM params[]) {
  auto& store = *static_cast<StoreContext*>(context);
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
  if (param != nullptr && OSSL_PARAM_get_int(param, &store.expect) != 1) return 0;
  return Callback(store.provider, 0, [&]() -> Result<int> {
    LoadRequest& request = store.request;
    if (auto path = TextParam(params, kModulePathParam); !path.empty()) request.module_path = path;
    if (auto what = TextParam(params, kInventoryParam); !what.empty()) store.inventory = what;
    if (TextParam(params, kAllowFinalTryParam) == "1") request.allow_final_try = true;
    if (TextParam(params, kRememberPinParam) == "1") request.remember_pin = true;
    if (const auto pin = OctetsParam(params, kContextPinParam)) store.context_pin = Secret(*pin);
    if (const auto der = OctetsParam(params, kPublicKeyParam)) {
      AddPublicKeys(*der, request.public_keys);
    }
    return 1;
  });
}

const OSSL_PARAM* SettableParams(void* /*provider*/) {
  static const OSSL_PARAM kParams[] = {OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
                                       OSSL_PARAM_utf8_string(kModulePathParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kContextPinParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kPublicKeyParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kInventoryParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kAllowFinalTryParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kRememberPinParam, nullptr, 0),
                                       OSSL_PARAM_END};
  return kParams;
}

/// What the parameters left open, from the URI and openssl.cnf.
LoadRequest CompleteRequest(const StoreContext& store) {
  const provider::Core& core = store.provider.core();
  LoadRequest request = store.request;
  if (request.module_path.empty()) {
    request.module_path = request.uri.ModulePath(
        core.Setting(kModulePathParam).value_or(CREDMINT_DEFAULT_P11_MODULE));
  }
  if (core.Setting(kAllowFinalTryParam) == "1") request.allow_final_try = true;
  if (core.Setting(kRememberPinParam) == "1") request.remember_pin = true;
  return request;
}

/// The URI's type and what the application expects, put together.
Wanted WhatIsWanted(const StoreContext& store) {
  const auto type = store.request.uri.object_class();
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
  auto request = std::make_shared<const LoadRequest>(CompleteRequest(store));
  if (!store.inventory.empty()) {
    auto taken = TakeInventory(store.provider, *request, passphrase, store.inventory == "all");
    if (!taken) return Fail(std::move(taken));
    store.objects.emplace().inventory = *std::move(taken);
    return {};
  }
  auto loaded = ObjectLoader(store.provider, std::move(request), passphrase, store.context_pin)
                    .Load(WhatIsWanted(store));
  if (!loaded) return Fail(std::move(loaded));
  store.objects = *std::move(loaded);
  return {};
}

int Load(void* context, OSSL_CALLBACK* object_callback, void* object_argument,
         OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) {
  auto& store = *static_cast<StoreContext*>(context);
  return Callback(store.provider, 0, [&]() -> Result<int> {
    if (!store.objects) {
      store.failed = true;  // also if an exception leaves the load
      auto loaded = LoadObjects(store, PassphraseCallback(passphrase, passphrase_argument));
      if (!loaded) return Fail(std::move(loaded));
      store.failed = false;
    }
    LoadedObjects& objects = *store.objects;
    for (std::unique_ptr<provider::Key>* key : {&objects.private_key, &objects.public_key}) {
      if (*key) return provider::EmitKey(std::move(*key), object_callback, object_argument);
    }
    if (store.next_certificate < objects.certificates.size()) {
      return provider::EmitCertificate(objects.certificates[store.next_certificate++],
                                       object_callback, object_argument);
    }
    if (store.next_entry < objects.inventory.size()) {
      const InventoryEntry& entry = objects.inventory[store.next_entry++];
      return provider::EmitName(entry.uri, entry.description, object_callback, object_argument);
    }
    return 0;
  });
}

int Eof(void* context) {
  const auto& store = *static_cast<StoreContext*>(context);
  if (store.failed) return 1;
  if (!store.objects) return 0;
  return !store.objects->private_key && !store.objects->public_key &&
         store.next_certificate == store.objects->certificates.size() &&
         store.next_entry == store.objects->inventory.size();
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
