// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/store.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <string.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/read_file.h"
#include "common/dispatch.h"
#include "common/store_object.h"
#include "tpm2/device/nv_certificates.h"
#include "tpm2/device/nv_index.h"
#include "tpm2/device/nv_uri.h"
#include "tpm2/provider/inventory.h"
#include "tpm2/signing/key_loader.h"

namespace credmint::tpm2 {
namespace {

using provider::Callback;
using provider::Entry;
using provider::PassphraseCallback;

constexpr const char* kTctiParam = "tcti";
constexpr const char* kParentAuthParam = "tpm2-parent-auth";
constexpr const char* kPolicyAuthParam = "tpm2-policy-auth";
constexpr const char* kPolicySignerParam = "tpm2-policy-signer";
constexpr const char* kHasAuthParam = "tpm2-has-auth";
constexpr const char* kAskAuthParam = "tpm2-ask-auth";
constexpr const char* kInventoryParam = "tpm2-inventory";
constexpr std::string_view kTss2Scheme = "tss2:";

/// A scheme with nothing behind it, which only an inventory understands.
struct WholeTpm {
  Error error;  ///< what anything else says to it
};

using Source = std::variant<HandleUri, NvUri, WholeTpm, Tss2KeyFile>;

/// What was found and not handed out yet.
struct Found {
  std::unique_ptr<provider::Key> key;
  std::vector<Bytes> certificates;
  std::vector<InventoryEntry> inventory;
};

/// What OpenSSL calls the loader context.
struct Loader {
  const Tpm2Provider* provider;
  Source source;
  std::optional<std::string> tcti;
  KeySecrets secrets;
  int expected = 0;  // an OSSL_STORE_INFO type, or anything
  bool inventory = false;
  bool looked = false;
  Found found;
  std::size_t next = 0;  // of certificates or inventory
};

template <typename Place>
Result<void*> MakeLoader(const Tpm2Provider& provider, Result<Place> place) {
  if (!place) return Fail(std::move(place));
  return new Loader{&provider, *std::move(place), std::nullopt, {}};
}

/// A handle, an NV index, or all of them.
template <typename Uri>
void* OpenUri(void* context, const char* uri) {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return Callback<void*>(provider, nullptr, [&] {
    auto parsed = Uri::Parse(uri);
    if (!parsed && std::string_view(uri).ends_with(':')) {
      return MakeLoader(provider, Result<WholeTpm>(WholeTpm{parsed.error()}));
    }
    return MakeLoader(provider, std::move(parsed));
  });
}

Result<void*> ParseFile(const Tpm2Provider& provider, Result<Secret> contents) {
  if (!contents) return Fail(std::move(contents));
  return MakeLoader(provider, Tss2KeyFile::Parse(contents->Reveal()));
}

void* OpenFile(void* context, const char* uri) {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return Callback<void*>(provider, nullptr, [&] {
    return ParseFile(provider, ReadFile(uri + kTss2Scheme.size(), kMaxKeyFileSize));
  });
}

void* AttachFile(void* context, OSSL_CORE_BIO* bio) {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return Callback<void*>(provider, nullptr, [&] {
    return ParseFile(provider, provider.core().ReadAll(bio, kMaxKeyFileSize));
  });
}

const OSSL_PARAM* SettableParams(void* /*provider*/) {
  static const OSSL_PARAM kParams[] = {OSSL_PARAM_utf8_string(kTctiParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kParentAuthParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kPolicyAuthParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kPolicySignerParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kHasAuthParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kAskAuthParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kInventoryParam, nullptr, 0),
                                       OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
                                       OSSL_PARAM_END};
  return kParams;
}

void SetSecret(const OSSL_PARAM params[], const char* name, Secret& secret) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  const void* value = nullptr;
  std::size_t size = 0;
  if (param != nullptr && OSSL_PARAM_get_octet_string_ptr(param, &value, &size) == 1) {
    secret = Secret(std::string_view(static_cast<const char*>(value), size));
  }
}

/// The value is the address of an EVP_PKEY, as with OpenSSL's references to keys; the key is taken
/// over by a reference of its own.
void SetSigner(const OSSL_PARAM params[], std::shared_ptr<EVP_PKEY>& signer) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, kPolicySignerParam);
  const void* value = nullptr;
  std::size_t size = 0;
  EVP_PKEY* key = nullptr;
  if (param == nullptr || OSSL_PARAM_get_octet_string_ptr(param, &value, &size) != 1 ||
      size != sizeof(void*)) {
    return;
  }
  memcpy(&key, value, size);
  if (EVP_PKEY_up_ref(key) == 1) signer.reset(key, EVP_PKEY_free);
}

