// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy_digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "ossl/error_queue.h"
#include "ossl/handles.h"
#include "tpm2/device/tpm_writer.h"
#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {
namespace {

template <typename Buffer>
ByteView ViewOf(const Buffer& sized) {
  return {sized.buffer, sized.size};
}

Result<void> CannotHash() {
  return Fail(TakeOpensslError(ErrorCode::kInternal).In("hashing a policy"));
}

std::optional<Bytes> HashBytes(OSSL_LIB_CTX* context, const TpmHash& hash, const Bytes& message) {
  Bytes digest(hash.size);
  const bool done = EVP_Q_digest(context, hash.name, nullptr, message.data(), message.size(),
                                 digest.data(), nullptr) == 1;
  return done ? std::optional(std::move(digest)) : std::nullopt;
}

/// A digest that steps extend.
class RunningDigest {
 public:
  RunningDigest(OSSL_LIB_CTX* context, const TpmHash& hash)
      : context_(context), hash_(hash), value_(hash.size) {}

  [[nodiscard]] const Bytes& value() const { return value_; }

  Result<void> Take(const PolicyPcr& pcr) {
    TpmWriter writer = Begin(TPM2_CC_PolicyPCR);
    writer.Write(Tss2().Tss2_MU_TPML_PCR_SELECTION_Marshal, pcr.selection);
    return Set(writer.Append(ViewOf(pcr.digest)));
  }

  Result<void> Take(const PolicyAuthValue& /*step*/) { return Set(Begin(TPM2_CC_PolicyAuthValue)); }

  Result<void> Take(const PolicyCommandCode& command) {
    return Set(Begin(TPM2_CC_PolicyCommandCode).Write(Tss2().Tss2_MU_UINT32_Marshal, command.code));
  }

  Result<void> Take(const PolicySecret& secret) {
    return Update(TPM2_CC_PolicySecret, {secret.name.name, secret.name.size}, secret.policy_ref);
  }

  Result<void> Take(const PolicySigned& by) {
    const auto name = NameOfKey(by.key);
    return name ? Update(TPM2_CC_PolicySigned, *name, by.policy_ref) : CannotHash();
  }

  Result<void> Take(const PolicyAuthorize& authorize) {
    Forget();
    const auto name = NameOfKey(authorize.key);
    return name ? Update(TPM2_CC_PolicyAuthorize, *name, authorize.policy_ref) : CannotHash();
  }

  Result<void> Take(const PolicyOr& alternatives) {
    const TPML_DIGEST& branches = alternatives.branches;
    const auto* const end = branches.digests + branches.count;
    const bool fits = std::any_of(branches.digests, end, [&](const TPM2B_DIGEST& branch) {
      const ByteView digest = ViewOf(branch);
      return std::equal(digest.begin(), digest.end(), value_.begin(), value_.end());
    });
    if (!fits) {
      return Fail(ErrorCode::kUsage, "the steps before PolicyOR lead to none of its alternatives");
    }
    Forget();
    TpmWriter writer = Begin(TPM2_CC_PolicyOR);
    for (const auto* branch = branches.digests; branch != end; ++branch) {
      writer.Append(ViewOf(*branch));
    }
    return Set(writer);
  }

 private:
  [[nodiscard]] TpmWriter Begin(TPM2_CC code) const {
    TpmWriter writer;
    writer.Append(value_).Write(Tss2().Tss2_MU_UINT32_Marshal, code);
    return writer;
  }

  void Forget() { value_.assign(hash_.size, 0); }

  Result<void> Set(const TpmWriter& writer) {
    auto digest = writer.good() ? HashBytes(context_, hash_, writer.bytes()) : std::nullopt;
    if (!digest) return CannotHash();
    value_ = *std::move(digest);
    return {};
  }

  /// PolicyUpdate() of TPM 2.0 Part 3 section 23.2.3.
  Result<void> Update(TPM2_CC code, ByteView name, const TPM2B_NONCE& policy_ref) {
    if (auto set = Set(Begin(code).Append(name)); !set) return set;
    return Set(TpmWriter().Append(value_).Append(ViewOf(policy_ref)));
  }

  /// TPM 2.0 Part 1 section 16: the algorithm and the digest of the public area.
  [[nodiscard]] std::optional<Bytes> NameOfKey(const TPM2B_PUBLIC& key) const {
    const auto hash = FindTpmHash(key.publicArea.nameAlg);
    TpmWriter area;
    area.Write(Tss2().Tss2_MU_TPMT_PUBLIC_Marshal, key.publicArea);
    const auto digest =
        hash && area.good() ? HashBytes(context_, *hash, area.bytes()) : std::nullopt;
    if (!digest) return std::nullopt;
    Bytes name = {static_cast<std::uint8_t>(hash->algorithm >> 8U),
                  static_cast<std::uint8_t>(hash->algorithm)};
    name.insert(name.end(), digest->begin(), digest->end());
    return name;
  }

  OSSL_LIB_CTX* context_;
  TpmHash hash_;
  Bytes value_;
};

}  // namespace

Result<TPM2B_DIGEST> PolicyDigest(OSSL_LIB_CTX* context, const PolicySteps& steps,
                                  const TpmHash& hash) {
  RunningDigest running(context, hash);
  for (const PolicyStep& step : steps) {
    auto taken = std::visit([&](const auto& one) { return running.Take(one); }, step);
    if (!taken) return Fail(std::move(taken));
  }
  TPM2B_DIGEST digest{};
  digest.size = static_cast<UINT16>(running.value().size());
  std::copy(running.value().begin(), running.value().end(), digest.buffer);
  return digest;
}

}  // namespace credmint::tpm2
