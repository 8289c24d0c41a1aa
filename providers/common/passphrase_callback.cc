// SPDX-License-Identifier: Apache-2.0
#include "common/passphrase_callback.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>

namespace credmint::provider {

Result<Secret> PassphraseCallback::Ask(const PassphraseRequest& request) const {
  std::string info = FormatPassphraseInfo(request);
  std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, info.data(), 0),
      OSSL_PARAM_construct_end()};
  std::array<char, 1024> buffer{};
  std::size_t length = 0;
  if (callback_ == nullptr ||
      callback_(buffer.data(), buffer.size() - 1, &length, params.data(), argument_) != 1) {
    const bool in_uri = request.kind == PassphraseKind::kTokenPin;
    return Fail(ErrorCode::kPinRequired, "no " + info + " was given",
                in_uri ? Remedy::kGiveSecret : Remedy::kNone);
  }
  return Secret::Take(std::span(buffer).first(length));
}

}  // namespace credmint::provider
