// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <fmt/format.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "builtin.h"
#include "identity/signing_key.h"
#include "ossl/read_store.h"
#include "support/softhsm.h"

/// Measures the overhead of OpenSSL and our provider on a signature of a token.
///
/// Compares EVP_DigestSign with a bare loop of C_SignInit and C_Sign on the same key, interleaved
/// in one run. Prints the ratios and fails if one is above its limit.
namespace credmint {
namespace {

using test::SoftHsm;
using Micros = std::chrono::duration<double, std::micro>;

constexpr BuiltinProvider kProvider = {"credmint-pkcs11", credmint_pkcs11_provider_init};

struct Case {
  const char* label;
  CK_MECHANISM_TYPE mechanism;
  std::size_t input_size;
  int batch;
  double limit;
};

/// Direct calls to the token, in a separate session that shares the provider's login.
class RawToken {
 public:
  explicit RawToken(const std::string& module) {
    void* library = dlopen(module.c_str(), RTLD_NOW);
    auto* get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    get(&functions_);
    std::array<CK_SLOT_ID, 8> slots{};  // the token's slot, and SoftHSM's uninitialised one
    CK_ULONG count = slots.size();
    functions_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    functions_->C_OpenSession(slots[0], CKF_SERIAL_SESSION, nullptr, nullptr, &session_);
  }

  void Select(std::string label) {
    CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    std::array<CK_ATTRIBUTE, 2> search = {
        {{CKA_CLASS, &object_class, sizeof object_class}, {CKA_LABEL, label.data(), label.size()}}};
    CK_ULONG count = 0;
    functions_->C_FindObjectsInit(session_, search.data(), search.size());
    functions_->C_FindObjects(session_, &key_, 1, &count);
    functions_->C_FindObjectsFinal(session_);
  }

  bool Sign(CK_MECHANISM_TYPE type, std::span<CK_BYTE> input) {
    CK_MECHANISM mechanism = {type, nullptr, 0};
    std::array<CK_BYTE, 512> signature{};
    CK_ULONG size = signature.size();
    return functions_->C_SignInit(session_, &mechanism, key_) == CKR_OK &&
           functions_->C_Sign(session_, input.data(), input.size(), signature.data(), &size) ==
               CKR_OK;
  }

 private:
  CK_FUNCTION_LIST* functions_ = nullptr;
  CK_SESSION_HANDLE session_ = 0;
  CK_OBJECT_HANDLE key_ = 0;
};

Micros TimeOf(int batch, const std::function<bool()>& once) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < batch; ++i) {
    if (once()) continue;
    fmt::print(stderr, "a signature failed\n");
    exit(1);
  }
  return (std::chrono::steady_clock::now() - start) / batch;
}

std::optional<PkeyPtr> Load(const LibraryContext& library, const std::string& label) {
  StoreOptions options;
  options.properties = "provider=credmint-pkcs11";
  options.parameters = {{"pkcs11-module-path", SoftHsm::module()}};
  options.passphrase = [](const PassphraseRequest&) -> Result<Secret> {
    return Secret(SoftHsm::kPin);
  };
  auto contents = OpenStore(library, "pkcs11:token=bench;object=" + label, options);
  if (!contents) {
    fmt::print(stderr, "{}\n", contents.error().message);
    return std::nullopt;
  }
  return std::move(contents->keys.front());
}

bool Measure(const LibraryContext& library, RawToken& raw, const Case& bench) {
  constexpr int kRounds = 40;
  auto pkey = Load(library, bench.label);
  if (!pkey) return false;
  const SigningKey key(library, *std::move(pkey));
  raw.Select(bench.label);
  std::array<CK_BYTE, 64> input{};
  Micros best_raw = Micros::max();
  Micros best_provider = Micros::max();
  for (int round = 0; round < kRounds; ++round) {
    best_raw =
        std::min(best_raw, TimeOf(bench.batch, [&] {
                   return raw.Sign(bench.mechanism, std::span(input).first(bench.input_size));
                 }));
    best_provider =
        std::min(best_provider,
                 TimeOf(bench.batch, [&] { return key.Sign("a string to sign").has_value(); }));
  }
  const double ratio = best_provider / best_raw;
  fmt::print("{}: raw {:.1f} us, provider {:.1f} us, ratio {:.3f} (limit {:.2f})\n", bench.label,
             best_raw.count(), best_provider.count(), ratio, bench.limit);
  return ratio <= bench.limit;
}

int Main() {
  const auto hsm = SoftHsm::Create("bench");
  if (!hsm || !hsm->GenerateKey("bench", "EC:prime256v1", "p256", "01") ||
      !hsm->GenerateKey("bench", "rsa:2048", "rsa2048", "02")) {
    fmt::print(stderr, "SoftHSM does not work\n");
    return 1;
  }
  const auto library = LibraryContext::Create(std::span(&kProvider, 1));
  if (!library || !Load(*library, "p256")) return 1;  // initialises the module and logs in
  RawToken raw(SoftHsm::module());
  const bool ec = Measure(*library, raw, {"p256", CKM_ECDSA, 32, 200, 1.10});
  const bool rsa = Measure(*library, raw, {"rsa2048", CKM_RSA_PKCS, 51, 40, 1.03});
  return ec && rsa ? 0 : 1;
}

}  // namespace
}  // namespace credmint

int main() { return credmint::Main(); }
