// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace credmint {

/// A fix whose wording depends on the audience. The program's user is told a flag. A program that
/// loads our providers is configured by an attribute of a URI or by a line of openssl.cnf.
/// `cli/output/remedy_text` has the wording for the former, `providers/common/remedy_text` for the
/// latter. No other code names a flag.
///
/// The numbers travel through OpenSSL's error queue like those of ErrorCode, so each is fixed once
/// released.
enum class Remedy : std::uint16_t {
  kNone = 0,                  ///< no fix is known, or the hint is the same for everyone
  kGiveSecret = 1,            ///< give the PIN, auth value or passphrase
  kGiveSecretOrDenyIt = 2,    ///< give the auth value, or declare that the key has none
  kGiveContextPin = 3,        ///< give the PIN required for each signature
  kGiveHandleAuth = 4,        ///< give the auth value of a key at a handle
  kGiveNvAuth = 5,            ///< give the auth value of an NV index
  kGiveParentAuth = 6,        ///< give the auth value of a TPM key's parent, or of the owner
  kGivePolicyAuth = 7,        ///< give the auth value of the object that a TPM key's policy names
  kCheckAuthValue = 8,        ///< give another auth value, or none
  kAllowFinalTry = 9,         ///< allow sending a PIN although a wrong one would lock the token
  kNamePrivateKey = 10,       ///< name the private key separately from its certificate
  kNamePolicyKey = 11,        ///< name the key that signs for a TPM key's policy
  kChooseCertificate = 12,    ///< choose one of several certificates
  kSelectCertificate = 13,    ///< select the certificate, and so the key, by a property
  kGiveLeafFirst = 14,        ///< give the leaf as the certificate, and its issuers separately
  kGiveCertificate = 15,      ///< give the certificate of a key without a public half
  kAllowWeakKey = 16,         ///< allow a weak key
  kLoadProvider = 17,         ///< load another OpenSSL provider
  kNameModule = 18,           ///< name another PKCS#11 module
  kCheckToken = 19,           ///< check the token, its name, its module, and your permissions
  kListToken = 20,            ///< list the objects on the token
  kListTpm = 21,              ///< list the objects in the TPM
  kNameTcti = 22,             ///< name another TCTI, the connection to the TPM
  kConfirmTcti = 23,          ///< name the TCTI where others cannot have set it
  kCompleteChain = 24,        ///< name another trust anchor, or give the intermediate issuers
  kLeaveOutSessionName = 25,  ///< let the service choose the session name
  kAllowMoreTime = 26,        ///< allow more time
  kLeaveOutProxy = 27,        ///< connect without the environment's proxy
  kNameCa = 28,               ///< name the CA to trust
  kCheckCaFile = 29,          ///< check the file of trusted CAs
  kChoosePort = 30,           ///< listen on another port
  kChooseStatusPort = 31,     ///< use another port for the status listener
  kNameTokenFile = 32,        ///< name a token file
  kNameKeyApart = 33,         ///< name the key, which is not stored with the certificate
  kNameCertificate = 34,      ///< name one of these certificates, and so its key
  kAllowAccess = 35,          ///< allow a module or device more than the sandbox does
  kGiveOwnerAuth = 36,        ///< give the auth value of the TPM's owner hierarchy
  kOverwrite = 37,            ///< allow replacing what is there
  kSignPolicy = 38,           ///< have the authority of a TPM key sign a policy
  kAllowCommandTime = 39,     ///< allow the command of a CA more time
  kForceRenewal = 40,         ///< correct a refused secret, and renew at once
  kGiveEndorsementAuth = 41,  ///< give the auth value of the TPM's endorsement hierarchy
};

/// The largest value.
inline constexpr Remedy kLastRemedy = Remedy::kGiveEndorsementAuth;

}  // namespace credmint
