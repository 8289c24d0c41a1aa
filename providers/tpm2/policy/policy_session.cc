// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy_session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>

#include "tpm2/device/handle_uri.h"
#include "tpm2/device/hierarchy.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/policy/pcr_selection.h"
#include "tpm2/policy/policy_signature.h"
#include "tpm2/signing/auth_session.h"

namespace credmint::tpm2 {
namespace {

/// An object that ESAPI returns by pointer, and must free.
template <typename T>
using EsysOwned = Handle<T, EsysFree>;

/// Whether another signed policy may do, because this one does not fit the machine's state or the
/// credentials given.
bool MayAnotherDo(ErrorCode code) {
  return code == ErrorCode::kPolicyUnmet || code == ErrorCode::kKeyUnusable ||
         code == ErrorCode::kKeyNotFound;
}

/// A policy session while its steps are taken.
class PolicyRun {
 public:
  PolicyRun(const std::shared_ptr<Tpm>& tpm, ESYS_TR session, const PolicyCredentials& credentials)
      : tpm_(tpm), session_(session), credentials_(credentials) {}

  Result<void> Take(std::span<const PolicyStep> steps) {
    for (const PolicyStep& step : steps) {
      auto taken = std::visit([this](const auto& one) { return Take(one); }, step);
      if (!taken) return taken;
    }
    return {};
  }

  /// Takes the first of the signed policies that is met.
  Result<void> TakeOneOf(const std::vector<SignedPolicy>& policies) {
    std::vector<std::string> reasons;
    for (const SignedPolicy& policy : policies) {
      auto taken = Take(policy.steps);
      if (taken || !MayAnotherDo(taken.error().code)) return taken;
      reasons.push_back(policy.name.empty()
                            ? taken.error().message
                            : fmt::format("'{}': {}", policy.name, taken.error().message));
      if (auto restarted = Restart(); !restarted) return restarted;
    }
    return Fail(ErrorCode::kPolicyUnmet,
                fmt::format("none of the {} signed policies of the TPM key is met: {}",
                            policies.size(), fmt::join(reasons, "; ")),
                "have a policy signed for the machine's present state");
  }

  /// Whether the last step failed because a PCR was extended after an earlier step.
  [[nodiscard]] bool pcr_changed() const { return pcr_changed_; }

  /// Whether PolicyAuthValue is among the steps taken.
  [[nodiscard]] bool wants_auth() const { return wants_auth_; }

  Result<void> Restart() {
    wants_auth_ = false;
    pcr_changed_ = false;
    const auto done = RestartPolicy(*tpm_, session_);
    if (!done) return Fail(done, "PolicyRestart");
    return {};
  }

 private:
  Result<void> Take(const PolicyPcr& pcr) {
    const auto done = tpm_->Run([&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PolicyPCR(esys, session_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &pcr.digest, &pcr.selection);
    });
    if (done) return {};
    pcr_changed_ = done.error().fault() == TpmFault::kPcrChanged;
    if (done.error().fault() != TpmFault::kBadParameter) return Fail(done, "PolicyPCR");
    return Fail(
        ErrorCode::kPolicyUnmet,
        fmt::format("the values of the TPM's PCR {} are no longer those that the key is bound to",
                    NamePcrs(pcr.selection)),
        "they change with firmware, boot loader, kernel or settings: start what the key was "
        "made for, or make a key for what runs now");
  }

  Result<void> Take(const PolicyAuthValue& /*step*/) {
    wants_auth_ = true;
    return Step("PolicyAuthValue", [&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PolicyAuthValue(esys, session_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE);
    });
  }

  Result<void> Take(const PolicyCommandCode& command) {
    return Step("PolicyCommandCode", [&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PolicyCommandCode(esys, session_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           command.code);
    });
  }

  Result<void> Take(const PolicyOr& alternatives) {
    const auto done = tpm_->Run([&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PolicyOR(esys, session_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &alternatives.branches);
    });
    if (done) return {};
    if (done.error().fault() != TpmFault::kBadParameter) return Fail(done, "PolicyOR");
    return Fail(ErrorCode::kPolicyUnmet,
                "the policy's steps before PolicyOR match none of its alternatives");
  }

