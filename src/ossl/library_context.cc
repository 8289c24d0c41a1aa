// SPDX-License-Identifier: Apache-2.0
#include "ossl/library_context.h"

#include <fmt/format.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/log.h"
#include "base/shown_value.h"
#include "ossl/error_queue.h"
#include "ossl/fips.h"

namespace credmint {

Result<LibraryContext> LibraryContext::Create(std::span<const BuiltinProvider> builtin,
                                              std::span<const std::string> extra) {
  LibraryContext result;
  result.context_.reset(OSSL_LIB_CTX_new());
  if (!result.context_) return Fail(TakeOpensslError(ErrorCode::kInternal));
  const auto obeys_fips = ObeyFips(result.get());
  if (!obeys_fips) return Fail(obeys_fips);
  Result<void> loaded;
  if (!*obeys_fips) loaded = result.Load("default", ErrorCode::kInternal);
  if (loaded) loaded = result.LoadBuiltin(builtin);
  if (loaded) loaded = result.LoadProviders(extra);
  if (!loaded) return Fail(std::move(loaded));
  return result;
}

LibraryContext::~LibraryContext() {
  if (!is_left_) return;
  [[maybe_unused]] static OSSL_LIB_CTX* volatile left;  // a leak checker sees that it is meant
  left = context_.release();
  for (ProviderPtr& provider : providers_) static_cast<void>(provider.release());
}

LibraryContext LibraryContext::InChild(OSSL_LIB_CTX* context) {
  LibraryContext result;
  result.context_.reset(context);
  return result;
}

Result<void> LibraryContext::LoadBuiltin(std::span<const BuiltinProvider> builtin) {
  for (const BuiltinProvider& provider : builtin) {
    if (OSSL_PROVIDER_add_builtin(get(), provider.name, provider.init) != 1) {
      return Fail(TakeOpensslError(ErrorCode::kInternal));
    }
    if (auto loaded = Load(provider.name, ErrorCode::kInternal); !loaded) return loaded;
  }
  return {};
}

Result<void> LibraryContext::LoadProviders(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (auto loaded = Load(name.c_str(), ErrorCode::kUsage); !loaded) return loaded;
  }
  FetchKeyTypes();
  return {};
}

void LibraryContext::FetchForThreads() const {
  const ErrorMark mark;
  EVP_MD_free(EVP_MD_fetch(get(), "SHA256", nullptr));
  EVP_SIGNATURE_free(EVP_SIGNATURE_fetch(get(), "ECDSA", nullptr));
  OSSL_DECODER_free(OSSL_DECODER_fetch(get(), "EC", nullptr));
  std::uint8_t byte = 0;
  RAND_priv_bytes_ex(get(), &byte, sizeof byte, 0);  // its generators use ciphers
}

void LibraryContext::SetStores(std::shared_ptr<Stores> stores, StoreDevice other) {
  stores_ = std::move(stores);
  other_device_ = std::move(other);
}

Result<void> LibraryContext::Load(const char* name, ErrorCode failure) {
  ProviderPtr provider(OSSL_PROVIDER_load(context_.get(), name));
  if (!provider) {
    const Error error = TakeOpensslError(failure);  // its message repeats the name
    if (DescribeUnshown(name).empty()) LogDebug(error.message);
    return Fail(failure, fmt::format("the OpenSSL provider {} cannot be loaded", Shown(name)),
                "OpenSSL looks for its module in the folder that openssl version -m prints");
  }
  providers_.push_back(std::move(provider));
  return {};
}

/// Makes OpenSSL ask all providers for their key types while there is one thread. When several
/// threads ask first at the same time, OpenSSL 3.0 may permanently find no implementation of a
/// type.
void LibraryContext::FetchKeyTypes() {
  EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(context_.get(), "EC", nullptr));
}

}  // namespace credmint