int SetParamsOf(Loader& loader, const OSSL_PARAM params[]) {
  const OSSL_PARAM* expected = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
  if (expected != nullptr && OSSL_PARAM_get_int(expected, &loader.expected) != 1) return 0;
  SetSecret(params, kParentAuthParam, loader.secrets.parent_auth);
  SetSecret(params, kPolicyAuthParam, loader.secrets.policy_auth);
  SetSigner(params, loader.secrets.policy_signer);
  auto* file = std::get_if<Tss2KeyFile>(&loader.source);
  if (file != nullptr && OSSL_PARAM_locate_const(params, kHasAuthParam) != nullptr) {
    file->empty_auth = false;  // tpm2_encodeobject up to 5.4 writes the opposite of what is so
  }
  if (OSSL_PARAM_locate_const(params, kAskAuthParam) != nullptr) loader.secrets.ask_auth = true;
  if (OSSL_PARAM_locate_const(params, kInventoryParam) != nullptr) loader.inventory = true;
  const OSSL_PARAM* tcti = OSSL_PARAM_locate_const(params, kTctiParam);
  if (tcti == nullptr) return 1;
  const char* value = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(tcti, &value) != 1) return 0;
  loader.tcti = value;
  return 1;
}

int SetParams(void* loader_context, const OSSL_PARAM params[]) {
  auto& loader = *static_cast<Loader*>(loader_context);
  return Callback(*loader.provider, 0,
                  [&]() -> Result<int> { return SetParamsOf(loader, params); });
}

/// The one object or inventory that a source stands for.
class Finder {
 public:
  Finder(const Loader& loader, PassphraseCallback passphrase)
      : loader_(loader), passphrase_(passphrase) {}

  Result<Found> operator()(const HandleUri& uri) const { return FindKey(uri); }
  Result<Found> operator()(const Tss2KeyFile& file) const { return FindKey(file); }

  Result<Found> operator()(const NvUri& uri) const {
    const Tpm2Provider& provider = *loader_.provider;
    const auto tpm = provider.Connect(loader_.tcti);
    if (!tpm) return tl::unexpected(tpm.error());
    const auto index = NvIndex::Open(*tpm, uri.index, provider.digests());
    if (!index) return tl::unexpected(index.error());
    std::optional<Secret> auth;
    if (uri.has_auth) {
      auto asked = passphrase_.Ask({PassphraseKind::kTpmAuth, index->name()});
      if (!asked) return Fail(std::move(asked));
      auth = *std::move(asked);
    }
    const auto contents = index->Read(auth, loader_.secrets.parent_auth);
    if (!contents) return tl::unexpected(contents.error());
    auto certificates = CertificatesInNv(*contents);
    if (!certificates) return Fail(std::move(certificates), index->name());
    return Found{nullptr, *std::move(certificates), {}};
  }

  Result<Found> operator()(const WholeTpm& whole) const { return tl::unexpected(whole.error); }

  [[nodiscard]] Result<Found> TakeInventory() const {
    std::optional<TPM2_HANDLE> only;
    if (const auto* uri = std::get_if<HandleUri>(&loader_.source)) only = uri->handle;
    if (const auto* uri = std::get_if<NvUri>(&loader_.source)) only = uri->index;
    auto taken =
        tpm2::TakeInventory(*loader_.provider, loader_.tcti, loader_.secrets.parent_auth, only);
    if (!taken) return Fail(std::move(taken));
    return Found{nullptr, {}, *std::move(taken)};
  }

