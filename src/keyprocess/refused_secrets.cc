// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/refused_secrets.h"

#include <algorithm>

namespace credmint::keyprocess {
namespace {

/// More than a person types or an operator configures.
constexpr std::size_t kMostKept = 256;

}  // namespace

void RefusedSecrets::Add(const std::string& device, const PassphraseRequest& request,
                         const Secret& secret, Outcome outcome) {
  const auto refused = refused_.Lock();
  if (refused->size() >= kMostKept) refused->erase(refused->begin());
  refused->push_back({device, request, secret.Clone(), outcome});
}

Result<void> RefusedSecrets::Check(const std::string& device, const PassphraseRequest& request,
                                   const Secret& secret) const {
  const auto refused = refused_.Lock();
  const auto found = std::find_if(refused->begin(), refused->end(), [&](const Refused& one) {
    return one.device == device && one.request.kind == request.kind &&
           one.request.subject == request.subject && one.secret == secret;
  });
  if (found == refused->end()) return {};
  if (found->outcome == Outcome::kRefused) {
    return Fail(ErrorCode::kPinIncorrect, "the token refused this PIN before; it is not sent again",
                "give another one; if it has become right, restart the program");
  }
  return Interrupted();
}

tl::unexpected<Error> RefusedSecrets::Interrupted() {
  return Fail(ErrorCode::kPinIncorrect,
              "the module ended while it tried this PIN, which therefore counts as refused",
              "mend the module, then restart the program or send it SIGHUP");
}

void RefusedSecrets::ForgetInterrupted() {
  const auto refused = refused_.Lock();
  std::erase_if(*refused, [](const Refused& one) { return one.outcome == Outcome::kUnknown; });
}

}  // namespace credmint::keyprocess
