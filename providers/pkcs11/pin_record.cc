// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/pin_record.h"

#include <algorithm>

namespace credmint::pkcs11 {

bool PinRecord::WasRefused(Kind kind, const Secret& pin) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(refused_.begin(), refused_.end(), [&](const Refused& refused) {
    return refused.kind == kind && refused.pin.Reveal() == pin.Reveal();
  });
}

void PinRecord::Refuse(Kind kind, const Secret& pin) {
  const std::lock_guard lock(mutex_);
  refused_.push_back({kind, pin.Clone()});
  if (remembered_ && remembered_->Reveal() == pin.Reveal()) remembered_.reset();
}

void PinRecord::Remember(const Secret& pin) {
  const std::lock_guard lock(mutex_);
  remembered_ = pin.Clone();
}

std::optional<Secret> PinRecord::Remembered() const {
  const std::lock_guard lock(mutex_);
  if (!remembered_) return std::nullopt;
  return remembered_->Clone();
}

}  // namespace credmint::pkcs11
