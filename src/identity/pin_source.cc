// SPDX-License-Identifier: Apache-2.0
#include "identity/pin_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace credmint {
namespace {

/// A kind of secret: what it is, and how to give it.
struct Wanted {
  PassphraseKind kind;
  const char* what;
  Remedy remedy;
};

constexpr std::array<Wanted, 6> kWanted = {{
    {PassphraseKind::kFile, "a passphrase", Remedy::kGiveSecret},
    {PassphraseKind::kForeign, "a passphrase", Remedy::kGiveSecret},
    {PassphraseKind::kTokenPin, "a PIN", Remedy::kGiveSecret},
    {PassphraseKind::kContextPin, "a context-specific PIN for each signature",
     Remedy::kGiveContextPin},
    {PassphraseKind::kTpmAuth, "an auth value", Remedy::kGiveSecretOrDenyIt},
    {PassphraseKind::kTpmAuthIfAny, "an auth value", Remedy::kGiveSecret},
}};

tl::unexpected<Error> NothingGiven(const PassphraseRequest& request) {
  const auto* const wanted = std::find_if(
      kWanted.begin(), kWanted.end(), [&](const Wanted& one) { return one.kind == request.kind; });
  const std::string subject = request.kind == PassphraseKind::kFile ? "the file" : request.subject;
  return Fail(ErrorCode::kPinRequired,
              fmt::format("{} needs {} and none was given", subject, wanted->what), wanted->remedy);
}

}  // namespace

Result<Secret> PinSource::Get() {
  if (!secret_) {
    auto secret = source_.Read();
    if (!secret) return secret;
    secret_ = *std::move(secret);
  }
  return secret_->Clone();
}

void PinSource::Forget() {
  if (source_.CanChange()) secret_.reset();
}

void PinSource::NoteAccepted() {
  if (secret_) accepted_ = SecretMark(*secret_);
}

bool PinSource::WasAccepted() const {
  return !secret_ || (accepted_ && *accepted_ == SecretMark(*secret_));
}

PinSources::PinSources(const SecretSources& sources)
    : reuse_user_for_context(sources.reuse_user_for_context) {
  if (sources.user) user = sources.user->Clone();
  if (sources.context) context = sources.context->Clone();
  if (sources.parent) parent = sources.parent->Clone();
  if (sources.policy) policy = sources.policy->Clone();
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
  const bool is_of_token = kind == PassphraseKind::kTokenPin || kind == PassphraseKind::kContextPin;
  if (is_of_token && !user_opens_tokens) return nullptr;
  return user ? &*user : nullptr;
}

/// With --reuse-pin, the context-specific PIN is the token PIN, which may have been typed already.
PassphraseRequest PinSources::WhatToType(const PassphraseRequest& request) const {
  if (request.kind != PassphraseKind::kContextPin || !reuse_user_for_context) return request;
  return {PassphraseKind::kTokenPin, request.subject};
}

}  // namespace credmint
