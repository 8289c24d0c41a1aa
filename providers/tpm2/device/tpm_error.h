// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_common.h>

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "base/error.h"

namespace credmint::tpm2 {

/// Why a TPM did not do a command, as far as this provider acts on it.
enum class TpmFault {
  kAuthRefused,           ///< wrong auth value; one more on the dictionary-attack counter
  kAuthRefusedUncounted,  ///< wrong auth value of an object or hierarchy without that protection
  kLockout,               ///< dictionary-attack lockout
  kNoObjectSlot,          ///< no memory for one more loaded object
  kNoSessionSlot,         ///< no memory for one more session
  kBusy,                  ///< it did not begin the command: it tests itself, or saves its NV memory
  kNoSuchHandle,          ///< nothing is there
  kObjectLost,            ///< a loaded object is gone: the TPM was reset
  kSessionLost,           ///< a session is gone: the TPM was reset
  kHierarchyDisabled,     ///< by the firmware or the platform's owner
  kPcrChanged,            ///< some PCR was extended while a policy was being satisfied
  kPolicyRefused,         ///< what was done in a policy session is not what allows this use
  kBadParameter,          ///< a parameter, such as a wrapped key, is not this TPM's or damaged
  kConnection,            ///< the TCTI failed
  kOtherProcess,          ///< the connection was opened before a fork; nothing was sent
  kClosed,                ///< the process is exiting; nothing was sent
  kOther,
};

/// What a TPM says about its dictionary-attack protection.
struct LockoutState {
  UINT32 tries = 0;     ///< that count
  UINT32 limit = 0;     ///< so many lock it
  UINT32 interval = 0;  ///< seconds after which it forgets one; 0: protection is off
};

/// What came of one TPM command that failed: a TSS2_RC, sorted.
class TpmFailure {
 public:
  explicit TpmFailure(TSS2_RC code);
  explicit TpmFailure(TpmFault fault) : fault_(fault) {}

  [[nodiscard]] TpmFault fault() const { return fault_; }

  /// Whether the same command may succeed a little later; no auth value was looked at.
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
  /// What the TPM says of that count after this failure, if that is known.
  void set_lockout_state(std::optional<LockoutState> state) { lockout_ = state; }
  /// About that, for people: "2 more wrong tries lock it"; "it counts wrong tries".
  [[nodiscard]] std::string TriesLeft() const;
  /// To be added to a remedy where no auth value was given but an empty one was sent; empty unless
  /// it was counted.
  [[nodiscard]] std::string CountedNote() const;

  /// For people; the codes are kPinIncorrect, kLockedOut, kKeyNotFound, kKeyUnusable,
  /// kPolicyUnmet, kDevice, and kDeviceLost where WasLoss(). kLockedOut has as its retry_after the
  /// time in which the TPM forgets one try, if that is known.
  [[nodiscard]] Error ToError() const;

 private:
  [[nodiscard]] Error LockoutError() const;
  [[nodiscard]] Error DeviceError() const;

  TSS2_RC code_ = 0;
  TpmFault fault_;
  std::optional<LockoutState> lockout_;
};

/// What functions return whose callers act on the fault; turned into a Result further up.
template <typename T>
using TpmResult = tl::expected<T, TpmFailure>;

/// `return Fail(failure);` and `return Fail(result);` in a function that returns a TpmResult.
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

/// "tpm:handle(1):…", the words of tpm2-tss for a code, with the code itself.
std::string DescribeTssCode(TSS2_RC code);

}  // namespace credmint::tpm2
