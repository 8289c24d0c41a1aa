// SPDX-License-Identifier: Apache-2.0
#include "identity/expiry_watch.h"

#include <fmt/format.h>

#include "base/time_left.h"
#include "base/timestamp.h"

namespace credmint {

std::optional<std::string> ExpiryWatch::Look(const Certificate& leaf, TimePoint now) {
  if (!leaf_ || !(*leaf_ == leaf)) stage_ = ExpiryStage::kFar;
  leaf_ = leaf;
  const ExpiryStage stage = ExpiryStageAt(leaf, now);
  if (stage <= stage_) return std::nullopt;
  stage_ = stage;
  return fmt::format("certificate {} expires in {}, at {}: renew it with its CA", leaf.Subject(),
                     TimeLeft(leaf.NotAfter(), now), FormatTimestamp(leaf.NotAfter()));
}

}  // namespace credmint
