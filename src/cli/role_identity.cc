// SPDX-License-Identifier: Apache-2.0
#include "cli/role_identity.h"

#include <algorithm>

#include "credentials/refresh_schedule.h"

namespace credmint::cli {
namespace {

constexpr std::chrono::milliseconds kLongestPatience{1000};

}  // namespace

using std::chrono::steady_clock;

Result<std::shared_ptr<RoleIdentity>> RoleIdentity::Create(const LibraryContext& context,
                                                           const KeyOptions& options,
                                                           Prompting prompting,
                                                           std::chrono::milliseconds patience) {
  auto opener = MakeKeyOpener(context, options, prompting);
  if (!opener) return Fail(std::move(opener));
  return std::make_shared<RoleIdentity>(*std::move(opener), options, patience);
}

RoleIdentity::RoleIdentity(KeyOpener opener, KeyOptions options, std::chrono::milliseconds patience)
    : options_(std::move(options)),
      opener_(std::move(opener)),
      keeper_(KeepIdentity(opener_, options_, patience)) {}

Result<std::shared_ptr<const Identity>> RoleIdentity::Open(unsigned& generation) {
  const std::lock_guard lock(mutex_);
  if (sharing_.exchange(false)) keeper_.ProveFirst();
  if (reloading_.exchange(false)) {
    opener_.ForgetSecrets();
    keeper_.Reload();
    lockout_.reset();
    ++generation_;
  }
  generation = generation_;
  if (auto lockout = CurrentLockout()) return tl::unexpected(*std::move(lockout));
  return keeper_.Get();
}

void RoleIdentity::NoteWorked(unsigned generation) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  worked_ = true;
  opener_.NoteAcceptedSecrets();
}

Error RoleIdentity::NoteLockout(Error error) {
  const std::lock_guard lock(mutex_);
  if (auto lockout = CurrentLockout()) return *std::move(lockout);
  lockout_ = {std::move(error), std::nullopt};
  if (worked_ && opener_.SecretsWereAccepted()) {
    lockout_->until = steady_clock::now() + RecoveryTime(lockout_->error);
  } else {
    lockout_->error.code = ErrorCode::kPinLocked;
  }
  return lockout_->error;
}

std::optional<Error> RoleIdentity::CurrentLockout() {
  if (!lockout_) return std::nullopt;
  if (!lockout_->until) return lockout_->error;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*lockout_->until - steady_clock::now());
  if (left.count() <= 0) {
    lockout_.reset();
    return std::nullopt;
  }
  Error error = lockout_->error;
  error.retry_after = left;
  return error;
}

Result<std::shared_ptr<RoleIdentity>> IdentityPool::Get(const KeyOptions& options,
                                                        std::chrono::milliseconds timeout) {
  std::erase_if(identities_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [key, identity] : identities_) {
    if (key != options) continue;
    auto shared = identity.lock();
    shared->Share();
    return shared;
  }
  auto identity =
      RoleIdentity::Create(*context_, options, prompting_, std::min(timeout, kLongestPatience));
  if (identity) identities_.emplace_back(options, *identity);
  return identity;
}

}  // namespace credmint::cli
