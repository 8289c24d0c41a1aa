// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/verify_attestation.h"

#include <utility>
#include <variant>

#include "base/read_file.h"
#include "base/shown_value.h"
#include "base/whole_file.h"
#include "cli/options/nonce_option.h"
#include "cli/options/option_groups.h"
#include "cli/options/start_library.h"
#include "cli/options/text_option.h"
#include "cli/output/attestation_text.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "ossl/certificate_file.h"
#include "ossl/encoding.h"

namespace credmint::cli {
namespace {

Result<Secret> ReadChallengeKey(const std::string& path) {
  auto key = ReadFile(path, kMaxFileSize, FileAccess::kOwnerOnly);
  if (!key) return key;
  if (key->size() >= kLeastChallengeKey) return key;
  return Fail(ErrorCode::kUsage, "--challenge-key: the key has fewer than 32 bytes",
              "make one: openssl rand -out challenge.key 32");
}

void AddVerifyFile(CLI::App& command, const char* name, std::string& path,
                   const char* description) {
  AddPlace(command, name, path, description, Place::kPath)->group(kIdentityGroup);
}

}  // namespace

VerifyAttestationCommand::VerifyAttestationCommand(CLI::App& key_command)
    : app_(key_command.add_subcommand("verify-attestation",
                                      "Check on the CA's side what key attest states")) {
  SetHelp(*app_, {.needs = "the file, --nonce and, for a TPM, --ek-ca",
                  .example = "credmint key verify-attestation web.attestation --nonce $NONCE \\\n"
                             "  --ek-ca tpm-roots.pem --challenge-key challenge.key \\\n"
                             "  --challenge-answer web.answer"});
  AddPlace(*app_, "file", file_, "File of credmint key attest --nonce", Place::kPath);
  AddNonce(*app_, nonce_);
  AddVerifyFile(*app_, "--ek-ca", ek_ca_,
                "Certificates of the TPM manufacturers to trust, in PEM or DER");
  AddVerifyFile(*app_, "--challenge-key", challenge_key_,
                "Secret file of the verifier, 32 random bytes or more, for its challenges");
  AddVerifyFile(*app_, "--make-challenge", make_challenge_,
                "New file for a challenge that only the attested TPM can answer");
  AddVerifyFile(*app_, "--challenge-answer", answer_,
                "File of credmint key attest --challenge, the answer");
  AddVerifyFile(*app_, "--csr", csr_, "Certificate request that must be for the attested key");
  app_->add_flag("--json", json_, "Print JSON")->group(kIdentityGroup);
  AddProcessFlags(*app_, process_);
}

Result<void> VerifyAttestationCommand::CheckFlags() const {
  if (file_.empty()) {
    return Fail(ErrorCode::kUsage, "the file is missing",
                "name the file that credmint key attest --nonce wrote");
  }
  if (!make_challenge_.empty() && !answer_.empty()) {
    return Fail(ErrorCode::kUsage, "--make-challenge and --challenge-answer are given",
                "a challenge is made first, and its answer checked in a second call");
  }
  const bool challenges = !make_challenge_.empty() || !answer_.empty();
  if (challenges && challenge_key_.empty()) {
    return Fail(ErrorCode::kUsage, "--challenge-key is missing",
                "make a key once, for all challenges: openssl rand -out challenge.key 32");
  }
  return make_challenge_.empty() ? Result<void>() : CheckIsNewFile(make_challenge_);
}

Result<std::vector<Certificate>> VerifyAttestationCommand::ReadTrusted(
    const LibraryContext& context) const {
  if (ek_ca_.empty()) {
    return Fail(ErrorCode::kUsage, "--ek-ca is missing",
                "give a file with the root certificates of the TPMs' manufacturers");
  }
  const auto contents = ReadFile(ek_ca_, kMaxFileSize, FileAccess::kNotWrittenByAll);
  if (!contents) return Fail(Error(contents.error()));
  auto trusted = ReadCertificateFile(context, *contents);
  if (!trusted) return Fail(std::move(trusted), ShownPath(ek_ca_));
  if (!trusted->empty()) return trusted;
  auto single = Certificate::FromDer(context, AsBytes(contents->Reveal()));
  if (single) return std::vector{*std::move(single)};
  return Fail(ErrorCode::kCertificate, ShownPath(ek_ca_) + " holds no certificate that can be read",
              "give the certificates of the TPMs' manufacturers, in PEM or DER");
}

Result<void> VerifyAttestationCommand::CheckRequest(const LibraryContext& context,
                                                    EVP_PKEY* key) const {
  if (csr_.empty()) return {};
  const auto request = ReadFile(csr_);
  if (!request) return Fail(Error(request.error()));
  return CheckRequestIsFor(context, key, request->Reveal());
}

Result<void> VerifyAttestationCommand::Challenge(const LibraryContext& context,
                                                 const AttestedKey& key, ByteView nonce) const {
  if (make_challenge_.empty()) return {};
  const auto secret = ReadChallengeKey(challenge_key_);
  if (!secret) return Fail(Error(secret.error()));
  const auto challenge = ChallengeFor(context, key, nonce, *secret);
  if (!challenge) return Fail(challenge);
  return WriteNewFile(make_challenge_, FormatChallenge(*challenge));
}

Result<bool> VerifyAttestationCommand::IsProven(const LibraryContext& context,
                                                const AttestedKey& key, ByteView nonce) const {
  if (answer_.empty()) return false;
  const auto secret = ReadChallengeKey(challenge_key_);
  if (!secret) return Fail(Error(secret.error()));
  const auto text = ReadFile(answer_, kMaxAttestationSize);
  if (!text) return Fail(Error(text.error()));
  const auto answer = ParseAnswer(text->Reveal());
  if (!answer) return Fail(Error(answer.error()).In(ShownPath(answer_)));
  auto checked = CheckAnswer(context, key, nonce, *secret, *answer);
  if (!checked) return Fail(std::move(checked), ShownPath(answer_));
  return true;
}

Result<void> VerifyAttestationCommand::Verify(const LibraryContext& context, ByteView nonce,
                                              const TpmEvidence& evidence) const {
  const auto trusted = ReadTrusted(context);
  if (!trusted) return Fail(Error(trusted.error()));
  const auto key = CheckEvidence(context, evidence, nonce, *trusted);
  if (!key) return Fail(Error(key.error()).In(ShownPath(file_)));
  if (auto fits = CheckRequest(context, key->area.key.get()); !fits) return fits;
  const auto proven = IsProven(context, *key, nonce);
  if (!proven) return Fail(proven);
  if (auto challenged = Challenge(context, *key, nonce); !challenged) return challenged;
  auto written =
      WriteResult(json_ ? FormatAttestedJson(*key, *proven) : FormatAttestedText(*key, *proven));
  if (!written || *proven) return written;
  return Fail(ErrorCode::kNotProven, "not yet proven: the attestation key may not be in this TPM",
              "have the TPM answer a challenge: make one with --make-challenge, and check its "
              "answer with --challenge-answer");
}

Result<void> VerifyAttestationCommand::Verify(const LibraryContext& context, ByteView nonce,
                                              const TokenClaim& claim) const {
  if (!make_challenge_.empty() || !answer_.empty()) {
    return Fail(ErrorCode::kUsage, "a token answers no challenge: the file is its claim",
                "check it without --make-challenge and --challenge-answer");
  }
  const auto key = CheckClaim(context, claim, nonce);
  if (!key) return Fail(Error(key.error()).In(ShownPath(file_)));
  if (auto fits = CheckRequest(context, key->get()); !fits) return fits;
  auto written =
      WriteResult(json_ ? FormatClaimJson(claim, key->get()) : FormatClaimText(claim, key->get()));
  if (!written) return written;
  return Fail(ErrorCode::kNotProven, "not proven: it is what a token claims, and nothing proves it",
              "decide on what else is known of the machine and its token");
}

Result<void> VerifyAttestationCommand::Run() const {
  StartLog(process_);
  if (auto good = CheckFlags(); !good) return good;
  const auto nonce = ParseNonce(nonce_);
  if (!nonce) return Fail(Error(nonce.error()));
  const auto text = ReadFile(file_, kMaxAttestationSize);
  if (!text) return Fail(Error(text.error()));
  const auto context = StartLibrary(process_);
  if (!context) return Fail(Error(context.error()));
  const auto attestation = ParseAttestation(text->Reveal());
  if (!attestation) return Fail(Error(attestation.error()).In(ShownPath(file_)));
  return std::visit([&](const auto& one) { return Verify(*context, *nonce, one); }, *attestation);
}

}  // namespace credmint::cli
