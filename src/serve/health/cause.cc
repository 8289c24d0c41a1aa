// SPDX-License-Identifier: Apache-2.0
#include "serve/health/cause.h"

namespace credmint::serve {

std::string_view CauseOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kPinRequired:
    case ErrorCode::kContextPinRequired:
      return "no PIN, waits for SIGHUP";
    case ErrorCode::kSecretUnreadable:
      return "no PIN, waits for its file";
    case ErrorCode::kPinIncorrect:
      return "PIN refused, waits for SIGHUP";
    case ErrorCode::kPinLocked:
      return "PIN locked, waits for SIGHUP";
    case ErrorCode::kLockedOut:
      return "the device is locked out, waits for it";
    case ErrorCode::kKeyNotFound:
    case ErrorCode::kKeyAmbiguous:
      return "the key is not found";
    case ErrorCode::kKeyUnusable:
    case ErrorCode::kPolicyUnmet:
    case ErrorCode::kMalformed:
      return "the key cannot be used";
    case ErrorCode::kTokenAbsent:
      return "the token is not there";
    case ErrorCode::kModule:
    case ErrorCode::kModuleFailed:
    case ErrorCode::kDevice:
    case ErrorCode::kDeviceLost:
      return "the device does not answer";
    case ErrorCode::kCertificate:
      return "the certificate cannot be used";
    case ErrorCode::kKeyMismatch:
      return "key and certificate do not match";
    case ErrorCode::kLocalIo:
      return "a file cannot be read";
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
      return "the service cannot be reached";
    case ErrorCode::kTls:
      return "the service is not trusted";
    case ErrorCode::kServiceRefused:
      return "the service refuses";
    case ErrorCode::kServiceBusy:
      return "the service is busy";
    case ErrorCode::kServiceAnswer:
      return "the answer cannot be used";
    case ErrorCode::kUsage:
    case ErrorCode::kInternal:
    case ErrorCode::kAttestation:  // of key attest and key verify-attestation alone
    case ErrorCode::kNotProven:
      break;
  }
  return "see the log";
}

}  // namespace credmint::serve
