// SPDX-License-Identifier: Apache-2.0
#include "cli/output/exit_status.h"

namespace credmint::cli {

ExitStatus ExitStatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInternal:
      return ExitStatus::kInternal;
    case ErrorCode::kUsage:
      return ExitStatus::kUsage;
    case ErrorCode::kLocalIo:
      return ExitStatus::kLocalIo;
    case ErrorCode::kMalformed:
    case ErrorCode::kKeyNotFound:
    case ErrorCode::kKeyAmbiguous:
    case ErrorCode::kKeyUnusable:
    case ErrorCode::kModule:
    case ErrorCode::kDevice:
    case ErrorCode::kDeviceLost:
    case ErrorCode::kTokenAbsent:
    case ErrorCode::kModuleFailed:
    case ErrorCode::kPinRequired:
    case ErrorCode::kSecretUnreadable:
    case ErrorCode::kContextPinRequired:
    case ErrorCode::kPinIncorrect:
    case ErrorCode::kPinLocked:
    case ErrorCode::kLockedOut:
    case ErrorCode::kPolicyUnmet:
      return ExitStatus::kKey;
    case ErrorCode::kCertificate:
    case ErrorCode::kKeyMismatch:
      return ExitStatus::kCertificate;
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
    case ErrorCode::kTls:
      return ExitStatus::kNetwork;
    case ErrorCode::kServiceRefused:
    case ErrorCode::kServiceBusy:
    case ErrorCode::kServiceAnswer:
      return ExitStatus::kService;
    case ErrorCode::kAttestation:
      return ExitStatus::kAttestation;
    case ErrorCode::kNotProven:
      return ExitStatus::kNotProven;
  }
  return ExitStatus::kInternal;
}

}  // namespace credmint::cli
