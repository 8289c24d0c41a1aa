// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/tpm_change.h"

#include <fmt/format.h>

#include <utility>

#include "base/shown_value.h"
#include "common/ml_dsa.h"
#include "common/params.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/tpm_object.h"
#include "tpm2/keyfile/tss2_key_writer.h"
#include "tpm2/making/tpm_key_remover.h"
#include "tpm2/policy/pcr_selection.h"
#include "tpm2/policy/pcr_values.h"
#include "tpm2/policy/policy_authority.h"
#include "tpm2/policy/policy_text.h"
#include "tpm2/provider/key_description.h"

namespace credmint::tpm2 {
namespace {

using provider::ListedObject;
using provider::SecretParam;
using provider::TextParam;

Result<TPM2_HANDLE> ParentIn(const std::string& text) {
  if (text.empty()) return TPM2_RH_OWNER;
  const auto handle = ParseHandle(text);
  if (handle && IsPersistent(*handle)) return *handle;
  return Fail(ErrorCode::kUsage,
              fmt::format("{} is not the handle of a persistent parent", Shown(text)),
              "write it as 0x81000001");
}

Result<TPML_PCR_SELECTION> PcrsIn(const std::string& text) {
  if (text.empty()) return TPML_PCR_SELECTION{};
  auto pcrs = ParsePcrs(text);
  if (!pcrs) return Fail(std::move(pcrs), Shown(text));
  return pcrs;
}

/// HashPcrs() knows one hash.
Result<PolicyPcr> PresentPcrs(const Tpm2Provider& provider, const std::optional<std::string>& tcti,
                              const TPML_PCR_SELECTION& pcrs, const TpmHash& hash) {
  if (hash.algorithm != TPM2_ALG_SHA256) {
    return Fail(ErrorCode::kKeyUnusable, "the TPM key's name algorithm is not SHA-256",
                "write the step PolicyPCR into the policy");
  }
  const auto tpm = provider.Connect(tcti);
  if (!tpm) return Fail(tpm);
  const auto values = HashPcrs(**tpm, pcrs, provider.digests());
  if (!values) return Fail(values);
  return PolicyPcr{*values, pcrs};
}

Result<void> CheckAuthority(bool wanted, const KeySecrets& secrets, const PolicySteps& policy,
                            const TPML_PCR_SELECTION& pcrs) {
  if (!wanted) return {};
  if (!secrets.policy_signer) return Fail(ErrorCode::kUsage, "no authority for policies is given");
  if (policy.empty() && pcrs.count == 0) return {};
  return Fail(ErrorCode::kUsage, "a key with an authority for policies has no other policy",
              "have the authority sign it");
}

}  // namespace

void TpmChange::Set(const OSSL_PARAM params[]) {
  if (auto type = TextParam(params, kCreateKeyParam)) type_ = *std::move(type);
  if (auto what = TextParam(params, kDeleteKeyParam)) deletion_ = *std::move(what);
  if (auto parent = TextParam(params, kKeyParentParam)) parent_ = *std::move(parent);
  if (auto pcrs = TextParam(params, kKeyPcrsParam)) pcrs_ = *std::move(pcrs);
  if (const auto policy = provider::OctetsParam(params, kKeyPolicyParam)) {
    policy_.assign(policy->begin(), policy->end());
  }
  if (auto what = TextParam(params, kSignPolicyParam)) signing_ = *std::move(what);
  if (TextParam(params, kKeyAuthorityParam) == "1") has_authority_ = true;
  if (TextParam(params, kKeyNodaParam) == "1") exempt_ = true;
  if (auto auth = SecretParam(params, kKeyAuthParam)) auth_ = *std::move(auth);
  if (auto auth = SecretParam(params, kOwnerAuthParam)) owner_auth_ = *std::move(auth);
}

Result<PolicySteps> TpmChange::ReadSteps() const {
  return policy_.empty() ? PolicySteps() : ParsePolicyText(policy_);
}

Result<NewTpmKey> TpmChange::ReadKey(const std::string& type_name,
                                     const KeySecrets& secrets) const {
  const auto type = FindTpmKeyType(type_name);
  if (!type) return Fail(type);
  const auto parent = ParentIn(parent_);
  if (!parent) return Fail(parent);
  const auto pcrs = PcrsIn(pcrs_);
  if (!pcrs) return Fail(pcrs);
  auto policy = ReadSteps();
  if (!policy) return Fail(std::move(policy));
  auto fits = CheckAuthority(has_authority_, secrets, *policy, *pcrs);
  if (fits) fits = CheckAuthSize(auth_, "new key's auth value");
  if (fits) fits = CheckAuthSize(secrets.parent_auth, "parent's auth value");
  if (!fits) return Fail(std::move(fits));
  return NewTpmKey{.type = *type,
                   .parent = *parent,
                   .parent_auth = secrets.parent_auth.Clone(),
                   .owner_auth = owner_auth_.Clone(),
                   .auth = auth_.Clone(),
                   .exempt_from_lockout = exempt_,
                   .authority = has_authority_ ? secrets.policy_signer : nullptr,
                   .policy = *std::move(policy),
                   .pcrs = *pcrs};
}

Result<ListedObject> TpmChange::Make(std::optional<TPM2_HANDLE> handle,
                                     const Tpm2Provider& provider,
                                     const std::optional<std::string>& tcti,
                                     const KeySecrets& secrets) const {
  if (auto fits = CheckAuthSize(owner_auth_, "owner's auth value"); !fits) {
    return Fail(std::move(fits));
  }
  if (type_.empty()) {
    if (handle) return RemoveKey(provider, tcti, *handle, owner_auth_, deletion_ == "1");
    return Fail(ErrorCode::kUsage, "the TPM holds nothing of a key file",
                "delete it as any other file");
  }
  if (provider::IsMlDsa(type_)) {
    return Fail(provider::WhyNoMlDsa(provider.core().context(), type_, "a TPM"));
  }
  if (!handle) {
    const auto contents = MakeFile(type_, provider, tcti, secrets);
    if (!contents) return Fail(contents);
    return ListKeyFile(*contents);
  }
  const auto key = ReadKey(type_, secrets);
  if (!key) return Fail(Error(key.error()));
  return TpmKeyMaker(provider, tcti, *key).MakeAt(*handle);
}

Result<std::string> TpmChange::MakeFile(const std::string& type, const Tpm2Provider& provider,
                                        const std::optional<std::string>& tcti,
                                        const KeySecrets& secrets) const {
  const auto key = ReadKey(type, secrets);
  if (!key) return Fail(Error(key.error()));
  return TpmKeyMaker(provider, tcti, *key).MakeFile();
}

Result<ListedObject> TpmChange::SignPolicy(const Tss2KeyFile& file, const Tpm2Provider& provider,
                                           const std::optional<std::string>& tcti,
                                           EVP_PKEY* authority) const {
  const PolicyAuthorize* const placeholder = file.policy.Placeholder();
  const auto hash = FindTpmHash(file.public_area.publicArea.nameAlg);
  if (placeholder == nullptr || authority == nullptr || !hash) {
    return Fail(ErrorCode::kUsage, "the TPM key has no authority that could sign policies for it",
                "make a key with one");
  }
  auto steps = ReadSteps();
  if (!steps) return Fail(std::move(steps));
  const auto pcrs = PcrsIn(pcrs_);
  if (!pcrs) return Fail(pcrs);
  if (pcrs->count > 0) {
    auto present = PresentPcrs(provider, tcti, *pcrs, *hash);
    if (!present) return Fail(std::move(present));
    steps->emplace_back(*present);
  }
  if (steps->empty()) return Fail(ErrorCode::kUsage, "there is no policy to sign");
  const auto policy = SignSteps(*std::move(steps), *placeholder, *hash, authority,
                                provider.core().digest_context());
  if (!policy) return Fail(policy);
  const auto contents = PutSignedPolicy(file, *policy, signing_ == "keep");
  if (!contents) return Fail(contents);
  return ListKeyFile(*contents);
}

}  // namespace credmint::tpm2