  Result<void> Take(const PolicySecret& secret) {
    const auto hold = tpm_->Hold();
    const bool named_by_handle = secret.handle == 0 && secret.name.size == sizeof(TPM2_HANDLE);
    const TPM2_HANDLE handle = named_by_handle ? HandleIn(secret.name) : secret.handle;
    if (const Hierarchy* hierarchy = FindHierarchy(handle); hierarchy != nullptr) {
      return TakeSecretOf(secret, hierarchy->esys, hierarchy->name);
    }
    if (handle == 0) {
      return Fail(ErrorCode::kKeyUnusable, "PolicySecret names an object without its handle");
    }
    const std::string name = fmt::format("the TPM object 0x{:08x}", handle);
    if (!IsPersistent(handle) && !IsNvIndex(handle)) {
      return Fail(ErrorCode::kKeyUnusable,
                  fmt::format("PolicySecret names {}, which does not stay in the TPM", name));
    }
    const auto object = TpmObject::Open(tpm_, handle);
    if (!object) return Fail(object, fmt::format("PolicySecret: opening {}", name));
    return TakeSecretOf(secret, object->handle(), name);
  }

  Result<void> TakeSecretOf(const PolicySecret& secret, ESYS_TR object, const std::string& name) {
    if (auto is_meant = CheckName(object, secret.name, name); !is_meant) return is_meant;
    if (auto set = SetAuth(*tpm_, object, credentials_.auth); !set) {
      return Fail(set, "PolicySecret");
    }
    const auto authorised = SessionFor(tpm_, credentials_.auth, {});
    if (!authorised) return Fail(authorised, "PolicySecret");
    const auto done = tpm_->Run([&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PolicySecret(esys, object, session_, authorised->handle(), ESYS_TR_NONE,
                                      ESYS_TR_NONE, nullptr, nullptr, &secret.policy_ref, 0,
                                      nullptr, nullptr);
    });
    if (done) return {};
    if (done.error().WasRefusal() && credentials_.auth.empty()) {
      return Fail(
          ErrorCode::kPinRequired,
          fmt::format("the key's policy wants the auth value of {} and none was given", name),
          Remedy::kGivePolicyAuth, done.error().CountedNote());
    }
    return Fail(done, fmt::format("PolicySecret with the auth value of {}", name));
  }

  Result<void> CheckName(ESYS_TR object, const TPM2B_NAME& expected, const std::string& what) {
    const auto name = ReadName(*tpm_, object);
    if (!name) return Fail(name, "PolicySecret");
    if (IsSameName(*name, expected)) return {};
    return Fail(ErrorCode::kPolicyUnmet,
                fmt::format("{} is not the object that the key's policy names", what));
  }

  Result<void> Take(const PolicySigned& by) {
    if (!credentials_.signer) {
      return Fail(ErrorCode::kKeyUnusable,
                  "the TPM key's policy wants a signature of another key (PolicySigned)",
                  Remedy::kNamePolicyKey);
    }
    const auto hold = tpm_->Hold();
    auto nonce = NonceOfSession();
    if (!nonce) return Fail(std::move(nonce));
    const auto signature =
        SignUse(credentials_.signer.get(), credentials_.context, by.key, **nonce, by.policy_ref);
    if (!signature) return Fail(signature);
    const auto key = LoadPublic(by.key);
    if (!key) return Fail(key, "loading the key of PolicySigned");
    const auto done = tpm_->Run([&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PolicySigned(esys, key->handle(), session_, ESYS_TR_NONE, ESYS_TR_NONE,
                                      ESYS_TR_NONE, nonce->get(), nullptr, &by.policy_ref, 0,
                                      &*signature, nullptr, nullptr);
    });
    if (done) return {};
    if (done.error().fault() != TpmFault::kBadParameter) return Fail(done, "PolicySigned");
    return Fail(ErrorCode::kPolicyUnmet,
                "the key given for the policy is not the one that the TPM key's policy names");
  }

