// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_common.h>

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "base/error.h"

namespace credmint::tpm2 {

/// Why a TPM refused a command, as far as this provider reacts to it.
enum class TpmFault {
  kAuthRefused,           ///< wrong auth value; the dictionary-attack counter grew by one
  kAuthRefusedUncounted,  ///< wrong auth value of an object or hierarchy without that protection
  kLockout,               ///< dictionary-attack lockout
  kNoObjectSlot,          ///< no memory for one more loaded object
  kNoSessionSlot,         ///< no memory for one more session
  kNoNvSpace,             ///< no room for one more NV index or persistent object
  kBusy,                  ///< command not begun: it is self-testing or saving NV memory
  kNoSuchHandle,          ///< nothing is there
  kObjectLost,            ///< a loaded object is gone: the TPM was reset
  kSessionLost,           ///< a session is gone: the TPM was reset
  kHierarchyDisabled,     ///< by the firmware or the platform's owner
  kPcrChanged,            ///< some PCR was extended while a policy was being satisfied
  kPolicyRefused,         ///< the steps in a policy session do not allow this use
  kBadParameter,          ///< a parameter, such as a wrapped key, is damaged or not this TPM's
  kConnection,            ///< the TCTI failed
  kOtherProcess,          ///< the connection was opened before a fork; nothing was sent
  kClosed,                ///< the process is exiting; nothing was sent
  kOther,
};

/// The hint for a hierarchy that is disabled.
inline constexpr const char* kEnableHierarchy =
    "the firmware's setup or tpm2_hierarchycontrol enables it, in most cases after a restart only";

/// The state of a TPM's dictionary-attack protection.
struct LockoutState {
  UINT32 tries = 0;     ///< wrong tries counted
  UINT32 limit = 0;     ///< wrong tries that lock it
  UINT32 interval = 0;  ///< seconds after which it forgets one try; 0: protection is off
};

/// A failed TPM command: its TSS2_RC, classified.
class TpmFailure {
 public:
  explicit TpmFailure(TSS2_RC code);
  explicit TpmFailure(TpmFault fault) : fault_(fault) {}

  [[nodiscard]] TpmFault fault() const { return fault_; }

  /// Whether the same command may succeed a little later. No auth value was checked in that case.
  [[nodiscard]] bool MayPass() const {
    return fault_ == TpmFault::kNoObjectSlot || fault_ == TpmFault::kNoSessionSlot ||
           fault_ == TpmFault::kBusy;
  }
  /// Whether something that was loaded turned out to be gone.
  [[nodiscard]] bool WasLoss() const {
    return fault_ == TpmFault::kObjectLost || fault_ == TpmFault::kSessionLost;
  }
  /// Whether an auth value was sent and is wrong.
  [[nodiscard]] bool WasRefusal() const {
    return fault_ == TpmFault::kAuthRefused || fault_ == TpmFault::kAuthRefusedUncounted;
  }

  /// Whether the TPM's count of wrong tries explains it.
  [[nodiscard]] bool IsAboutTries() const {
    return fault_ == TpmFault::kAuthRefused || fault_ == TpmFault::kLockout;
  }
  /// Sets the TPM's lockout state after this failure, if known.
  void set_lockout_state(std::optional<LockoutState> state) { lockout_ = state; }
  /// That state for people, such as "2 more wrong tries lock it". If unknown, "it counts wrong
  /// tries".
  [[nodiscard]] std::string TriesLeft() const;
  /// A note for a remedy if no auth value was given and the empty one that was sent was counted.
  /// Empty if it was not counted.
  [[nodiscard]] std::string CountedNote() const;

  /// The failure for people. The codes are kPinIncorrect, kLockedOut, kKeyNotFound, kKeyUnusable,
  /// kPolicyUnmet and kDevice, and kDeviceLost if WasLoss().
  ///
  /// The retry_after of kLockedOut is the time in which the TPM forgets one try, if known.
  [[nodiscard]] Error ToError() const;

 private:
  [[nodiscard]] Error LockoutError() const;
  [[nodiscard]] Error DeviceError() const;

  TSS2_RC code_ = 0;
  TpmFault fault_;
  std::optional<LockoutState> lockout_;
};

/// The result of functions whose callers act on the fault. Turned into a Result further up.
template <typename T>
using TpmResult = tl::expected<T, TpmFailure>;

/// For `return Fail(failure);` and `return Fail(result);` in a function that returns a TpmResult.
inline tl::unexpected<TpmFailure> Fail(const TpmFailure& failure) {
  return tl::unexpected(failure);
}
template <typename T>
tl::unexpected<TpmFailure> Fail(const TpmResult<T>& failed) {
  return tl::unexpected(failed.error());
}

/// `return Fail(result, "loading the key");` turns a failed TpmResult into a failed Result.
template <typename T>
tl::unexpected<Error> Fail(const TpmResult<T>& failed, std::string_view clause) {
  return Fail(failed.error().ToError().In(clause));
}

/// The words of tpm2-tss for a code, followed by the code: "tpm:handle(1):…".
std::string DescribeTssCode(TSS2_RC code);

}  // namespace credmint::tpm2
