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

/// A secret, read from its source at most once, and only when it is needed; kept (wiped at the end)
/// because a descriptor can be read only once.
class PinSource {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a source is kept by assigning it
  PinSource(SecretSource source) : source_(std::move(source)) {}

  /// Fails as SecretSource::Read().
  Result<Secret> Get();

  /// Has it read again the next time: it may have been changed. Not so a descriptor.
  void Forget();

  /// Says that what was read last has been accepted.
  void NoteAccepted();
  /// Whether that is still the same; true if none has been read.
  [[nodiscard]] bool WasAccepted() const;

 private:
  SecretSource source_;
  std::optional<Secret> secret_;
  std::optional<SecretMark> accepted_;
};

/// The secrets a command was given, by what they are for, and those that a person is asked for
/// where none was given. Answers each request from the store; it never tries one secret where
/// another was meant.
struct PinSources {
  PinSources() = default;
  explicit PinSources(const SecretSources& sources);

  std::optional<PinSource> user;     ///< token PIN, TPM auth value, file passphrase
  std::optional<PinSource> context;  ///< context-specific PIN
  std::optional<PinSource> parent;   ///< auth value of a TPM key's parent; not asked for, but sent
  std::optional<PinSource> policy;   ///< the same of what a TPM key's policy names
  bool reuse_user_for_context = false;
  PromptedSecrets prompted;
  std::optional<SecretMark> in_reference;           ///< what a key reference had of its own, last
  std::optional<SecretMark> in_accepted_reference;  ///< and when a signature was last made

  /// Whether a secret of this kind was given, so that nobody is asked for it.
  [[nodiscard]] bool HasSource(PassphraseKind kind) { return SourceFor(kind) != nullptr; }

  /// `place` is where the secret is used, for the secrets that are prompted. Fails with
  /// kPinRequired and the option to give when there is no source for the request and nobody to
  /// ask.
  Result<Secret> Answer(const PassphraseRequest& request, const std::string& place = {});

  /// Says that the answer was refused. Whether to try again: only with what a person types anew.
  bool Refuse(const PassphraseRequest& request, const std::string& place);

  /// Has those that were given read again, where that is possible.
  void Forget();

  /// Says what a key reference had of its own.
  void NoteInReference(const Secret& secret);

  /// Says that a signature was made with what was given, and whether that is still the same.
  void NoteAccepted();
  [[nodiscard]] bool WereAccepted() const;

 private:
  PinSource* SourceFor(PassphraseKind kind);
  [[nodiscard]] PassphraseRequest WhatToType(const PassphraseRequest& request) const;
};

}  // namespace credmint
