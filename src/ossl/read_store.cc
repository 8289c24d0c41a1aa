// SPDX-License-Identifier: Apache-2.0
#include "ossl/read_store.h"

#include <string.h>

#include <utility>

#include "ossl/error_queue.h"
#include "ossl/fips.h"
#include "ossl/stores.h"

namespace credmint {
namespace {

/// The passphrase function behind OpenSSL's UI_METHOD, and its outcome.
struct Prompt {
  const PassphraseFunction& ask;
  std::optional<Error> failure;
  std::optional<Secret> answer;  ///< OpenSSL may ask once for each decoder it tries
};

char* ConstructPrompt(UI* /*ui*/, const char* /*phrase_desc*/, const char* object_name) {
  return OPENSSL_strdup(object_name != nullptr ? object_name : "");
}

int ReadPrompt(UI* ui, UI_STRING* string) {
  if (UI_get_string_type(string) != UIT_PROMPT) return 1;
  auto* prompt = static_cast<Prompt*>(UI_get0_user_data(ui));
  if (!prompt->ask) {
    prompt->failure = Error{ErrorCode::kPinRequired, "no passphrase was given", {}};
    return 0;
  }
  if (prompt->failure) return 0;
  if (!prompt->answer) {
    auto answer = prompt->ask(ParsePassphraseInfo(UI_get0_output_string(string)));
    if (!answer) {
      prompt->failure = answer.error();
      return 0;
    }
    prompt->answer = *std::move(answer);
  }
  const std::string_view bytes = prompt->answer->Reveal();
  return UI_set_result_ex(ui, string, bytes.data(), static_cast<int>(bytes.size())) == 0 ? 1 : 0;
}

UiMethodPtr NewUiMethod() {
  UiMethodPtr method(UI_create_method("credmint"));
  if (!method) return nullptr;
  UI_method_set_prompt_constructor(method.get(), ConstructPrompt);
  UI_method_set_reader(method.get(), ReadPrompt);
  return method;
}

std::vector<OSSL_PARAM> ToParams(const StoreOptions& options) {
  std::vector<OSSL_PARAM> params;
  for (const auto& [name, value] : options.parameters) {
    params.push_back(OSSL_PARAM_construct_utf8_string(
        name.c_str(), const_cast<char*>(value.c_str()), value.size()));
  }
  static char nothing = 0;
  for (const auto& [name, secret] : options.secrets) {
    char* data = secret.empty() ? &nothing : const_cast<char*>(secret.Reveal().data());
    params.push_back(OSSL_PARAM_construct_octet_string(name.c_str(), data, secret.size()));
  }
  for (const auto& [name, bytes] : options.octets) {
    params.push_back(OSSL_PARAM_construct_octet_string(
        name.c_str(), const_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  }
  if (options.key) {
    params.push_back(OSSL_PARAM_construct_octet_string(
        options.key->first.c_str(), const_cast<EVP_PKEY**>(&options.key->second), sizeof(void*)));
  }
  params.push_back(OSSL_PARAM_construct_end());
  return params;
}

int ToInfoType(StoreExpect expect) {
  switch (expect) {
    case StoreExpect::kPrivateKey:
      return OSSL_STORE_INFO_PKEY;
    case StoreExpect::kCertificate:
      return OSSL_STORE_INFO_CERT;
    case StoreExpect::kName:
      break;
  }
  return OSSL_STORE_INFO_NAME;
}

bool Holds(const StoreContents& contents, StoreExpect expect) {
  switch (expect) {
    case StoreExpect::kPrivateKey:
      return !contents.keys.empty();
    case StoreExpect::kCertificate:
      return !contents.certificates.empty();
    case StoreExpect::kName:
      break;
  }
  return !contents.names.empty();
}

tl::unexpected<Error> NothingThere(StoreExpect expect) {
  if (expect == StoreExpect::kName) return Fail(ErrorCode::kKeyNotFound, "it holds nothing");
  return Fail(ErrorCode::kKeyNotFound, expect == StoreExpect::kPrivateKey
                                           ? "it holds no private key"
                                           : "it holds no certificate");
}

void CollectName(const StoreInfoPtr& info, StoreContents& contents) {
  const char* uri = OSSL_STORE_INFO_get0_NAME(info.get());
  const char* description = OSSL_STORE_INFO_get0_NAME_description(info.get());
  contents.names.push_back({uri != nullptr ? uri : "", description != nullptr ? description : ""});
}

void Collect(const StoreInfoPtr& info, StoreContents& contents) {
  switch (OSSL_STORE_INFO_get_type(info.get())) {
    case OSSL_STORE_INFO_PKEY:
      contents.keys.emplace_back(OSSL_STORE_INFO_get1_PKEY(info.get()));
      break;
    case OSSL_STORE_INFO_CERT:
      contents.certificates.emplace_back(OSSL_STORE_INFO_get1_CERT(info.get()));
      break;
    case OSSL_STORE_INFO_NAME:
      CollectName(info, contents);
      break;
    default:
      break;
  }
}

Error StoreFailure(const Prompt& prompt) {
  std::string missing;
  Error error = TakeOpensslError(ErrorCode::kMalformed, missing);
  if (prompt.failure) return *prompt.failure;
  if (!missing.empty() && ObeysFips()) {
    Error refused = NotAllowedByFips(missing);
    if (prompt.answer) {
      refused.hint =
          "where FIPS is not demanded, encrypt it again: "
          "openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW";
    }
    return refused;
  }
  if (error.code == ErrorCode::kMalformed && !missing.empty() && prompt.answer) {
    return Error{
        ErrorCode::kKeyUnusable,
        "it is encrypted with an algorithm that OpenSSL has only in its legacy provider",
        "encrypt it again: openssl pkcs8 -topk8 -provider legacy -provider default -in OLD "
        "-out NEW"};
  }
  if (error.code == ErrorCode::kMalformed && prompt.answer) {
    return WrongPassphrase();
  }
  return error;
}

/// More failures than a store that makes progress has. Stops a store that fails without end.
constexpr int kMostFailures = 1000;

/// Drains the store. A failure before the first object fails the whole load. A failure after it is
/// how OpenSSL's file loader reports trailing data that it does not know.
Result<StoreContents> LoadAll(OSSL_STORE_CTX* store, StoreExpect expect, const Prompt& prompt) {
  if (OSSL_STORE_expect(store, ToInfoType(expect)) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal));
  }
  StoreContents contents;
  int failures = 0;
  while (OSSL_STORE_eof(store) == 0 && failures < kMostFailures) {
    const StoreInfoPtr info(OSSL_STORE_load(store));
    if (info) {
      Collect(info, contents);
    } else if (OSSL_STORE_error(store) != 0) {
      ++failures;
      if (prompt.failure || prompt.answer) break;
    }
  }
  const bool found = Holds(contents, expect);
  if (!found && failures > 0) return Fail(StoreFailure(prompt));
  ERR_clear_error();
  if (!found) return NothingThere(expect);
  return contents;
}

/// Where a device's store is opened, if not here.
Stores* OtherStores(const LibraryContext& context, const StoreOptions& options) {
  return options.device.name.empty() ? nullptr : context.stores();
}

}  // namespace

Result<StoreContents> OpenStore(const LibraryContext& context, const std::string& uri,
                                const StoreOptions& options) {
  if (Stores* const others = OtherStores(context, options))
    return others->Open(context, uri, options);
  ERR_clear_error();
  Prompt prompt{options.passphrase, {}, {}};
  const UiMethodPtr method = NewUiMethod();
  const std::vector<OSSL_PARAM> params = ToParams(options);
  const StoreCtxPtr store(OSSL_STORE_open_ex(
      uri.c_str(), context.get(), options.properties.empty() ? nullptr : options.properties.c_str(),
      method.get(), &prompt, params.data(), nullptr, nullptr));
  if (!store) return Fail(StoreFailure(prompt));
  return LoadAll(store.get(), options.expect, prompt);
}

Result<StoreContents> ReadStore(const LibraryContext& context, const Secret& contents,
                                const std::string& scheme, const StoreOptions& options) {
  if (contents.empty()) return Fail(ErrorCode::kMalformed, "it is empty");
  if (Stores* const others = OtherStores(context, options)) {
    return others->Read(context, contents, scheme, options);
  }
  ERR_clear_error();
  Prompt prompt{options.passphrase, {}, {}};
  const UiMethodPtr method = NewUiMethod();
  const std::vector<OSSL_PARAM> params = ToParams(options);
  const BioPtr bio(
      BIO_new_mem_buf(contents.Reveal().data(), static_cast<int>(contents.Reveal().size())));
  if (!bio) return Fail(TakeOpensslError(ErrorCode::kInternal));
  const StoreCtxPtr store(
      OSSL_STORE_attach(bio.get(), scheme.c_str(), context.get(),
                        options.properties.empty() ? nullptr : options.properties.c_str(),
                        method.get(), &prompt, params.data(), nullptr, nullptr));
  if (!store) return Fail(StoreFailure(prompt));
  return LoadAll(store.get(), options.expect, prompt);
}

}  // namespace credmint
