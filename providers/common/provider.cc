// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "common/key_generation.h"
#include "credmint_version.h"
#include "ossl/error_queue.h"

namespace credmint::provider {

std::unique_ptr<KeyGeneration> ProviderContext::NewGeneration(KeyType /*type*/) const {
  return nullptr;
}

void Teardown(void* context) noexcept { delete static_cast<ProviderContext*>(context); }

const OSSL_PARAM* GettableParams(void* /*context*/) noexcept {
  static const OSSL_PARAM kParams[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, nullptr, 0),
                                       OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, nullptr, 0),
                                       OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, nullptr, 0),
                                       OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, nullptr),
                                       OSSL_PARAM_END};
  return kParams;
}

int GetParams(void* context, OSSL_PARAM params[]) noexcept {
  const auto& provider = *static_cast<ProviderContext*>(context);
  const std::array<std::pair<const char*, const char*>, 3> texts = {{
      {OSSL_PROV_PARAM_NAME, provider.description()},
      {OSSL_PROV_PARAM_VERSION, CREDMINT_VERSION},
      {OSSL_PROV_PARAM_BUILDINFO, CREDMINT_VERSION},
  }};
  for (const auto& [name, text] : texts) {
    OSSL_PARAM* param = OSSL_PARAM_locate(params, name);
    if (param != nullptr && OSSL_PARAM_set_utf8_ptr(param, text) != 1) return 0;
  }
  OSSL_PARAM* status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
  return status == nullptr ? 1 : OSSL_PARAM_set_int(status, 1);
}

namespace {

OSSL_ITEM Reason(ErrorCode code, const char* text) {
  return {static_cast<unsigned int>(code), const_cast<char*>(text)};
}

OSSL_ITEM Hint(int reason) {
  return {static_cast<unsigned int>(reason), const_cast<char*>("hint")};
}

}  // namespace

const OSSL_ITEM* ReasonStrings(void* /*context*/) noexcept {
  static const OSSL_ITEM kErrors[] = {
      Reason(ErrorCode::kInternal, "internal error"),
      Reason(ErrorCode::kUsage, "usage error"),
      Reason(ErrorCode::kLocalIo, "cannot read file"),
      Reason(ErrorCode::kMalformed, "malformed key reference or key"),
      Reason(ErrorCode::kKeyNotFound, "not found"),
      Reason(ErrorCode::kKeyAmbiguous, "ambiguous"),
      Reason(ErrorCode::kKeyUnusable, "key unusable"),
      Reason(ErrorCode::kModule, "module failure"),
      Reason(ErrorCode::kDevice, "device failure"),
      Reason(ErrorCode::kPinRequired, "PIN or auth value needed"),
      Reason(ErrorCode::kSecretUnreadable, "cannot read PIN or auth value"),
      Reason(ErrorCode::kContextPinRequired, "context-specific PIN needed"),
      Reason(ErrorCode::kPinIncorrect, "PIN or auth value incorrect"),
      Reason(ErrorCode::kPinLocked, "PIN locked"),
      Reason(ErrorCode::kDeviceLost, "device lost"),
      Reason(ErrorCode::kPolicyUnmet, "key policy not met"),
      Reason(ErrorCode::kLockedOut, "locked out"),
      Reason(ErrorCode::kTokenAbsent, "token absent"),
      Reason(ErrorCode::kModuleFailed, "module does not initialise"),
      Hint(kHintReason),
      OSSL_ITEM{kRetryAfterReason, const_cast<char*>("milliseconds to wait")}};
  constexpr auto kRemedies = static_cast<std::size_t>(kLastRemedy);
  static const auto kReasons = [] {
    std::array<OSSL_ITEM, std::size(kErrors) + kRemedies + 1> reasons{};  // ends with zeros
    auto* next = std::copy(std::begin(kErrors), std::end(kErrors), reasons.begin());
    for (int number = 1; number <= static_cast<int>(kRemedies); ++number) {
      *next++ = Hint(kRemedyReason + number);
    }
    return reasons;
  }();
  return kReasons.data();
}

}  // namespace credmint::provider
