// SPDX-License-Identifier: Apache-2.0
// Fed: a byte that chooses what is asked of a TPM, a key file, and then the TPM's responses, one
// after the other (records.h). Behind the last one the connection fails.
//
// Holds: every load and signature ends. A failure has a known code and is one line. An accepted key
// has a size, and its signatures fit. A listing has one line of JSON for each object.

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>
#include <tss2/tss2_tcti.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "builtin.h"
#include "fuzz/beside_fuzzer.h"
#include "fuzz/input.h"
#include "fuzz/provider_checks.h"
#include "fuzz/records.h"
#include "fuzz/require.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {
namespace {

using test::Require;

constexpr const char* kTcti = "loaded_tcti.so";

// --- the TPM
// --------------------------------------------------------------------------------------

/// The responses that are left, in reverse order.
std::vector<std::string> responses;

TSS2_RC Transmit(TSS2_TCTI_CONTEXT* /*context*/, size_t /*size*/, const uint8_t* /*command*/) {
  return TSS2_RC_SUCCESS;
}

TSS2_RC Receive(TSS2_TCTI_CONTEXT* /*context*/, size_t* size, uint8_t* response,
                int32_t /*timeout*/) {
  if (responses.empty()) return TSS2_TCTI_RC_IO_ERROR;
  const std::string& next = responses.back();
  const std::size_t room = *size;
  *size = next.size();
  if (response == nullptr) return TSS2_RC_SUCCESS;
  if (room < next.size()) return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
  memcpy(response, next.data(), next.size());
  responses.pop_back();
  return TSS2_RC_SUCCESS;
}

TSS2_RC Init(TSS2_TCTI_CONTEXT* context, size_t* size, const char* /*configuration*/) {
  *size = sizeof(TSS2_TCTI_CONTEXT_COMMON_V1);
  if (context == nullptr) return TSS2_RC_SUCCESS;
  auto& common = *reinterpret_cast<TSS2_TCTI_CONTEXT_COMMON_V1*>(context);
  common = {};
  common.magic = 1;
  common.version = 1;
  common.transmit = Transmit;
  common.receive = Receive;
  common.finalize = [](TSS2_TCTI_CONTEXT*) {};
  return TSS2_RC_SUCCESS;
}

// --- what is asked
// --------------------------------------------------------------------------------

void RequireFailure(const Error& error) {
  Require(error.code <= kLastErrorCode && error.remedy <= kLastRemedy, "a failure is a known one");
  test::RequireOneLine(error.message + error.hint, "a failure is one line");
}

enum class What : std::uint8_t { kHandle, kKeyFile, kCertificate, kKeys, kCertificates };

StoreOptions OptionsFor(What what, std::uint8_t choice) {
  StoreOptions options;
  options.properties = "provider=credmint-tpm2";
  options.parameters = {{"tcti", test::PathBesideFuzzer(kTcti)}};
  if (what == What::kCertificate) options.expect = StoreExpect::kCertificate;
  if (what == What::kKeys || what == What::kCertificates) {
    options.expect = StoreExpect::kName;
    options.parameters.emplace_back("tpm2-inventory", "all");
  }
  const char* auth = (choice & 0x20) != 0 ? "auth" : "";
  if ((choice & 0x40) != 0) options.secrets.emplace_back("tpm2-policy-auth", Secret(auth));
  if ((choice & 0x80) != 0) options.parameters.emplace_back("tpm2-ask-auth", "1");
  options.passphrase = [auth](const PassphraseRequest& request) -> Result<Secret> {
    test::RequireOneLine(request.subject, "a question is one line");
    return Secret(auth);
  };
  return options;
}

Result<StoreContents> Open(const LibraryContext& context, What what, const std::string& file,
                           const StoreOptions& options) {
  switch (what) {
    case What::kKeyFile:
      return ReadStore(context, Secret(file), "tss2", options);
    case What::kCertificate:
      return OpenStore(context, "nv:0x01c00002", options);
    case What::kKeys:
      return OpenStore(context, "handle:", options);
    case What::kCertificates:
      return OpenStore(context, "nv:", options);
    default:
      return OpenStore(context, "handle:0x81000001", options);
  }
}

void Check(test::Records records) {
  static auto& init = test::VariableBesideFuzzer<TSS2_TCTI_INIT_FUNC>(kTcti, "tcti_init");
  static constexpr BuiltinProvider kProvider = {"credmint-tpm2", credmint_tpm2_provider_init};
  static const auto& context = *new auto(LibraryContext::Create(std::span(&kProvider, 1)));
  Require(context.has_value(), "there is a context");
  init = Init;
  const std::string file = records.all.empty() ? "" : records.all.front();
  if (!records.all.empty()) records.all.erase(records.all.begin());
  responses = std::move(records.all);
  std::reverse(responses.begin(), responses.end());

  const auto what = static_cast<What>(records.choice % 8);
  auto contents = Open(*context, what, file, OptionsFor(what, records.choice));
  if (!contents) return RequireFailure(contents.error());
  test::CheckListing(contents->names);
  const bool pss = (records.choice & 0x10) != 0;
  for (const PkeyPtr& key : contents->keys) {
    for (int times = 0; times < 2; ++times) test::SignWith(*context, key.get(), pss);
  }
}

}  // namespace
}  // namespace credmint

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return credmint::test::Records::Mutate(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Records::In({data, size}));
  return 0;
}
