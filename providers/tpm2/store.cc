#include "tpm2/store.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <string.h>

#include <optional>
#include <string>
#include <variant>

#include "base/read_file.h"
#include "common/dispatch.h"
#include "tpm2/key_loader.h"

namespace credmint::tpm2 {
namespace {

using provider::Callback;
using provider::Entry;

constexpr const char* kTctiParam = "tcti";
constexpr const char* kParentAuthParam = "tpm2-parent-auth";
constexpr const char* kPolicyAuthParam = "tpm2-policy-auth";
constexpr const char* kPolicySignerParam = "tpm2-policy-signer";
constexpr const char* kHasAuthParam = "tpm2-has-auth";
constexpr std::string_view kTss2Scheme = "tss2:";

/// What OpenSSL calls the loader context.
struct Loader {
  const Tpm2Provider* provider;
  std::variant<HandleUri, Tss2KeyFile> source;
  std::optional<std::string> tcti;
  KeySecrets secrets;
  int expected = 0;  // an OSSL_STORE_INFO type, or anything
  bool done = false;
};

const Tpm2Provider& ToProvider(void* context) {
  return static_cast<const Tpm2Provider&>(*static_cast<provider::ProviderContext*>(context));
}

template <typename Source>
Result<void*> MakeLoader(const Tpm2Provider& provider, Result<Source> source) {
  if (!source) return Fail(std::move(source));
  return new Loader{&provider, *std::move(source), std::nullopt, {}};
}

void* OpenHandle(void* context, const char* uri) {
  const Tpm2Provider& provider = ToProvider(context);
  return Callback<void*>(provider, nullptr,
                         [&] { return MakeLoader(provider, HandleUri::Parse(uri)); });
}

Result<void*> ParseFile(const Tpm2Provider& provider, Result<Secret> contents) {
  if (!contents) return Fail(std::move(contents));
  return MakeLoader(provider, Tss2KeyFile::Parse(contents->Reveal()));
}

void* OpenFile(void* context, const char* uri) {
  const Tpm2Provider& provider = ToProvider(context);
  return Callback<void*>(provider, nullptr, [&] {
    return ParseFile(provider, ReadFile(uri + kTss2Scheme.size(), kMaxKeyFileSize));
  });
}

void* AttachFile(void* context, OSSL_CORE_BIO* bio) {
  const Tpm2Provider& provider = ToProvider(context);
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
      size != sizeof key) {
    return;
  }
  memcpy(&key, value, size);
  if (EVP_PKEY_up_ref(key) == 1) signer.reset(key, EVP_PKEY_free);
}

int SetParams(void* loader_context, const OSSL_PARAM params[]) {
  auto& loader = *static_cast<Loader*>(loader_context);
  const OSSL_PARAM* expected = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
  if (expected != nullptr && OSSL_PARAM_get_int(expected, &loader.expected) != 1) return 0;
  SetSecret(params, kParentAuthParam, loader.secrets.parent_auth);
  SetSecret(params, kPolicyAuthParam, loader.secrets.policy_auth);
  SetSigner(params, loader.secrets.policy_signer);
  auto* file = std::get_if<Tss2KeyFile>(&loader.source);
  if (file != nullptr && OSSL_PARAM_locate_const(params, kHasAuthParam) != nullptr) {
    file->empty_auth = false;  // tpm2_encodeobject up to 5.4 writes the opposite of what is so
  }
  const OSSL_PARAM* tcti = OSSL_PARAM_locate_const(params, kTctiParam);
  if (tcti == nullptr) return 1;
  const char* value = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(tcti, &value) != 1) return 0;
  loader.tcti = value;
  return 1;
}

int Load(void* loader_context, OSSL_CALLBACK* object_callback, void* object_argument,
         OSSL_PASSPHRASE_CALLBACK* passphrase_callback, void* passphrase_argument) {
  auto& loader = *static_cast<Loader*>(loader_context);
  loader.done = true;
  if (loader.expected != 0 && loader.expected != OSSL_STORE_INFO_PKEY) return 1;
  return Callback(*loader.provider, 0, [&]() -> Result<int> {
    const KeyLoader key_loader(*loader.provider, loader.tcti,
                               {passphrase_callback, passphrase_argument}, loader.secrets);
    auto key =
        std::visit([&](const auto& source) { return key_loader.Load(source); }, loader.source);
    if (!key) return Fail(std::move(key));
    return EmitKey(*std::move(key), object_callback, object_argument);
  });
}

int IsAtEnd(void* loader_context) { return static_cast<Loader*>(loader_context)->done ? 1 : 0; }

int Close(void* loader_context) {
  delete static_cast<Loader*>(loader_context);
  return 1;
}

}  // namespace

const OSSL_DISPATCH* HandleStore() {
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_STORE_OPEN, OpenHandle),
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
