// SPDX-License-Identifier: Apache-2.0
#include "identity/pin_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/pin_file.h"
#include "base/read_file.h"
#include "base/shown_value.h"

namespace credmint {
namespace {

constexpr std::size_t kMaxSecretSize = 4096;

bool IsNumber(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

/// Named if it is in the letters that variables have: another may be the secret.
std::string ShownVariable(const std::string& name) {
  const bool good =
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
  return good && name.size() <= kMaxShown ? fmt::format("the variable {}", name)
                                          : "the variable that is named for it";
}

/// A longer number may be a PIN.
std::string ShownDescriptor(const std::string& number) {
  return number.size() <= 3 ? fmt::format("descriptor {}", number)
                            : "the descriptor that is named for it";
}

std::string LoadCredential(const std::string& name) {
  return fmt::format("add LoadCredential={}:PATH to the systemd unit",
                     DescribeUnshown(name).empty() ? name : "NAME");
}

Result<Secret> ReadEnvironment(const std::string& name) {
  const char* value = getenv(name.c_str());
  if (value == nullptr) {
    return Fail(ErrorCode::kPinRequired, fmt::format("{} is not set", ShownVariable(name)));
  }
  return Secret(value);
}

Result<Secret> ReadOpenDescriptor(const std::string& number) {
  const int descriptor = atoi(number.c_str());
  if (fcntl(descriptor, F_GETFD) < 0) {
    return Fail(ErrorCode::kPinRequired, fmt::format("{} is not open", ShownDescriptor(number)));
  }
  auto contents = ReadDescriptor(descriptor, ShownDescriptor(number), kMaxSecretSize);
  if (!contents) return contents;
  return FirstLine(*std::move(contents));
}

Result<Secret> ReadCredential(const std::string& name) {
  const char* folder = getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return Fail(ErrorCode::kPinRequired, "CREDENTIALS_DIRECTORY is not set", LoadCredential(name));
  }
  const std::string path = fmt::format("{}/{}", folder, name);
  if (access(path.c_str(), F_OK) != 0) {
    return Fail(ErrorCode::kPinRequired, fmt::format("there is no credential {}", Shown(name)),
                LoadCredential(name));
  }
  auto contents = ReadFile(path, kMaxSecretSize);
  if (!contents) return contents;
  return FirstLine(*std::move(contents));
}

std::string_view Purpose(PassphraseKind kind) {
  switch (kind) {
    case PassphraseKind::kTokenPin:
      return "a PIN";
    case PassphraseKind::kContextPin:
      return "a context-specific PIN for each signature";
    case PassphraseKind::kTpmAuth:
    case PassphraseKind::kTpmAuthIfAny:
      return "an auth value";
    case PassphraseKind::kFile:
    case PassphraseKind::kForeign:
      break;
  }
  return "a passphrase";
}

Remedy RemedyFor(PassphraseKind kind) {
  switch (kind) {
    case PassphraseKind::kContextPin:
      return Remedy::kGiveContextPin;
    case PassphraseKind::kTpmAuth:
      return Remedy::kGiveSecretOrDenyIt;
    default:
      return Remedy::kGiveSecret;
  }
}

tl::unexpected<Error> NothingGiven(const PassphraseRequest& request) {
  const std::string subject = request.kind == PassphraseKind::kFile ? "the file" : request.subject;
  return Fail(ErrorCode::kPinRequired,
              fmt::format("{} needs {} and none was given", subject, Purpose(request.kind)),
              RemedyFor(request.kind));
}

}  // namespace

Result<PinSource> PinSource::Parse(const std::string& source, const std::string& option) {
  if (source == "stdin") return PinSource(Kind::kDescriptor, "0");
  const std::size_t colon = source.find(':');
  const std::string kind = source.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : source.substr(colon + 1);
  if (colon != std::string::npos) {
    if (kind == "pass") return FromSecret(Secret(name));
    if (kind == "env" && !name.empty()) return PinSource(Kind::kEnvironment, name);
    if (kind == "file" && !name.empty()) return PinSource(Kind::kFile, name);
    if (kind == "fd" && IsNumber(name)) return PinSource(Kind::kDescriptor, name);
    if (kind == "cred" && !name.empty() && name.find('/') == std::string::npos) {
      return PinSource(Kind::kCredential, name);
    }
  }
  // The source itself may be a PIN typed by mistake: it is not repeated.
  return Fail(ErrorCode::kUsage, fmt::format("{}: not a source of a secret", option),
              "use file:PATH, env:NAME, fd:N, stdin, cred:NAME or pass:TEXT");
}

PinSource PinSource::FromSecret(Secret secret) {
  PinSource source(Kind::kKnown, "");
  source.secret_ = std::move(secret);
  return source;
}

PinSource PinSource::FromFile(const std::string& path) { return {Kind::kFile, path}; }

Result<Secret> PinSource::Get() {
  if (!secret_) {
    auto secret = Read();
    if (!secret) return secret;
    secret_ = *std::move(secret);
  }
  return secret_->Clone();
}

std::optional<int> PinSource::descriptor() const {
  return kind_ == Kind::kDescriptor ? std::optional(atoi(name_.c_str())) : std::nullopt;
}

void PinSource::Forget() {
  if (kind_ != Kind::kKnown && kind_ != Kind::kDescriptor) secret_.reset();
}

void PinSource::NoteAccepted() {
  if (secret_) accepted_ = SecretMark(*secret_);
}

bool PinSource::WasAccepted() const {
  return !secret_ || (accepted_ && *accepted_ == SecretMark(*secret_));
}

Result<Secret> PinSource::Read() const {
  switch (kind_) {
    case Kind::kEnvironment:
      return ReadEnvironment(name_);
    case Kind::kFile:
      return ReadPinFile(name_);
    case Kind::kDescriptor:
      return ReadOpenDescriptor(name_);
    case Kind::kCredential:
      return ReadCredential(name_);
    case Kind::kKnown:
      break;
  }
  return Secret();
}

Result<Secret> PinSources::Answer(const PassphraseRequest& request, const std::string& place) {
  if (PinSource* source = SourceFor(request.kind)) return source->Get();
  auto typed = prompted.Get(WhatToType(request), place);
  if (!typed) return Fail(std::move(typed));
  if (!*typed && request.kind == PassphraseKind::kTpmAuthIfAny) return Secret();
  if (!*typed) return NothingGiven(request);
  return **std::move(typed);
}

bool PinSources::Refuse(const PassphraseRequest& request, const std::string& place) {
  return SourceFor(request.kind) == nullptr && prompted.Refuse(WhatToType(request), place);
}

void PinSources::Forget() {
  for (std::optional<PinSource>* source : {&user, &context, &parent, &policy}) {
    if (*source) (*source)->Forget();
  }
}

void PinSources::NoteInReference(const Secret& secret) { in_reference = SecretMark(secret); }

void PinSources::NoteAccepted() {
  for (std::optional<PinSource>* source : {&user, &context, &parent, &policy}) {
    if (*source) (*source)->NoteAccepted();
  }
  in_accepted_reference = in_reference;
}

bool PinSources::WereAccepted() const {
  if (in_reference && in_reference != in_accepted_reference) return false;
  const std::array<const std::optional<PinSource>*, 4> sources = {&user, &context, &parent,
                                                                  &policy};
  return std::all_of(sources.begin(), sources.end(),
                     [](const auto* source) { return !*source || (*source)->WasAccepted(); });
}

PinSource* PinSources::SourceFor(PassphraseKind kind) {
  if (kind == PassphraseKind::kContextPin) {
    if (context) return &*context;
    if (!reuse_user_for_context) return nullptr;
  }
  return user ? &*user : nullptr;
}

/// With --reuse-pin the context-specific PIN is the token PIN, typed perhaps already.
PassphraseRequest PinSources::WhatToType(const PassphraseRequest& request) const {
  if (request.kind != PassphraseKind::kContextPin || !reuse_user_for_context) return request;
  return {PassphraseKind::kTokenPin, request.subject};
}

}  // namespace credmint
