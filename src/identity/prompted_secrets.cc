// SPDX-License-Identifier: Apache-2.0
#include "identity/prompted_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace credmint {
namespace {

/// A TPM's counter is small and shared by all its keys. An unknown provider may count in any way. A
/// context-specific PIN is tried only when a signature is made.
int MaxPrompts(PassphraseKind kind) {
  return kind == PassphraseKind::kTokenPin || kind == PassphraseKind::kFile ? 3 : 1;
}

}  // namespace

Result<std::optional<Secret>> PromptedSecrets::Get(const PassphraseRequest& request,
                                                   const std::string& place) {
  if (!ask_) return std::nullopt;
  Entry& entry = Find(request, place);
  if (!entry.secret) {
    auto asked = Ask(entry);
    if (!asked || !*asked) return asked;
    entry.secret = **std::move(asked);
  }
  return entry.secret->Clone();
}

bool PromptedSecrets::Refuse(const PassphraseRequest& request, const std::string& place) {
  Entry& entry = Find(request, place);
  if (!entry.secret) return false;
  entry.refused.push_back(*std::exchange(entry.secret, std::nullopt));
  entry.reason = PromptReason::kRefused;
  return entry.prompts < MaxPrompts(request.kind);
}

PromptedSecrets::Entry& PromptedSecrets::Find(const PassphraseRequest& request,
                                              const std::string& place) {
  for (Entry& entry : entries_) {
    if (entry.request.kind == request.kind && entry.request.subject == request.subject &&
        entry.place == place) {
      return entry;
    }
  }
  return entries_.emplace_back(Entry{.request = request, .place = place});
}

Result<std::optional<Secret>> PromptedSecrets::Ask(Entry& entry) {
  if (failure_) return Fail(*failure_);
  while (entry.prompts < MaxPrompts(entry.request.kind)) {
    auto typed = ask_(entry.request, entry.reason);
    if (!typed) failure_ = typed.error();
    if (!typed || !*typed) return typed;
    ++entry.prompts;
    const auto& refused = entry.refused;
    if (std::find(refused.begin(), refused.end(), **typed) == refused.end()) return typed;
    entry.reason = PromptReason::kRefusedAlready;
  }
  return Fail(ErrorCode::kPinIncorrect,
              fmt::format("what was typed for {} was refused", entry.request.subject));
}

}  // namespace credmint
