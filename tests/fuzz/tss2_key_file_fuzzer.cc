// SPDX-License-Identifier: Apache-2.0
// Fed: a TPM key file, in PEM or DER, with its policies.
//
// Holds: a DER form that is accepted is accepted as PEM, too, and means the same. Its limits hold.

#include <openssl/pem.h>

#include <string>

#include "fuzz/input.h"
#include "fuzz/require.h"
#include "ossl/handles.h"
#include "tpm2/keyfile/tss2_key_file.h"
#include "tpm2/policy/pcr_selection.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {
namespace {

using test::Require;

constexpr std::size_t kMostSteps = 32;

std::string AsPem(std::string_view der) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  const auto bytes = test::AsBytes(der);
  PEM_write_bio(bio.get(), std::string(kTss2PemLabel).c_str(), "", bytes.data(),
                static_cast<long>(bytes.size()));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void CheckSteps(const PolicySteps& steps) {
  Require(steps.size() <= kMostSteps, "a policy has at most 32 steps");
  for (const PolicyStep& step : steps) {
    if (const auto* pcr = std::get_if<PolicyPcr>(&step)) {
      test::RequireOneLine(NamePcrs(pcr->selection), "the names of PCRs are one line");
    }
  }
}

void CheckKey(const Tss2KeyFile& key) {
  test::RequireOneLine(key.description, "a description is one line");
  Require(key.description.size() <= 67, "a description is short");
  CheckSteps(key.policy.steps);
  Require(key.policy.signed_policies.size() <= kMostSteps, "there are at most 32 policies");
  for (const SignedPolicy& policy : key.policy.signed_policies) {
    test::RequireOneLine(policy.name, "a policy's name is one line");
    CheckSteps(policy.steps);
  }
  static_cast<void>(key.policy.NeedsAuthValue());
  for (const auto& area :
       {ReadPublicArea(key.public_area), ReadPersistentPublicArea(key.public_area)}) {
    if (!area) test::RequireOneLine(area.error().message, "a refusal is one line");
    if (area) Require(area->public_key.ToParams() != nullptr, "a public key has parameters");
  }
}

void Check(std::string_view contents) {
  const auto key = Tss2KeyFile::Parse(contents);
  if (!key) test::RequireOneLine(key.error().message, "a refusal is one line");
  if (key) CheckKey(*key);
  if (!LooksLikeTss2KeyFile(test::AsBytes(contents))) return;
  const auto from_pem = Tss2KeyFile::Parse(AsPem(contents));
  Require(from_pem.has_value() == key.has_value() || contents.size() > kMaxKeyFileSize / 2,
          "PEM is accepted as DER is");
  if (!key || !from_pem) return;
  Require(key->parent == from_pem->parent && key->description == from_pem->description &&
              key->empty_auth == from_pem->empty_auth && key->rsa_parent == from_pem->rsa_parent &&
              key->policy.steps.size() == from_pem->policy.steps.size() &&
              key->import_seed.has_value() == from_pem->import_seed.has_value(),
          "PEM means what DER means");
}

}  // namespace
}  // namespace credmint::tpm2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::tpm2::Check(credmint::test::Input(data, size).Rest());
  return 0;
}
