// SPDX-License-Identifier: Apache-2.0
#include "base/error_name.h"

namespace credmint {

std::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInternal:
      return "Internal";
    case ErrorCode::kUsage:
      return "Usage";
    case ErrorCode::kLocalIo:
      return "LocalIo";
    case ErrorCode::kMalformed:
      return "Malformed";
    case ErrorCode::kKeyNotFound:
      return "KeyNotFound";
    case ErrorCode::kKeyAmbiguous:
      return "KeyAmbiguous";
    case ErrorCode::kKeyUnusable:
      return "KeyUnusable";
    case ErrorCode::kModule:
      return "Module";
    case ErrorCode::kDevice:
      return "Device";
    case ErrorCode::kPinRequired:
      return "PinRequired";
    case ErrorCode::kPinIncorrect:
      return "PinIncorrect";
    case ErrorCode::kPinLocked:
      return "PinLocked";
    case ErrorCode::kCertificate:
      return "Certificate";
    case ErrorCode::kKeyMismatch:
      return "KeyMismatch";
    case ErrorCode::kNetwork:
      return "Network";
    case ErrorCode::kTimeout:
      return "Timeout";
    case ErrorCode::kTls:
      return "Tls";
    case ErrorCode::kServiceRefused:
      return "ServiceRefused";
    case ErrorCode::kServiceBusy:
      return "ServiceBusy";
    case ErrorCode::kServiceAnswer:
      return "ServiceAnswer";
    case ErrorCode::kContextPinRequired:
      return "ContextPinRequired";
    case ErrorCode::kDeviceLost:
      return "DeviceLost";
    case ErrorCode::kPolicyUnmet:
      return "PolicyUnmet";
    case ErrorCode::kLockedOut:
      return "LockedOut";
    case ErrorCode::kSecretUnreadable:
      return "SecretUnreadable";
    case ErrorCode::kTokenAbsent:
      return "TokenAbsent";
    case ErrorCode::kModuleFailed:
      return "ModuleFailed";
    case ErrorCode::kAttestation:
      return "Attestation";
    case ErrorCode::kNotProven:
      return "NotProven";
  }
  return "Internal";
}

}  // namespace credmint
