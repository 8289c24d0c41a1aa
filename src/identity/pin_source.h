// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/prompted_secrets.h"
#include "identity/secret_mark.h"
#include "identity/secret_source.h"
#include "ossl/passphrase.h"

namespace credmint {

/// A secret that is read from its source at most once, and only when needed. It is kept, and wiped
/// at the end, because a descriptor can be read only once.
class PinSource {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a source is kept by assigning it
  PinSource(SecretSource source) : source_(std::move(source)) {}

  /// Fails as SecretSource::Read() does.
  Result<Secret> Get();

  /// Discards the secret, so that it is read again: it may have changed. Keeps that of a
  /// descriptor.
  void Forget();

  /// Records that the secret read last was accepted.
  void NoteAccepted();
  /// Whether the secret is still the accepted one; true if none has been read.
  [[nodiscard]] bool WasAccepted() const;

 private:
  SecretSource source_;
  std::optional<Secret> secret_;
  std::optional<SecretMark> accepted_;
};

/// The secrets given to a command, by purpose, and those that a person is asked for if none was
/// given. Answers each request of the store, and never tries a secret for another purpose.
/// `parent` and `policy` are passed to the store in advance and never asked for.
struct PinSources {
  PinSources() = default;
  explicit PinSources(const SecretSources& sources);

  std::optional<PinSource> user;     ///< token PIN, TPM auth value, file passphrase
  std::optional<PinSource> context;  ///< context-specific PIN
  std::optional<PinSource> parent;   ///< auth value of a TPM key's parent
  std::optional<PinSource> policy;   ///< the same for what a TPM key's policy names
  bool reuse_user_for_context = false;
  bool user_opens_tokens = true;  ///< false: `user` is of another key, and no token's PIN
  PromptedSecrets prompted;
  std::optional<SecretMark> in_reference;           ///< the last one that a key reference had
  std::optional<SecretMark> in_accepted_reference;  ///< the one in use at the last signature

  /// Whether a secret of this kind was given, so that nobody is asked for it.
  [[nodiscard]] bool HasSource(PassphraseKind kind) { return SourceFor(kind) != nullptr; }

  /// Answers a request. `place` is where the secret is used; it tells prompted secrets apart. Fails
  /// with kPinRequired, and a hint at the option to give, if there is no source and nobody to ask.
  Result<Secret> Answer(const PassphraseRequest& request, const std::string& place = {});

  /// Records that the answer was refused. Returns whether to try again with a newly typed one.
  bool Refuse(const PassphraseRequest& request, const std::string& place);

  /// Discards the given secrets that can be read again.
  void Forget();

  /// Records the secret of a key reference.
  void NoteInReference(const Secret& secret);

  /// NoteAccepted() records that a signature was made with the given secrets. WereAccepted() tells
  /// whether they are still the same.
  void NoteAccepted();
  [[nodiscard]] bool WereAccepted() const;

 private:
  PinSource* SourceFor(PassphraseKind kind);
  [[nodiscard]] PassphraseRequest WhatToType(const PassphraseRequest& request) const;
};

}  // namespace credmint
