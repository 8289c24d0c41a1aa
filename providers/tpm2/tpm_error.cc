#include "tpm2/tpm_error.h"

#include <fmt/format.h>
#include <tss2/tss2_tpm2_types.h>

#include "tpm2/tss2_library.h"

namespace credmint::tpm2 {
namespace {

/// TPM 2.0 Part 2 section 6.6.3: a format-one code names the handle, parameter or session it is
/// about in these bits.
constexpr TSS2_RC kFormatOneNumber = 0xf00U;

TpmFault SortFormatOne(TSS2_RC code) {
  switch (code & ~kFormatOneNumber) {
    case TPM2_RC_AUTH_FAIL:
      return TpmFault::kAuthRefused;
    case TPM2_RC_BAD_AUTH:
      return TpmFault::kAuthRefusedUncounted;
    case TPM2_RC_HANDLE:
    case TPM2_RC_VALUE:
      return (code & TPM2_RC_S) == 0 ? TpmFault::kNoSuchHandle : TpmFault::kOther;
    default:
      return (code & TPM2_RC_P) != 0 ? TpmFault::kBadParameter : TpmFault::kOther;
  }
}

TpmFault SortTpmCode(TSS2_RC code) {
  if ((code & TPM2_RC_FMT1) != 0) return SortFormatOne(code);
  switch (code) {
    case TPM2_RC_LOCKOUT:
      return TpmFault::kLockout;
    case TPM2_RC_OBJECT_MEMORY:
    case TPM2_RC_SESSION_MEMORY:
    case TPM2_RC_MEMORY:
      return TpmFault::kNoSlot;
    case TPM2_RC_REFERENCE_H0:
      return TpmFault::kObjectLost;
    case TPM2_RC_REFERENCE_S0:
      return TpmFault::kSessionLost;
    default:
      return TpmFault::kOther;
  }
}

TpmFault Sort(TSS2_RC code) {
  switch (code & TSS2_RC_LAYER_MASK) {
    case TSS2_TPM_RC_LAYER:
    case TSS2_RESMGR_TPM_RC_LAYER:
      return SortTpmCode(code & ~TSS2_RC_LAYER_MASK);
    case TSS2_TCTI_RC_LAYER:
      return TpmFault::kConnection;
    default:
      return TpmFault::kOther;
  }
}

}  // namespace

std::string DescribeTssCode(TSS2_RC code) {
  return fmt::format("{} (0x{:x})", Tss2().Tss2_RC_Decode(code), code);
}

TpmFailure::TpmFailure(TSS2_RC code) : code_(code), fault_(Sort(code)) {}

Error TpmFailure::ToError() const {
  switch (fault_) {
    case TpmFault::kAuthRefused:
      return {ErrorCode::kPinIncorrect, "the TPM refused the auth value (it counts wrong tries)",
              "too many wrong tries lock the TPM; tpm2_getcap properties-variable shows the count"};
    case TpmFault::kAuthRefusedUncounted:
      return {ErrorCode::kPinIncorrect, "the TPM refused the auth value",
              "if the key has none, leave out --passin"};
    case TpmFault::kLockout:
      return {ErrorCode::kPinLocked, "the TPM is in dictionary-attack lockout",
              "wait for its recovery time, or reset it with tpm2_dictionarylockout -c"};
    case TpmFault::kNoSlot:
      return {ErrorCode::kDevice, "the TPM has no free object slot",
              "other programs hold them all; a resource manager (device:/dev/tpmrm0 or tabrmd) "
              "shares them"};
    case TpmFault::kNoSuchHandle:
      return {ErrorCode::kKeyNotFound, "the TPM has nothing at this handle",
              "tpm2_getcap handles-persistent lists the handles in use"};
    case TpmFault::kObjectLost:
    case TpmFault::kSessionLost:
      return {ErrorCode::kDeviceLost, "the TPM was reset and no longer holds what was loaded", {}};
    case TpmFault::kBadParameter:
      return {ErrorCode::kKeyUnusable,
              fmt::format("the TPM refused a parameter: {}", DescribeTssCode(code_)),
              {}};
    case TpmFault::kOtherProcess:
      return {ErrorCode::kDevice,
              "the connection to the TPM belongs to another process (it was opened before a fork)",
              "open the key again in this process"};
    case TpmFault::kClosed:
      return {ErrorCode::kDevice, "the connection to the TPM is closed", {}};
    case TpmFault::kConnection:
    case TpmFault::kOther:
      break;
  }
  return {ErrorCode::kDevice, fmt::format("the TPM failed: {}", DescribeTssCode(code_)), {}};
}

}  // namespace credmint::tpm2
