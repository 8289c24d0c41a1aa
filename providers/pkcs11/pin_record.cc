// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/pin_record.h"

#include <algorithm>

namespace credmint::pkcs11 {

bool PinRecord::WasRefused(Kind kind, const Secret& pin) const {
  const auto pins = pins_.Lock();
  return std::any_of(pins->refused.begin(), pins->refused.end(), [&](const Refused& refused) {
    return refused.kind == kind && refused.pin.Reveal() == pin.Reveal();
  });
}

void PinRecord::Refuse(Kind kind, const Secret& pin) {
  const auto pins = pins_.Lock();
  pins->refused.push_back({kind, pin.Clone()});
  if (pins->remembered && pins->remembered->Reveal() == pin.Reveal()) pins->remembered.reset();
}

void PinRecord::Remember(const Secret& pin) { pins_.Lock()->remembered = pin.Clone(); }

std::optional<Secret> PinRecord::Remembered() const {
  const auto pins = pins_.Lock();
  if (!pins->remembered) return std::nullopt;
  return pins->remembered->Clone();
}

}  // namespace credmint::pkcs11
