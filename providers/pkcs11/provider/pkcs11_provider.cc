// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/provider/pkcs11_provider.h"

#include <optional>
#include <utility>

#include "pkcs11/object_loader.h"
#include "pkcs11/provider/settings.h"
#include "pkcs11/provider/token_key_generation.h"
#include "pkcs11_config.h"

namespace credmint::pkcs11 {

std::unique_ptr<provider::KeyGeneration> Pkcs11Provider::NewGeneration(
    provider::KeyType type) const {
  return std::make_unique<TokenKeyGeneration>(*this, type);
}

std::string Pkcs11Provider::ConfiguredModule() const {
  return core().Setting(kModulePathParam).value_or(CREDMINT_DEFAULT_P11_MODULE);
}

Result<void> Pkcs11Provider::CheckModule(const Uri& uri) const {
  const std::string configured = ConfiguredModule();
  if (uri.ModulePath(configured) == configured) return {};
  return Fail(ErrorCode::kUsage, "the file names a PKCS#11 module, which only openssl.cnf may do",
              "set pkcs11-module-path there");
}

LoadRequest Pkcs11Provider::Complete(LoadRequest request) const {
  if (request.module_path.empty()) {
    request.module_path = request.uri.ModulePath(ConfiguredModule());
  }
  if (core().Setting(kAllowFinalTryParam) == "1") request.allow_final_try = true;
  if (core().Setting(kRememberPinParam) == "1") request.remember_pin = true;
  return request;
}

LoadRequest Pkcs11Provider::RequestFor(Uri uri) const {
  return Complete({std::move(uri), {}, {}, false, false});
}

Result<std::unique_ptr<provider::Key>> Pkcs11Provider::LoadKey(
    Uri uri, const provider::PassphraseCallback& passphrase) const {
  const std::optional<Secret> no_context_pin;
  auto request = std::make_shared<const LoadRequest>(RequestFor(std::move(uri)));
  auto loaded = ObjectLoader(*this, std::move(request), passphrase, no_context_pin)
                    .Load({.private_key = true});
  if (!loaded) return Fail(std::move(loaded));
  return std::move(loaded->private_key);
}

}  // namespace credmint::pkcs11