 private:
  template <typename Place>
  Result<Found> FindKey(const Place& place) const {
    auto key = KeyLoader(*loader_.provider, loader_.tcti, passphrase_, loader_.secrets).Load(place);
    if (!key) return Fail(std::move(key));
    return Found{*std::move(key), {}, {}};
  }

  const Loader& loader_;
  PassphraseCallback passphrase_;
};

/// Whether the application may want what the source yields.
bool IsExpected(const Loader& loader) {
  const bool certificate = std::holds_alternative<NvUri>(loader.source);
  const int yields = certificate ? OSSL_STORE_INFO_CERT : OSSL_STORE_INFO_PKEY;
  return loader.inventory || loader.expected == 0 || loader.expected == yields;
}

int Load(void* loader_context, OSSL_CALLBACK* object_callback, void* object_argument,
         OSSL_PASSPHRASE_CALLBACK* passphrase_callback, void* passphrase_argument) {
  auto& loader = *static_cast<Loader*>(loader_context);
  Found& found = loader.found;
  return Callback(*loader.provider, 0, [&]() -> Result<int> {
    if (!std::exchange(loader.looked, true)) {
      if (!IsExpected(loader)) return 1;
      const Finder finder(loader, {passphrase_callback, passphrase_argument});
      auto result = loader.inventory ? finder.TakeInventory() : std::visit(finder, loader.source);
      if (!result) return Fail(std::move(result));
      found = *std::move(result);
    }
    if (found.key) return EmitKey(std::move(found.key), object_callback, object_argument);
    const std::size_t next = loader.next++;
    if (next < found.certificates.size()) {
      return provider::EmitCertificate(found.certificates[next], object_callback, object_argument);
    }
    if (next >= found.inventory.size()) return 0;
    const InventoryEntry& entry = found.inventory[next];
    return provider::EmitName(entry.uri, entry.description, object_callback, object_argument);
  });
}

int IsAtEnd(void* loader_context) {
  const auto& loader = *static_cast<Loader*>(loader_context);
  const Found& found = loader.found;
  return loader.looked && !found.key &&
                 loader.next >= found.certificates.size() + found.inventory.size()
             ? 1
             : 0;
}

int Close(void* loader_context) {
  delete static_cast<Loader*>(loader_context);
  return 1;
}

}  // namespace

const OSSL_DISPATCH* HandleStore() {
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_STORE_OPEN, OpenUri<HandleUri>),
                                         Entry(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, SettableParams),
                                         Entry(OSSL_FUNC_STORE_SET_CTX_PARAMS, SetParams),
                                         Entry(OSSL_FUNC_STORE_LOAD, Load),
                                         Entry(OSSL_FUNC_STORE_EOF, IsAtEnd),
                                         Entry(OSSL_FUNC_STORE_CLOSE, Close),
                                         provider::kEnd};
  return kTable;
}

const OSSL_DISPATCH* NvStore() {
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_STORE_OPEN, OpenUri<NvUri>),
                                         Entry(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, SettableParams),
                                         Entry(OSSL_FUNC_STORE_SET_CTX_PARAMS, SetParams),
                                         Entry(OSSL_FUNC_STORE_LOAD, Load),
                                         Entry(OSSL_FUNC_STORE_EOF, IsAtEnd),
                                         Entry(OSSL_FUNC_STORE_CLOSE, Close),
                                         provider::kEnd};
  return kTable;
}

const OSSL_DISPATCH* Tss2Store() {
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_STORE_OPEN, OpenFile),
                                         Entry(OSSL_FUNC_STORE_ATTACH, AttachFile),
                                         Entry(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, SettableParams),
                                         Entry(OSSL_FUNC_STORE_SET_CTX_PARAMS, SetParams),
                                         Entry(OSSL_FUNC_STORE_LOAD, Load),
                                         Entry(OSSL_FUNC_STORE_EOF, IsAtEnd),
                                         Entry(OSSL_FUNC_STORE_CLOSE, Close),
                                         provider::kEnd};
  return kTable;
}

}  // namespace credmint::tpm2
