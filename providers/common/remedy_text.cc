// SPDX-License-Identifier: Apache-2.0
#include "common/remedy_text.h"

namespace credmint::provider {

std::string_view RemedyWords(Remedy remedy) {
  switch (remedy) {
    case Remedy::kGiveSecret:
      return "name a file that has it by pin-source in the URI, or have the program ask for it "
             "(openssl: -passin)";
    case Remedy::kGiveHandleAuth:
      return "put ?pass behind the handle, so that the program asks for it";
    case Remedy::kGiveNvAuth:
      return "write ?pass behind it, so that the program asks for the value";
    case Remedy::kGiveParentAuth:
      return "only a parameter of the store gives it: tpm2-parent-auth";
    case Remedy::kGivePolicyAuth:
      return "only a parameter of the store gives it: tpm2-policy-auth";
    case Remedy::kCheckAuthValue:
      return "check it: tpm2-tools take a line feed at the end of a file as a part of it, and for "
             "a "
             "key that has none ?pass is left out";
    case Remedy::kAllowFinalTry:
      return "log in once with the right PIN by the vendor's tool or pkcs11-tool, or, if this PIN "
             "is "
             "surely right, set pkcs11-allow-final-try = 1 in openssl.cnf";
    case Remedy::kNamePolicyKey:
      return "only a parameter of the store names that key: tpm2-policy-signer";
    case Remedy::kGiveCertificate:
      return "write the certificate or the public key to the token with the same id";
    case Remedy::kNameModule:
      return "name the module by module-path in the URI or by pkcs11-module-path in openssl.cnf";
    case Remedy::kCheckToken:
      return "is the device connected, the label right, the module the right one (module-path in "
             "the URI or pkcs11-module-path in openssl.cnf), and may this user read it?";
    case Remedy::kListToken:
      return "credmint list 'pkcs11:' shows what is there, and an id is written id=%01";
    case Remedy::kListTpm:
      return "tpm2_getcap handles-persistent and tpm2_getcap handles-nv-index list what is in use";
    case Remedy::kNameTcti:
      return "tcti in openssl.cnf or TPM2TOOLS_TCTI names another way to a TPM (the kernel's is "
             "device:/dev/tpmrm0)";
    case Remedy::kConfirmTcti:
      return "write it as tcti into openssl.cnf if it is meant";
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
      break;
  }
  return {};
}

}  // namespace credmint::provider
