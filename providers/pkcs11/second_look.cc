// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/second_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "pkcs11/padded_fields.h"
#include "pkcs11/slot_table.h"

namespace credmint::pkcs11 {
namespace {

constexpr int kWaits = 9;  // after the first look
constexpr std::chrono::milliseconds kPause{50};
constexpr std::string_view kSoftHsm = "SoftHSM project";

}  // namespace

bool IsSoftHsm(const CK_TOKEN_INFO& token) { return PaddedText(token.manufacturerID) == kSoftHsm; }

bool Patience::Wait() {
  if (waits_ == kWaits) return false;
  ++waits_;
  std::this_thread::sleep_for(kPause);
  return true;
}

bool SecondLook::IsAtSoftHsm() const {
  const auto ids = SlotTable::SlotIds(module_, CK_TRUE);
  return ids && std::any_of(ids->begin(), ids->end(), [&](CK_SLOT_ID id) {
           CK_SLOT_INFO slot{};
           return module_.Call(&CK_FUNCTION_LIST::C_GetSlotInfo, id, &slot) == CKR_OK &&
                  PaddedText(slot.manufacturerID) == kSoftHsm;
         });
}

bool SecondLook::Take() {
  if (taken_ && (!IsAtSoftHsm() || !patience_.Wait())) return false;
  taken_ = true;
  const auto restarted = module_.Restart();
  LogDebug(fmt::format("{}: looking for the token again: {}", module_.path(),
                       !restarted   ? restarted.error().message
                       : *restarted ? "initialised again"
                                    : "it is in use, so it is not initialised again"));
  // In a module that is in use, SoftHSM reads the token's file again by itself.
  return restarted && (*restarted || IsAtSoftHsm());
}

}  // namespace credmint::pkcs11
