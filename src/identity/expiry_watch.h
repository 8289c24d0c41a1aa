// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "identity/expiry_stage.h"
#include "ossl/certificate.h"

namespace credmint {

/// Notices once when a certificate enters each stage before its end. Another certificate begins
/// from the start.
class ExpiryWatch {
 public:
  /// Returns the warning if the stage of `leaf` is later than at the call before, as in:
  ///
  ///     certificate CN=web expires in 6 days, at 2026-12-07T12:00:00Z: renew it with its CA
  std::optional<std::string> Look(const Certificate& leaf, TimePoint now);

 private:
  std::optional<Certificate> leaf_;
  ExpiryStage stage_ = ExpiryStage::kFar;
};

}  // namespace credmint
