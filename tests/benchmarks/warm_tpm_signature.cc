// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "builtin.h"
#include "identity/signing_key.h"
#include "ossl/read_store.h"
#include "support/swtpm.h"
#include "tpm2/device/tss2_library.h"

/// Measures the overhead of OpenSSL and our provider on a signature of a TPM.
///
/// Compares EVP_DigestSign with a bare loop of Esys_Sign on the same persistent key, interleaved in
/// one run. Each batch opens a new connection, because swtpm serves one at a time. Only the
/// signatures are timed. Prints the ratios and fails if one is above its limit.
namespace credmint {
namespace {

using test::Swtpm;
using tpm2::Tss2;
using Micros = std::chrono::duration<double, std::micro>;

constexpr BuiltinProvider kProvider = {"credmint-tpm2", credmint_tpm2_provider_init};

struct Case {
  const char* label;
  const char* algorithm;  // in tpm2_create's notation
  TPM2_HANDLE handle;
  TPMI_ALG_SIG_SCHEME scheme;
  int batch;
  double limit;
};

constexpr std::array<Case, 2> kCases = {
    {{"P-256", "ecc256", 0x81000001, TPM2_ALG_ECDSA, 10, 1.05},
     {"RSA-2048", "rsa2048", 0x81000002, TPM2_ALG_RSASSA, 4, 1.05}}};

[[noreturn]] void GiveUp(const char* reason) {
  fmt::print(stderr, "{}\n", reason);
  exit(1);
}

/// The key, used by direct ESAPI calls.
class RawKey {
 public:
  RawKey(const Swtpm& swtpm, const Case& bench) : scheme_{bench.scheme, {}} {
    scheme_.details.any.hashAlg = TPM2_ALG_SHA256;
    digest_.size = TPM2_SHA256_DIGEST_SIZE;
    if (!tpm2::LoadTss2() ||
        Tss2().Tss2_TctiLdr_Initialize(swtpm.tcti().c_str(), &tcti_) != TSS2_RC_SUCCESS ||
        Tss2().Esys_Initialize(&esys_, tcti_, nullptr) != TSS2_RC_SUCCESS ||
        Tss2().Esys_TR_FromTPMPublic(esys_, bench.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &key_) != TSS2_RC_SUCCESS) {
      GiveUp("the TPM does not answer");
    }
  }
  ~RawKey() {
    Tss2().Esys_Finalize(&esys_);
    Tss2().Tss2_TctiLdr_Finalize(&tcti_);
  }
  RawKey(const RawKey&) = delete;
  RawKey& operator=(const RawKey&) = delete;

  bool Sign() {
    const TPMT_TK_HASHCHECK no_ticket{TPM2_ST_HASHCHECK, TPM2_RH_NULL, {}};
    TPMT_SIGNATURE* signature = nullptr;
    const TSS2_RC code = Tss2().Esys_Sign(esys_, key_, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                          &digest_, &scheme_, &no_ticket, &signature);
    Tss2().Esys_Free(signature);
    return code == TSS2_RC_SUCCESS;
  }

 private:
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  ESYS_TR key_ = ESYS_TR_NONE;
  TPMT_SIG_SCHEME scheme_;
  TPM2B_DIGEST digest_{};
};

SigningKey Load(const LibraryContext& library, const Swtpm& swtpm, const Case& bench) {
  StoreOptions options;
  options.properties = "provider=credmint-tpm2";
  options.parameters = {{"tcti", swtpm.tcti()}};
  auto contents = OpenStore(library, fmt::format("handle:{:#x}", bench.handle), options);
  if (!contents) GiveUp(contents.error().message.c_str());
  return {library, std::move(contents->keys.front())};
}

/// The average time of a signature in a batch, after one that is not timed.
Micros TimeOf(int batch, const std::function<bool()>& once) {
  if (!once()) GiveUp("a signature failed");
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < batch; ++i) {
    if (!once()) GiveUp("a signature failed");
  }
  return (std::chrono::steady_clock::now() - start) / batch;
}

bool Measure(const LibraryContext& library, const Swtpm& swtpm, const Case& bench) {
  constexpr int kRounds = 150;  // many short batches, so that some run undisturbed
  Micros best_raw = Micros::max();
  Micros best_provider = Micros::max();
  for (int round = 0; round < kRounds; ++round) {
    {
      RawKey raw(swtpm, bench);
      best_raw = std::min(best_raw, TimeOf(bench.batch, [&] { return raw.Sign(); }));
    }
    const SigningKey key = Load(library, swtpm, bench);
    best_provider =
        std::min(best_provider,
                 TimeOf(bench.batch, [&] { return key.Sign("a string to sign").has_value(); }));
  }
  const double ratio = best_provider / best_raw;
  fmt::print("{}: Esys_Sign {:.1f} us, provider {:.1f} us, ratio {:.3f} (limit {:.2f})\n",
             bench.label, best_raw.count(), best_provider.count(), ratio, bench.limit);
  return ratio <= bench.limit;
}

bool MakeKey(const Swtpm& swtpm, const Case& bench) {
  const std::string parent = swtpm.directory() / "parent";
  const std::string key = swtpm.directory() / "key";
  const std::vector<std::string> flush = {"tpm2_flushcontext", "-t"};
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"tpm2_createprimary", "-Q", "-G", "ecc", "-c", parent},
           flush,
           {"tpm2_create", "-Q", "-C", parent, "-G", bench.algorithm, "-c", key, "-a",
            "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"},
           flush,
           {"tpm2_evictcontrol", "-Q", "-C", "o", "-c", key, fmt::format("{:#x}", bench.handle)},
           flush}) {
    if (!swtpm.Tool(command).ok()) return false;
  }
  return true;
}

int Main() {
  setenv("TSS2_LOG", "all+NONE", 1);
  const auto swtpm = Swtpm::Start();
  const auto library = LibraryContext::Create(std::span(&kProvider, 1));
  if (!swtpm || !library) GiveUp("swtpm or OpenSSL does not work");
  bool within = true;
  for (const Case& bench : kCases) {
    if (!MakeKey(*swtpm, bench)) GiveUp("the TPM makes no key");
    within = Measure(*library, *swtpm, bench) && within;
  }
  return within ? 0 : 1;
}

}  // namespace
}  // namespace credmint

int main() { return credmint::Main(); }
