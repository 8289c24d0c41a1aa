// SPDX-License-Identifier: Apache-2.0
#include "identity/identity_keeper.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "base/log.h"
#include "base/timestamp.h"

namespace credmint {
namespace {

constexpr std::string_view kProbe = "credmint";

bool IsRefusal(ErrorCode code) {
  return code == ErrorCode::kPinIncorrect || code == ErrorCode::kPinLocked;
}

/// Trying again at once could be one try too many.
bool IsAboutSecret(ErrorCode code) { return IsRefusal(code) || code == ErrorCode::kLockedOut; }

}  // namespace

IdentityKeeper::IdentityKeeper(IdentitySupply supply, std::function<void(const Error&)> report,
                               IdentityKeeperEnvironment environment)
    : supply_(std::move(supply)), report_(std::move(report)), environment_(std::move(environment)) {
  if (!environment_.sleep) {
    environment_.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  }
}

IdentityKeeper::Opened IdentityKeeper::Get() {
  Opened current = OpenPatiently();
  if (current) Keep(**current);
  // Opening a device's key could send the refused PIN again.
  const bool must_not = refusal_ || (!current && current.error().code == ErrorCode::kLockedOut);
  if (current || !chain_ || (must_not && !key_)) return current;
  // The pair is being renewed, or is broken. The earlier one may still be good.
  const Error& error = current.error();
  Opened earlier = Earlier();
  if (!earlier && IsRefusal(earlier.error().code)) refusal_ = earlier.error();
  if (!earlier && IsAboutSecret(earlier.error().code)) return earlier;
  if (!earlier && earlier.error().message == error.message) return current;
  if (!earlier) {
    return Fail(error.code,
                fmt::format("{}; the earlier one is unusable, too: {}", error.message,
                            earlier.error().message),
                error.remedy, error.hint);
  }
  ReportOnce(error);
  return std::make_shared<const Identity>((*earlier)->InPlaceOf(error));
}

void IdentityKeeper::Reload() {
  refusal_.reset();
  reported_.Clear();
  must_prove_ = proves_first_;
  wrapped_.reset();  // the secret it needs may have been replaced
}

IdentityKeeper::Opened IdentityKeeper::OpenPatiently() {
  Opened opened = Open();
  if (opened || !chain_ || IsAboutSecret(opened.error().code)) return opened;
  LogDebug(fmt::format("trying again, because a replacement may be in progress: {}",
                       opened.error().message));
  environment_.sleep(kPause);
  return Open();
}

IdentityKeeper::Opened IdentityKeeper::Open() {
  if (refusal_) return Fail(*refusal_);
  Opened opened = OpenProven();
  if (!opened && IsRefusal(opened.error().code)) refusal_ = opened.error();
  return opened;
}

IdentityKeeper::Opened IdentityKeeper::OpenProven() {
  Opened opened = supply_.open();
  if (!opened) return opened;
  const bool is_renewed = chain_ && !((*opened)->leaf() == chain_->leaf);
  if (!must_prove_ && !is_renewed) return opened;
  const auto signature = (*opened)->Sign(kProbe);
  if (signature) must_prove_ = false;
  if (signature) return opened;
  return Fail(Error(signature.error()).In("certificate " + (*opened)->leaf().Subject()));
}

IdentityKeeper::Opened IdentityKeeper::Earlier() {
  auto identity = EarlierWith(key_ ? key_ : supply_.open_key(chain_->leaf));
  if (identity || !wrapped_ || IsAboutSecret(identity.error().code)) return identity;
  return EarlierWith(supply_.open_wrapped(wrapped_));
}

IdentityKeeper::Opened IdentityKeeper::EarlierWith(
    Result<std::shared_ptr<const SigningKey>> key) const {
  if (!key) return Fail(std::move(key));
  auto identity = CheckIdentity(*std::move(key), *chain_, environment_.clock());
  if (!identity) return Fail(std::move(identity));
  return std::make_shared<const Identity>(*std::move(identity));
}

void IdentityKeeper::Keep(const Identity& identity) {
  chain_ = identity.chain();
  wrapped_ = identity.key()->wrapped();
  key_ = identity.key()->IsInMemory() ? identity.key() : nullptr;
  reported_.Clear();
}

void IdentityKeeper::ReportOnce(const Error& error) {
  if (!reported_.Replace(error)) return;
  report_(Error(error).In(fmt::format("the certificate {}, valid until {}, stays in use",
                                      chain_->leaf.Subject(),
                                      FormatTimestamp(chain_->leaf.NotAfter()))));
}

}  // namespace credmint
