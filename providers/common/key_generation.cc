// SPDX-License-Identifier: Apache-2.0
#include "common/key_generation.h"

#include <fmt/format.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#include <utility>

#include "base/shown_value.h"
#include "common/params.h"
#include "common/provider_context.h"

namespace credmint::provider {
namespace {

/// OpenSSL's "genctx".
struct Generation {
  const ProviderContext& provider;
  std::unique_ptr<KeyGeneration> wishes;
};

int NidOfGroup(const char* group) {
  const int nist = EC_curve_nist2nid(group);
  return nist != NID_undef ? nist : OBJ_txt2nid(group);
}

const char* NameOfGroup(int nid) {
  switch (nid) {
    case NID_X9_62_prime256v1:
      return "ec-p256";
    case NID_secp384r1:
      return "ec-p384";
    case NID_secp521r1:
      return "ec-p521";
    default:
      return nullptr;
  }
}

}  // namespace

void WantedType::Set(const OSSL_PARAM params[]) {
  if (auto group = TextParam(params, OSSL_PKEY_PARAM_GROUP_NAME)) group_ = *std::move(group);
  if (const OSSL_PARAM* bits = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_BITS)) {
    if (OSSL_PARAM_get_size_t(bits, &bits_) != 1) bits_ = 0;
  }
}

Result<std::string> WantedType::Name() const {
  if (type_ == KeyType::kEd25519) return std::string("ed25519");
  if (type_ == KeyType::kRsa) return fmt::format("rsa-{}", bits_);
  if (group_.empty()) {
    return Fail(ErrorCode::kUsage, "no curve is given", "give a group, such as P-256");
  }
  const ErrorMark mark;
  const char* const name = NameOfGroup(NidOfGroup(group_.c_str()));
  if (name != nullptr) return std::string(name);
  return Fail(ErrorCode::kUsage, fmt::format("{} is not a curve for such keys", Shown(group_)),
              "give a group that IAM Roles Anywhere knows: P-256, P-384 or P-521");
}

void* InitGeneration(void* context, KeyType type, int selection,
                     const OSSL_PARAM params[]) noexcept {
  const auto& provider = *static_cast<ProviderContext*>(context);
  const bool wants_key = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
  if (!wants_key || provider.core().is_builtin()) return nullptr;
  return Callback(provider, static_cast<void*>(nullptr), [&]() -> Result<void*> {
    auto wishes = provider.NewGeneration(type);
    if (!wishes) return nullptr;
    if (auto set = wishes->Set(params); params != nullptr && !set) return Fail(std::move(set));
    return std::make_unique<Generation>(Generation{provider, std::move(wishes)}).release();
  });
}

const OSSL_PARAM* SettableForGeneration(void* generation, void* /*context*/) noexcept {
  return static_cast<const Generation*>(generation)->wishes->Settable();
}

int SetForGeneration(void* generation, const OSSL_PARAM params[]) noexcept {
  auto& made = *static_cast<Generation*>(generation);
  return Callback(made.provider, 0, [&]() -> Result<int> {
    if (auto set = made.wishes->Set(params); !set) return Fail(std::move(set));
    return 1;
  });
}

void* Generate(void* generation, OSSL_CALLBACK* /*callback*/, void* /*argument*/) noexcept {
  const auto& made = *static_cast<const Generation*>(generation);
  return Callback(made.provider, static_cast<void*>(nullptr), [&]() -> Result<void*> {
    auto key = made.wishes->Make();
    if (!key) return Fail(std::move(key));
    return key->release();
  });
}

void CleanUpGeneration(void* generation) noexcept { delete static_cast<Generation*>(generation); }

}  // namespace credmint::provider
