// SPDX-License-Identifier: Apache-2.0
#include "base/foreign_code.h"

#include <utility>

namespace credmint {
namespace {

ForeignCode::Listener& TheListener() {
  static auto* const kListener = new ForeignCode::Listener;
  return *kListener;
}

void Tell(ForeignCode::Stage stage, const ForeignNeeds& needs) {
  if (TheListener()) TheListener()(stage, needs);
}

}  // namespace

void ForeignCode::Announce(const ForeignNeeds& needs) { Tell(Stage::kBeforeLoading, needs); }

void ForeignCode::NoteInitialized(const ForeignNeeds& needs) { Tell(Stage::kInitialized, needs); }

void ForeignCode::SetListener(Listener listener) { TheListener() = std::move(listener); }

}  // namespace credmint
