// SPDX-License-Identifier: Apache-2.0
#include "roles/role_identity.h"

#include <utility>

#include "credentials/refresh_schedule.h"
#include "identity/device_loss.h"

namespace credmint::roles {

RoleIdentity::RoleIdentity(IdentityOpener opener, std::chrono::milliseconds patience,
                           const Environment& environment)
    : stopwatch_(environment.stopwatch),
      clock_(environment.refresher.clock),
      expiring_(environment.expiring),
      spec_(opener.spec()),
      opener_(std::move(opener)),
      keeper_(Keep(patience, environment)) {}

IdentityKeeper RoleIdentity::Keep(std::chrono::milliseconds patience,
                                  const Environment& environment) {
  // The keeper, and therefore these functions, run with the mutex held. Waits for the first pair;
  // after that the keeper has an earlier one.
  const auto open = [this, patience, had_one = false]() CREDMINT_REQUIRES(mutex_) mutable {
    auto identity = had_one ? opener_.Open() : opener_.OpenPatiently(patience);
    had_one = had_one || identity.has_value();
    return identity;
  };
  const auto open_key = [this](const Certificate& leaf) CREDMINT_REQUIRES(mutex_) {
    return opener_.OpenKey({&leaf, 1});
  };
  const auto open_wrapped = [this](const std::shared_ptr<const WrappedKey>& key)
                                CREDMINT_REQUIRES(mutex_) { return opener_.keys().OpenKey(key); };
  const auto report = [told = environment.kept_earlier](const Error& error) {
    if (told) told(error);
  };
  return {{.open = open, .open_key = open_key, .open_wrapped = open_wrapped}, report};
}

Result<std::shared_ptr<const Identity>> RoleIdentity::Open(unsigned& generation) {
  const auto asked = stopwatch_();
  const MutexLock lock(mutex_);
  if (sharing_.exchange(false)) keeper_.ProveFirst();
  if (reloading_.exchange(false)) {
    opener_.keys().ForgetSecrets();
    keeper_.Reload();
    lockout_.reset();
    loss_.reset();
    ++generation_;
  }
  generation = generation_;
  if (auto lockout = CurrentLockout()) return Fail(*std::move(lockout));
  if (loss_ && asked < loss_->known) return Fail(loss_->error);
  auto identity = keeper_.Get();
  loss_.reset();
  if (identity) Watch((*identity)->leaf());
  if (!identity && IsDeviceLoss(identity.error().code)) loss_ = {identity.error(), stopwatch_()};
  return identity;
}

void RoleIdentity::Watch(const Certificate& leaf) {
  *expires_.Lock() = leaf.NotAfter();
  const auto warning = expiry_watch_.Look(leaf, clock_());
  if (warning && expiring_) expiring_(*warning);
}

void RoleIdentity::NoteWorked(unsigned generation) {
  const MutexLock lock(mutex_);
  // If the secrets have been read again since, the earlier ones worked.
  if (generation != generation_) return;
  worked_ = true;
  opener_.keys().NoteAcceptedSecrets();
}

Error RoleIdentity::NoteLockout(Error error) {
  const MutexLock lock(mutex_);
  if (auto lockout = CurrentLockout()) return *std::move(lockout);
  lockout_ = {std::move(error), std::nullopt};
  if (worked_ && opener_.keys().SecretsWereAccepted()) {
    lockout_->until = stopwatch_() + RecoveryTime(lockout_->error);
  } else {
    lockout_->error.code = ErrorCode::kPinLocked;
  }
  return lockout_->error;
}

std::optional<Error> RoleIdentity::CurrentLockout() {
  if (!lockout_) return std::nullopt;
  if (!lockout_->until) return lockout_->error;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*lockout_->until - stopwatch_());
  if (left.count() <= 0) {
    lockout_.reset();
    return std::nullopt;
  }
  Error error = lockout_->error;
  error.retry_after = left;
  return error;
}

}  // namespace credmint::roles
