// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace credmint::cli {

/// The exit status of the process: the class of failure, for scripts.
enum class ExitStatus : int {
  kSuccess = 0,
  kInternal = 1,     ///< a defect in credmint or a broken installation
  kUsage = 2,        ///< the command line or the configuration file
  kKey = 3,          ///< key, token, TPM, PIN
  kCertificate = 4,  ///< certificate, or key and certificate that do not match
  kService = 5,      ///< the service answered, but not with credentials
  kNetwork = 6,      ///< the service could not be reached
  kLocalIo = 7,      ///< a local file
  kAttestation = 8,  ///< an attestation that does not hold
  kNotProven = 9,    ///< an attestation that holds, but does not prove yet where the key is
};

ExitStatus ExitStatusOf(ErrorCode code);

}  // namespace credmint::cli