  Result<void> Take(const PolicyAuthorize& authorize) {
    const auto hold = tpm_->Hold();
    const auto approved = ReadPolicyDigest(*tpm_, session_);
    if (!approved) return Fail(approved, "asking for the policy before PolicyAuthorize");
    const auto signed_digest = DigestToAuthorize(credentials_.context, *authorize.signature,
                                                 *approved, authorize.policy_ref);
    if (!signed_digest) return Fail(signed_digest);
    auto key = LoadPublic(authorize.key);
    if (!key) return Fail(key, "loading the key of PolicyAuthorize");
    const auto name = ReadName(*tpm_, key->handle());
    if (!name) return Fail(name, "PolicyAuthorize");
    TPMT_TK_VERIFIED* ticket_out = nullptr;
    const auto verified = tpm_->Run([&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_VerifySignature(esys, key->handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &*signed_digest, &*authorize.signature,
                                         &ticket_out);
    });
    const EsysOwned<TPMT_TK_VERIFIED> ticket(ticket_out);
    if (!verified && verified.error().fault() == TpmFault::kBadParameter) {
      return Fail(ErrorCode::kPolicyUnmet,
                  "the signature in PolicyAuthorize is not one for the steps before it");
    }
    if (!verified) return Fail(verified, "verifying the policy of PolicyAuthorize");
    return Step("PolicyAuthorize", [&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PolicyAuthorize(esys, session_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                         &*approved, &authorize.policy_ref, &*name, ticket.get());
    });
  }

  /// Loads a public key for verification. It goes into the owner hierarchy, because a ticket of the
  /// null hierarchy proves nothing to PolicyAuthorize.
  TpmResult<TpmObject> LoadPublic(const TPM2B_PUBLIC& key) {
    return TpmObject::Load(tpm_, [&](ESYS_CONTEXT* esys, ESYS_TR* object) {
      return Tss2().Esys_LoadExternal(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr, &key,
                                      ESYS_TR_RH_OWNER, object);
    });
  }

  Result<EsysOwned<TPM2B_NONCE>> NonceOfSession() {
    TPM2B_NONCE* nonce = nullptr;
    const auto done = tpm_->Run(
        [&](ESYS_CONTEXT* esys) { return Tss2().Esys_TRSess_GetNonceTPM(esys, session_, &nonce); });
    EsysOwned<TPM2B_NONCE> owner(nonce);
    if (!done) return Fail(done, "PolicySigned");
    return owner;
  }

  Result<void> Step(std::string_view name, const std::function<TSS2_RC(ESYS_CONTEXT*)>& command) {
    const auto done = tpm_->Run(command);
    if (!done) return Fail(done, name);
    return {};
  }

  static TPM2_HANDLE HandleIn(const TPM2B_NAME& name) {
    TPM2_HANDLE handle = 0;
    for (UINT16 i = 0; i < name.size; ++i) handle = (handle << 8U) | name.name[i];
    return handle;
  }

  const std::shared_ptr<Tpm>& tpm_;
  ESYS_TR session_;
  const PolicyCredentials& credentials_;
  bool wants_auth_ = false;
  bool pcr_changed_ = false;
};

Result<void> TakeAll(PolicyRun& run, const Policy& policy) {
  std::span<const PolicyStep> steps = policy.steps;
  if (policy.Placeholder() != nullptr) {
    if (auto taken = run.TakeOneOf(policy.signed_policies); !taken) return taken;
    steps = steps.subspan(1);
  }
  return run.Take(steps);
}

}  // namespace

Result<bool> SatisfyPolicy(const std::shared_ptr<Tpm>& tpm, ESYS_TR session, const Policy& policy,
                           const PolicyCredentials& credentials) {
  const auto hold = tpm->Hold();
  PolicyRun run(tpm, session, credentials);
  auto taken = TakeAll(run, policy);
  for (int attempt = 1; !taken && run.pcr_changed() && attempt < kPolicyAttempts; ++attempt) {
    if (auto restarted = run.Restart(); !restarted) return Fail(std::move(restarted));
    taken = TakeAll(run, policy);
  }
  if (!taken) return Fail(std::move(taken));
  return run.wants_auth();
}

TpmResult<TPM2B_DIGEST> ReadPolicyDigest(Tpm& tpm, ESYS_TR session) {
  TPM2B_DIGEST* digest = nullptr;
  const auto done = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_PolicyGetDigest(esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       &digest);
  });
  const EsysOwned<TPM2B_DIGEST> owner(digest);
  if (!done) return Fail(done);
  return *digest;
}

TpmResult<void> RestartPolicy(Tpm& tpm, ESYS_TR session) {
  return tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_PolicyRestart(esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE);
  });
}

}  // namespace credmint::tpm2
