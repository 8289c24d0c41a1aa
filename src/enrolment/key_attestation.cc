// SPDX-License-Identifier: Apache-2.0
#include "enrolment/key_attestation.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "attestation/attestation_file.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using Claimed = std::pair<Bytes, Bytes>;

Result<InventoryEntry> AskDevice(KeyOpener& keys, KeyReference reference,
                                 const DeviceChange& change, std::string_view what) {
  const std::string clause = fmt::format("{} {}", what, reference.shown());
  auto stated = keys.Change(std::move(reference), change);
  if (!stated) return Fail(std::move(stated), clause);
  if (!stated->empty() && !stated->front().evidence.empty()) return std::move(stated->front());
  return Fail(ErrorCode::kInternal, clause + ": the device states nothing");
}

/// The public key of a claim, and the signature that shows who holds its private key.
Result<Claimed> SignClaim(KeyOpener& keys, KeyReference reference, const InventoryEntry& stated,
                          ByteView nonce) {
  const auto key = keys.OpenKey(std::move(reference));
  if (!key) return Fail(key);
  if (stated.public_key && EVP_PKEY_eq(stated.public_key.get(), (*key)->get()) != 1) {
    return Fail(ErrorCode::kKeyAmbiguous, "the URI names another key by now",
                "run the command again");
  }
  auto signature = (*key)->Sign(ClaimedMessage(nonce));
  if (!signature) return Fail(std::move(signature));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY((*key)->get(), &der);
  if (size <= 0) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("encoding the public key"));
  }
  Claimed claimed{Bytes(der, der + size), *std::move(signature)};
  OPENSSL_free(der);
  return claimed;
}

}  // namespace

Result<std::string> AttestKey(KeyOpener& keys, KeyReference reference, Bytes nonce,
                              Secret endorsement_auth) {
  const DeviceChange change{.kind = DeviceChange::Kind::kAttest,
                            .nonce = std::move(nonce),
                            .endorsement_auth = std::move(endorsement_auth)};
  const auto stated = AskDevice(keys, reference.Clone(), change, "attesting key");
  if (!stated) return Fail(stated);
  std::optional<Claimed> claimed;
  if (IsClaim(stated->evidence)) {
    auto made = SignClaim(keys, std::move(reference), *stated, change.nonce);
    if (!made) return Fail(std::move(made));
    claimed = *std::move(made);
  }
  return FormatAttestation(stated->evidence, claimed);
}

Result<std::string> AnswerChallenge(KeyOpener& keys, KeyReference reference,
                                    std::string_view challenge, Secret endorsement_auth) {
  auto parsed = ParseChallenge(challenge);
  if (!parsed) return Fail(std::move(parsed));
  const DeviceChange change{.kind = DeviceChange::Kind::kAnswerChallenge,
                            .challenge = *std::move(parsed),
                            .endorsement_auth = std::move(endorsement_auth)};
  const auto stated = AskDevice(keys, std::move(reference), change, "answering for key");
  if (!stated) return Fail(stated);
  return FormatAnswer(stated->evidence);
}

}  // namespace credmint
