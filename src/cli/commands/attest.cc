// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/attest.h"

#include <array>
#include <utility>

#include "attestation/attestation_file.h"
#include "base/read_file.h"
#include "base/whole_file.h"
#include "cli/options/nonce_option.h"
#include "cli/options/option_groups.h"
#include "cli/options/secret_option.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "enrolment/key_attestation.h"

namespace credmint::cli {
namespace {

constexpr const char* kKeysToAttest =
    "name a key in the TPM, as in handle:0x81000002 or its file, or on a token, as in "
    "'pkcs11:token=prod;object=web'";

}  // namespace

AttestCommand::AttestCommand(CLI::App& key_command)
    : app_(key_command.add_subcommand(
          "attest", "State to a CA where a key is: a TPM proves it, a token claims it")) {
  SetHelp(*app_, {.needs = "the key, and --nonce or --challenge",
                  .example = "credmint key attest handle:0x81000002 --nonce $NONCE \\\n"
                             "  --out new.attestation\n"
                             "credmint key attest handle:0x81000002 --challenge web.challenge \\\n"
                             "  --out new.answer"});
  AddDevicePlace(*app_, reference_,
                 "Key: handle:0x81…, a TSS2 PEM file, or pkcs11:token=TOKEN;object=LABEL");
  AddNonce(*app_, nonce_);
  AddPlace(*app_, "--challenge", challenge_, "Challenge of the verifier to answer, instead",
           Place::kPath)
      ->group(kIdentityGroup);
  AddPlace(*app_, "--out", out_, "New file for the result (default: stdout)", Place::kPath)
      ->group(kIdentityGroup);
  AddSecret(*app_, "--endorsement-passin", endorsement_passin_,
            "Auth value of the TPM's endorsement hierarchy (default: empty); sources as for "
            "--passin")
      ->group(kTpmGroup);
  AddTokenFlags(*app_, key_);
  AddKeySecretFlags(*app_, key_);
  AddProcessFlags(*app_, process_);
}

Result<OpenDevice> AttestCommand::Prepare() const {
  const auto sources =
      std::to_array<SecretSourceOption>({{"--endorsement-passin", endorsement_passin_},
                                         {"--passin", key_.passin},
                                         {"--parent-passin", key_.parent_passin}});
  if (auto differ = CheckStreamsDiffer(sources); !differ) return Fail(std::move(differ));
  ProcessOptions process = process_;
  process.secret_files = SecretFilesOf(sources);
  return PrepareKey(reference_, key_, process, kKeysToAttest);
}

Result<std::string> AttestCommand::Attest() const {
  auto nonce = ParseNonce(nonce_);
  if (!nonce) return Fail(std::move(nonce));
  auto device = Prepare();
  if (!device) return Fail(std::move(device));
  auto auth = ReadSecret({"--endorsement-passin", endorsement_passin_});
  if (!auth) return Fail(std::move(auth));
  return AttestKey(device->started.opener.keys(), std::move(device->reference), *std::move(nonce),
                   *std::move(auth));
}

Result<std::string> AttestCommand::Answer() const {
  const auto challenge = ReadFile(challenge_, kMaxAttestationSize);
  if (!challenge) return Fail(Error(challenge.error()));
  auto device = Prepare();
  if (!device) return Fail(std::move(device));
  auto auth = ReadSecret({"--endorsement-passin", endorsement_passin_});
  if (!auth) return Fail(std::move(auth));
  return AnswerChallenge(device->started.opener.keys(), std::move(device->reference),
                         challenge->Reveal(), *std::move(auth));
}

Result<void> AttestCommand::Run() const {
  StartLog(process_);
  if (!nonce_.empty() && !challenge_.empty()) {
    return Fail(ErrorCode::kUsage, "--nonce and --challenge are given",
                "attest the key with --nonce first, and answer the challenge in a second call");
  }
  if (!out_.empty()) {
    if (auto is_new = CheckIsNewFile(out_); !is_new) return is_new;
  }
  const auto text = challenge_.empty() ? Attest() : Answer();
  if (!text) return Fail(text);
  return out_.empty() ? WriteResult(*text) : WriteNewFile(out_, *text);
}

}  // namespace credmint::cli
