// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tpm_error.h"

#include <fmt/format.h>
#include <tss2/tss2_tpm2_types.h>

#include <algorithm>
#include <array>

#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {
namespace {

/// The bits of a format-one code that name the handle, parameter or session (TPM 2.0 Part 2 section
/// 6.6.3).
constexpr TSS2_RC kFormatOneNumber = 0xf00U;

constexpr const char* kUseAResourceManager =
    "other programs hold them all; a resource manager (device:/dev/tpmrm0 or tabrmd) shares them";

TpmFault SortFormatOne(TSS2_RC code) {
  switch (code & ~kFormatOneNumber) {
    case TPM2_RC_AUTH_FAIL:
      return TpmFault::kAuthRefused;
    case TPM2_RC_BAD_AUTH:
      return TpmFault::kAuthRefusedUncounted;
    case TPM2_RC_HANDLE:
    case TPM2_RC_VALUE:
      return (code & TPM2_RC_S) == 0 ? TpmFault::kNoSuchHandle : TpmFault::kOther;
    case TPM2_RC_HIERARCHY:
      return TpmFault::kHierarchyDisabled;
    case TPM2_RC_POLICY_FAIL:
    case TPM2_RC_POLICY_CC:
    case TPM2_RC_EXPIRED:
      return TpmFault::kPolicyRefused;
    default:
      return (code & TPM2_RC_P) != 0 ? TpmFault::kBadParameter : TpmFault::kOther;
  }
}

TpmFault SortTpmCode(TSS2_RC code) {
  if ((code & TPM2_RC_FMT1) != 0) return SortFormatOne(code);
  switch (code) {
    case TPM2_RC_LOCKOUT:
      return TpmFault::kLockout;
    case TPM2_RC_PCR_CHANGED:
      return TpmFault::kPcrChanged;
    case TPM2_RC_OBJECT_MEMORY:
    case TPM2_RC_OBJECT_HANDLES:
    case TPM2_RC_MEMORY:
      return TpmFault::kNoObjectSlot;
    case TPM2_RC_SESSION_MEMORY:
    case TPM2_RC_SESSION_HANDLES:
      return TpmFault::kNoSessionSlot;
    case TPM2_RC_NV_SPACE:
      return TpmFault::kNoNvSpace;
    case TPM2_RC_RETRY:
    case TPM2_RC_YIELDED:
    case TPM2_RC_CANCELED:
    case TPM2_RC_TESTING:
    case TPM2_RC_NV_RATE:
    case TPM2_RC_NV_UNAVAILABLE:
      return TpmFault::kBusy;
    case TPM2_RC_REFERENCE_H0:
    case TPM2_RC_REFERENCE_H1:  // the policy session of PolicySecret and PolicySigned
      return TpmFault::kObjectLost;
    case TPM2_RC_REFERENCE_S0:
      return TpmFault::kSessionLost;
    default:
      return TpmFault::kOther;
  }
}

/// True also for codes that a resource manager passed on.
bool IsFromTpm(TSS2_RC code) {
  const TSS2_RC layer = code & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

TpmFault Sort(TSS2_RC code) {
  if (IsFromTpm(code)) return SortTpmCode(code & ~TSS2_RC_LAYER_MASK);
  return (code & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER ? TpmFault::kConnection
                                                           : TpmFault::kOther;
}

/// Texts for states of the TPM that need no decision here.
struct Explanation {
  TSS2_RC code;
  const char* message;
  const char* hint;
};

constexpr std::array<Explanation, 9> kExplanations = {{
    {TPM2_RC_INITIALIZE, "the TPM is not started: it waits for TPM2_Startup",
     "firmware or kernel should have sent it; tpm2_startup -c does"},
    {TPM2_RC_FAILURE, "the TPM is in failure mode",
     "only a power cycle may end it; tpm2_gettestresult shows what failed"},
    {TPM2_RC_DISABLED, "the TPM has this command disabled", ""},
    {TPM2_RC_UPGRADE, "the TPM is in the midst of a firmware upgrade", "finish the upgrade first"},
    {TPM2_RC_REBOOT, "the TPM must be reset before it goes on", "restart the machine"},
    {TPM2_RC_COMMAND_CODE, "the TPM does not know this command", ""},
    {TPM2_RC_NV_SPACE, "the TPM has no room for one more persistent key",
     "delete a key that nobody uses, or keep the new one in a key file"},
    {TPM2_RC_NV_DEFINED, "another program has just put a key at this handle",
     "choose another handle"},
    {TPM2_RC_LOCALITY, "the TPM does not allow this from the locality in use",
     "the key or its policy requires another locality, which the TCTI must offer"},
}};

const Explanation* Explain(TSS2_RC code) {
  const auto* const found = std::find_if(
      kExplanations.begin(), kExplanations.end(),
      [&](const Explanation& candidate) { return candidate.code == (code & ~TSS2_RC_LAYER_MASK); });
  return IsFromTpm(code) && found != kExplanations.end() ? found : nullptr;
}

}  // namespace

std::string DescribeTssCode(TSS2_RC code) {
  return fmt::format("{} (0x{:x})", Tss2().Tss2_RC_Decode(code), code);
}

TpmFailure::TpmFailure(TSS2_RC code) : code_(code), fault_(Sort(code)) {}

std::string TpmFailure::TriesLeft() const {
  if (!lockout_) return "it counts wrong tries";
  const UINT32 left = lockout_->limit - std::min(lockout_->limit, lockout_->tries);
  if (left == 0) return "that was the last try, it is locked now";
  if (left == 1) return "1 more wrong try locks it";
  return fmt::format("{} more wrong tries lock it", left);
}

std::string TpmFailure::CountedNote() const {
  if (fault_ != TpmFault::kAuthRefused) return {};
  return "the TPM counted this as a wrong try: " + TriesLeft();
}

Error TpmFailure::LockoutError() const {
  constexpr const char* kLocked = "the TPM is in dictionary-attack lockout";
  constexpr const char* kHow =
      "reset it with tpm2_dictionarylockout -c; losses of power count as wrong tries, too, where "
      "keys without noda are in use";
  if (!lockout_ || lockout_->interval == 0) {
    return {ErrorCode::kLockedOut, kLocked, fmt::format("wait for its recovery time, or {}", kHow)};
  }
  return {
      ErrorCode::kLockedOut,
      fmt::format("{} ({} wrong tries, {} are allowed)", kLocked, lockout_->tries, lockout_->limit),
      fmt::format("wait: it forgets one try every {} seconds; or {}", lockout_->interval, kHow),
      std::chrono::seconds(lockout_->interval)};
}

Error TpmFailure::ToError() const {
  switch (fault_) {
    case TpmFault::kAuthRefused:
      return {ErrorCode::kPinIncorrect,
              fmt::format("the TPM refused the auth value ({})", TriesLeft()),
              "too many wrong tries lock the TPM; tpm2_getcap properties-variable shows the count"};
    case TpmFault::kAuthRefusedUncounted:
      return MakeError(ErrorCode::kPinIncorrect, "the TPM refused the auth value",
                       Remedy::kCheckAuthValue);
    case TpmFault::kLockout:
      return LockoutError();
    case TpmFault::kNoSuchHandle:
      return {ErrorCode::kKeyNotFound, "the TPM has nothing at this handle",
              "tpm2_getcap handles-persistent lists the handles in use"};
    case TpmFault::kObjectLost:
    case TpmFault::kSessionLost:
      return {ErrorCode::kDeviceLost, "the TPM was reset and no longer holds what was loaded",
              "if this persists, another program flushes objects that are not its own; a resource "
              "manager (device:/dev/tpmrm0 or tabrmd) prevents that"};
    case TpmFault::kPolicyRefused:
      return {
          ErrorCode::kPolicyUnmet,
          fmt::format("the TPM does not allow this use of the key under the policy in its file: "
                      "{}",
                      DescribeTssCode(code_)),
          "the file must have the policy with which the key was made, and that must allow "
          "TPM2_Sign"};
    case TpmFault::kBadParameter:
      return {ErrorCode::kKeyUnusable,
              fmt::format("the TPM refused a parameter: {}", DescribeTssCode(code_)),
              {}};
    default:
      return DeviceError();
  }
}

/// Faults of the device, or of the way to it, rather than of the key.
Error TpmFailure::DeviceError() const {
  const auto error = [](std::string message, std::string hint) {
    return Error{ErrorCode::kDevice, std::move(message), std::move(hint)};
  };
  const std::string code = DescribeTssCode(code_);
  switch (fault_) {
    case TpmFault::kNoObjectSlot:
      return error("the TPM has no free object slot", kUseAResourceManager);
    case TpmFault::kNoSessionSlot:
      return error("the TPM has no free session slot", kUseAResourceManager);
    case TpmFault::kBusy:
      return error(fmt::format("the TPM is busy and does not begin a command: {}", code),
                   "try again in a moment");
    case TpmFault::kHierarchyDisabled:
      return error("the hierarchy is disabled in the TPM", kEnableHierarchy);
    case TpmFault::kPcrChanged:
      return error("a PCR changed whenever the key's policy was being satisfied",
                   "some program extends PCRs all the time; run it again");
    case TpmFault::kOtherProcess:
      return error(
          "the connection to the TPM belongs to another process (it was opened before a fork)",
          "open the key again in this process");
    case TpmFault::kClosed:
      return error("the connection to the TPM is closed", {});
    case TpmFault::kConnection:
      return error(fmt::format("the connection to the TPM failed: {}", code),
                   "the device or program behind it may have gone or been restarted: run it again");
    default:
      break;
  }
  const Explanation* known = Explain(code_);
  return known != nullptr ? error(known->message, known->hint)
                          : error(fmt::format("the TPM failed: {}", code), {});
}

}  // namespace credmint::tpm2
