// SPDX-License-Identifier: Apache-2.0
#include "common/remedy_text.h"

namespace credmint::provider {

std::string_view RemedyWords(Remedy remedy) {
  switch (remedy) {
    case Remedy::kGiveSecret:
      return "name a file with it as pin-source in the URI, or have the program ask for it "
             "(openssl: -passin)";
    case Remedy::kGiveHandleAuth:
      return "append ?pass to the handle, so that the program asks for it";
    case Remedy::kGiveNvAuth:
      return "append ?pass to it, so that the program asks for the value";
    case Remedy::kGiveParentAuth:
      return "only the store parameter tpm2-parent-auth can give it";
    case Remedy::kGiveOwnerAuth:
      return "only the store parameter tpm2-owner-auth can give it";
    case Remedy::kGiveEndorsementAuth:
      return "only the store parameter tpm2-endorsement-auth can give it";
    case Remedy::kGivePolicyAuth:
      return "only the store parameter tpm2-policy-auth can give it";
    case Remedy::kCheckAuthValue:
      return "check it: to tpm2-tools a line feed at the end of a file is part of it "
             "(no auth value: remove ?pass)";
    case Remedy::kAllowFinalTry:
      return "log in once with the right PIN, using the vendor's tool or pkcs11-tool, or set "
             "pkcs11-allow-final-try = 1 in openssl.cnf if this PIN is certainly right";
    case Remedy::kNamePolicyKey:
      return "only the store parameter tpm2-policy-signer can name that key";
    case Remedy::kGiveCertificate:
      return "write the certificate or the public key to the token, with the same id";
    case Remedy::kNameModule:
      return "name the module with module-path in the URI or pkcs11-module-path in openssl.cnf";
    case Remedy::kCheckToken:
      return "check that the device is connected, label and module are right (module-path in the "
             "URI, pkcs11-module-path in openssl.cnf), and this user may read it";
    case Remedy::kListToken:
      return "credmint list 'pkcs11:' shows what is there (an id is written as id=%01)";
    case Remedy::kListTpm:
      return "tpm2_getcap handles-persistent and tpm2_getcap handles-nv-index list what is in use";
    case Remedy::kNameTcti:
      return "tcti in openssl.cnf or TPM2TOOLS_TCTI names another way to a TPM (the kernel's is "
             "device:/dev/tpmrm0)";
    case Remedy::kConfirmTcti:
      return "set it as tcti in openssl.cnf if it is intended";
    case Remedy::kSignPolicy:
      return "credmint key sign-policy puts one into the file, signed by the key's authority";
    case Remedy::kNone:
    case Remedy::kGiveSecretOrDenyIt:
    case Remedy::kGiveContextPin:
    case Remedy::kNamePrivateKey:
    case Remedy::kChooseCertificate:
    case Remedy::kSelectCertificate:
    case Remedy::kGiveLeafFirst:
    case Remedy::kAllowWeakKey:
    case Remedy::kLoadProvider:
    case Remedy::kCompleteChain:
    case Remedy::kLeaveOutSessionName:
    case Remedy::kAllowMoreTime:
    case Remedy::kLeaveOutProxy:
    case Remedy::kNameCa:
    case Remedy::kCheckCaFile:
    case Remedy::kChoosePort:
    case Remedy::kChooseStatusPort:
    case Remedy::kNameTokenFile:
    case Remedy::kNameKeyApart:
    case Remedy::kNameCertificate:
    case Remedy::kAllowAccess:
    case Remedy::kOverwrite:
    case Remedy::kAllowCommandTime:
    case Remedy::kForceRenewal:
      break;
  }
  return {};
}

}  // namespace credmint::provider
