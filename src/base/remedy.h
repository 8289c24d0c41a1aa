// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace credmint {

/// What may be done about a failure, where the words for it depend on who is told: the program's
/// user gives a flag, whoever configures another program with our providers in it an attribute of a
/// URI or a line of openssl.cnf. `cli/output/remedy_text` has the words of the one,
/// `providers/common/remedy_text` those of the other; nothing else names a flag.
///
/// The numbers travel through OpenSSL's error queue, as those of ErrorCode do, so each is fixed
/// once released.
enum class Remedy : std::uint16_t {
  kNone = 0,                  ///< none is known, or the hint says it to everybody
  kGiveSecret = 1,            ///< give the PIN, auth value or passphrase that is wanted
  kGiveSecretOrDenyIt = 2,    ///< give the auth value, or say that the key has none
  kGiveContextPin = 3,        ///< give the PIN that is wanted for each signature
  kGiveHandleAuth = 4,        ///< give the auth value of a key at a handle
  kGiveNvAuth = 5,            ///< give the auth value of an NV index
  kGiveParentAuth = 6,        ///< give that of a TPM key's parent, or of the owner
  kGivePolicyAuth = 7,        ///< give that of what a TPM key's policy names
  kCheckAuthValue = 8,        ///< give another auth value, or none
  kAllowFinalTry = 9,         ///< have a PIN sent although a wrong one would lock the token
  kNamePrivateKey = 10,       ///< name the private key apart from its certificate
  kNamePolicyKey = 11,        ///< name the key that signs for a TPM key's policy
  kChooseCertificate = 12,    ///< say which of several certificates is meant
  kSelectCertificate = 13,    ///< say by a property which certificate is meant, and so which key
  kGiveLeafFirst = 14,        ///< give the leaf as the certificate, its issuers apart
  kGiveCertificate = 15,      ///< give the certificate of a key whose public half is nowhere
  kAllowWeakKey = 16,         ///< have a key used that is weaker than is sensible
  kLoadProvider = 17,         ///< load a further provider of OpenSSL
  kNameModule = 18,           ///< name another PKCS#11 module
  kCheckToken = 19,           ///< look at the token, its name, its module, and one's own rights
  kListToken = 20,            ///< look at what is on the token
  kListTpm = 21,              ///< look at what is in the TPM
  kNameTcti = 22,             ///< name another way to a TPM
  kConfirmTcti = 23,          ///< name a way to a TPM where others cannot have set it
  kCompleteChain = 24,        ///< name another trust anchor, or give the issuers in between
  kLeaveOutSessionName = 25,  ///< leave the name of the session to the service
  kAllowMoreTime = 26,        ///< allow more time
  kLeaveOutProxy = 27,        ///< connect without the proxy of the environment
  kNameCa = 28,               ///< name the CA to trust
  kCheckCaFile = 29,          ///< look at the file of trusted CAs
  kChoosePort = 30,           ///< listen on another port
  kChooseStatusPort = 31,     ///< the same for the status
  kNameTokenFile = 32,        ///< name a file for the token
  kNameKeyApart = 33,         ///< name the key, which is not where the certificate is
  kNameCertificate = 34,      ///< name one of these certificates, and so its key
};

/// The greatest of them.
inline constexpr Remedy kLastRemedy = Remedy::kNameCertificate;

}  // namespace credmint
