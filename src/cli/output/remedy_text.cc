// SPDX-License-Identifier: Apache-2.0
#include "cli/output/remedy_text.h"

#include <fmt/format.h>

#include <string_view>

namespace credmint::cli {
namespace {

std::string_view Words(Remedy remedy) {
  switch (remedy) {
    case Remedy::kGiveSecret:
      return "give it with --passin file:PATH, env:NAME, fd:N or cred:NAME";
    case Remedy::kGiveSecretOrDenyIt:
      return "give it with --passin, or give --no-tpm-key-password if the key has none";
    case Remedy::kGiveContextPin:
      return "give it with --context-passin, or give --reuse-pin if it is the token's PIN";
    case Remedy::kGiveHandleAuth:
      return "give it with --passin";
    case Remedy::kGiveNvAuth:
      return "append ?pass to the URI and give the value with --passin";
    case Remedy::kGiveParentAuth:
      return "give it with --parent-passin";
    case Remedy::kGiveOwnerAuth:
      return "give it with --owner-passin";
    case Remedy::kGiveEndorsementAuth:
      return "give it with --endorsement-passin";
    case Remedy::kGivePolicyAuth:
      return "give it with --policy-passin";
    case Remedy::kCheckAuthValue:
      return "check it (tpm2-tools count a line feed at the end of a file as part of it); if the "
             "key has none, omit --passin";
    case Remedy::kAllowFinalTry:
      return "log in once with the right PIN in the vendor's tool or pkcs11-tool, or give "
             "--allow-final-try if you are sure of this PIN";
    case Remedy::kNamePrivateKey:
      return "name the key with --private-key";
    case Remedy::kNamePolicyKey:
      return "name that key with --policy-key";
    case Remedy::kChooseCertificate:
      return "name one by its URI or with --cert-selector, or give "
             "--use-latest-expiring-certificate";
    case Remedy::kSelectCertificate:
      return "choose a certificate with --cert-selector";
    case Remedy::kGiveLeafFirst:
      return "give the leaf certificate, and its issuers with --intermediates";
    case Remedy::kGiveCertificate:
      return "give the certificate with --certificate, or store it or the public key on the token "
             "under the same id";
    case Remedy::kAllowWeakKey:
      return "use another key; for tests only, --allow-weak-key accepts this one";
    case Remedy::kLoadProvider:
      return "load another provider with --provider NAME";
    case Remedy::kNameModule:
      return "name the module with --pkcs11-lib or the URI's module-path";
    case Remedy::kCheckToken:
      return "check that the device is connected, that the label and the module (--pkcs11-lib) are "
             "right, and that this user may read it";
    case Remedy::kListToken:
      return "run credmint list --passin ... to see the keys; write an id as id=%01";
    case Remedy::kListTpm:
      return "run credmint list --tpm to see what is there";
    case Remedy::kNameTcti:
      return "name another TPM with --tcti or TPM2TOOLS_TCTI (the kernel's is device:/dev/tpmrm0)";
    case Remedy::kConfirmTcti:
      return "if you mean it, give it with --tcti or in openssl.cnf";
    case Remedy::kCompleteChain:
      return "check --trust-anchor-arn, and add missing issuers with --intermediates: the "
             "certificate does not chain to the trust anchor";
    case Remedy::kLeaveOutSessionName:
      return "leave out --role-session-name, or set acceptRoleSessionName on the profile";
    case Remedy::kAllowMoreTime:
      return "allow more time with --timeout SECONDS";
    case Remedy::kLeaveOutProxy:
      return "give --no-proxy to connect without the proxy that the environment names "
             "(https_proxy, http_proxy or all_proxy)";
    case Remedy::kNameCa:
      return "name the CA to trust with --ca-bundle FILE: that of a TLS-inspecting proxy or a "
             "private endpoint";
    case Remedy::kCheckCaFile:
      return "check --ca-bundle, SSL_CERT_FILE and SSL_CERT_DIR";
    case Remedy::kChoosePort:
      return "choose another port with --port";
    case Remedy::kChooseStatusPort:
      return "choose another port with --status-port";
    case Remedy::kNameTokenFile:
      return "name a file for it with --token-file";
    case Remedy::kNameKeyApart:
      return "name the key with --private-key: a file, pkcs11:… or handle:0x81… (by default it is "
             "looked for where the certificate is)";
    case Remedy::kAllowAccess:
      return "if the module needs it, allow it with --key-network, --key-exec or --key-paths";
    case Remedy::kNameCertificate:
      return "name one of the certificates, by its URI or with --cert-selector";
    case Remedy::kOverwrite:
      return "choose another place, or give --force to replace it";
    case Remedy::kSignPolicy:
      return "have the key's authority sign one with credmint key sign-policy";
    case Remedy::kAllowCommandTime:
      return "allow more time with --exec-timeout";
    case Remedy::kForceRenewal:
      return "correct it, and give --force once";
    case Remedy::kNone:
      break;
  }
  return {};
}

/// Both texts with `joint` between them, or the one that is not empty.
std::string Joined(std::string_view first, std::string_view joint, std::string_view second) {
  return fmt::format("{}{}{}", first, first.empty() || second.empty() ? "" : joint, second);
}

}  // namespace

std::string HintText(const Error& error) {
  const std::string_view words = Words(error.remedy);
  switch (error.remedy) {
    case Remedy::kAllowMoreTime:  // the last thing to try
    case Remedy::kListTpm:
      return Joined(error.hint, "; ", words);
    case Remedy::kNameCertificate:
    case Remedy::kNamePrivateKey:
      return Joined(words, ": ", error.hint);
    case Remedy::kNameTcti:  // behind a question
      return Joined(error.hint, " ", words);
    default:
      return Joined(words, "; ", error.hint);
  }
}

}  // namespace credmint::cli
