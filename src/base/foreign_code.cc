// SPDX-License-Identifier: Apache-2.0
#include "base/foreign_code.h"

#include <utility>

namespace credmint {
namespace {

ForeignCode::Listener& TheListener() {
  static auto* const kListener = new ForeignCode::Listener;
  return *kListener;
}

}  // namespace

void ForeignCode::Announce(const std::function<ForeignNeeds()>& needs) {
  if (TheListener()) TheListener()(Stage::kBeforeLoading, needs());
}

void ForeignCode::NoteInitialized() {
  if (TheListener()) TheListener()(Stage::kInitialized, {});
}

void ForeignCode::SetListener(Listener listener) { TheListener() = std::move(listener); }

}  // namespace credmint
