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
      return "give it with --passin; if it has none after all, --no-tpm-key-password";
    case Remedy::kGiveContextPin:
      return "give it with --context-passin, or --reuse-pin if it is the same";
    case Remedy::kGiveHandleAuth:
      return "give it with --passin";
    case Remedy::kGiveNvAuth:
      return "write ?pass behind it and give the value with --passin";
    case Remedy::kGiveParentAuth:
      return "give it with --parent-passin";
    case Remedy::kGivePolicyAuth:
      return "give it with --policy-passin";
    case Remedy::kCheckAuthValue:
      return "check it: tpm2-tools take a line feed at the end of a file as a part of it; if the "
             "key has none, leave out --passin";
    case Remedy::kAllowFinalTry:
      return "log in once with the right PIN by the vendor's tool or pkcs11-tool; or, if this PIN "
             "is surely right, --allow-final-try";
    case Remedy::kNamePrivateKey:
      return "name the key with --private-key";
    case Remedy::kNamePolicyKey:
      return "name that key with --policy-key";
    case Remedy::kChooseCertificate:
      return "name one by its URI, by --cert-selector, or take --use-latest-expiring-certificate";
    case Remedy::kSelectCertificate:
      return "say by --cert-selector which certificate is meant";
    case Remedy::kGiveLeafFirst:
      return "give the leaf certificate; issuers belong into --intermediates";
    case Remedy::kGiveCertificate:
      return "give the certificate with --certificate, or write it or the public key to the token "
             "with the same id";
    case Remedy::kAllowWeakKey:
      return "--allow-weak-key uses it all the same: for tests only";
    case Remedy::kLoadProvider:
      return "--provider NAME loads one more";
    case Remedy::kNameModule:
      return "name the module with --pkcs11-lib or the URI's module-path";
    case Remedy::kCheckToken:
      return "is the device connected, the label right, the module the right one (--pkcs11-lib), "
             "and may this user read it?";
    case Remedy::kListToken:
      return "credmint list --passin ... shows them; an id is written id=%01";
    case Remedy::kListTpm:
      return "credmint list --tpm shows what is there";
    case Remedy::kNameTcti:
      return "--tcti or TPM2TOOLS_TCTI names another way to a TPM (the kernel's is "
             "device:/dev/tpmrm0)";
    case Remedy::kConfirmTcti:
      return "give it with --tcti or in openssl.cnf if it is meant";
    case Remedy::kCompleteChain:
      return "the certificate does not chain to the trust anchor: check --trust-anchor-arn, and "
             "add missing issuers with --intermediates";
    case Remedy::kLeaveOutSessionName:
      return "leave out --role-session-name, or set acceptRoleSessionName on the profile";
    case Remedy::kAllowMoreTime:
      return "--timeout SECONDS allows more time";
    case Remedy::kLeaveOutProxy:
      return "the environment names a proxy (https_proxy, http_proxy or all_proxy); --no-proxy "
             "connects without it";
    case Remedy::kNameCa:
      return "--ca-bundle FILE names the CA to trust, of a proxy that inspects TLS or of a private "
             "endpoint";
    case Remedy::kCheckCaFile:
      return "check --ca-bundle, SSL_CERT_FILE and SSL_CERT_DIR";
    case Remedy::kChoosePort:
      return "--port chooses another port";
    case Remedy::kChooseStatusPort:
      return "--status-port chooses another port";
    case Remedy::kNameTokenFile:
      return "--token-file names a file for it";
    case Remedy::kNameKeyApart:
      return "without --private-key the key is looked for where the certificate is; name it: a "
             "file, pkcs11:…, handle:0x81…";
    case Remedy::kNameCertificate:
      return "name one of the certificates, by its URI or with --cert-selector";
    case Remedy::kNone:
      break;
  }
  return {};
}

/// Both, or the one that says something.
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
