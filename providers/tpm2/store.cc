#include "tpm2/store.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>

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
constexpr const char* kHasAuthParam = "tpm2-has-auth";
constexpr std::string_view kTss2Scheme = "tss2:";

/// What OpenSSL calls the loader context.
struct Loader {
  const Tpm2Provider* provider;
  std::variant<HandleUri, Tss2KeyFile> source;
  std::optional<std::string> tcti;
  Secret parent_auth;
  int expected = 0;  // an OSSL_STORE_INFO type, or anything
  bool done = false;
};

const Tpm2Provider& ToProvider(void* context) {
  return static_cast<const Tpm2Provider&>(*static_cast<provider::ProviderContext*>(context));
}

template <typename Source>
Result<void*> MakeLoader(const Tpm2Provider& provider, Result<Source> source) {
  if (!source) return Fail(std::move(source));
  return new Loader{&provider, *std::move(source), std::nullopt, Secret()};
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
                                       OSSL_PARAM_utf8_string(kHasAuthParam, nullptr, 0),
                                       OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
                                       OSSL_PARAM_END};
  return kParams;
}

int SetParams(void* loader_context, const OSSL_PARAM params[]) {
  auto& loader = *static_cast<Loader*>(loader_context);
  const OSSL_PARAM* expected = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
  if (expected != nullptr && OSSL_PARAM_get_int(expected, &loader.expected) != 1) return 0;
  const OSSL_PARAM* parent = OSSL_PARAM_locate_const(params, kParentAuthParam);
  const void* auth = nullptr;
  std::size_t auth_size = 0;
  if (parent != nullptr && OSSL_PARAM_get_octet_string_ptr(parent, &auth, &auth_size) == 1) {
    loader.parent_auth = Secret(std::string_view(static_cast<const char*>(auth), auth_size));
  }
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
                               {passphrase_callback, passphrase_argument}, loader.parent_auth);
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
