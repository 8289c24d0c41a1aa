#include "cli/role_identity.h"

#include <algorithm>

namespace credmint::cli {
namespace {

constexpr std::chrono::milliseconds kLongestPatience{1000};

}  // namespace

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

Result<std::shared_ptr<const Identity>> RoleIdentity::Open() {
  const std::lock_guard lock(mutex_);
  if (sharing_.exchange(false)) keeper_.ProveFirst();
  if (reloading_.exchange(false)) {
    opener_.ForgetSecrets();
    keeper_.Reload();
  }
  return keeper_.Get();
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
