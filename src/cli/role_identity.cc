#include "cli/role_identity.h"

#include <algorithm>

namespace credmint::cli {

Result<std::shared_ptr<RoleIdentity>> RoleIdentity::Create(const LibraryContext& context,
                                                           const KeyOptions& options,
                                                           Prompting prompting) {
  auto opener = MakeKeyOpener(context, options, prompting);
  if (!opener) return Fail(std::move(opener));
  return std::make_shared<RoleIdentity>(*std::move(opener), options);
}

RoleIdentity::RoleIdentity(KeyOpener opener, KeyOptions options)
    : options_(std::move(options)),
      opener_(std::move(opener)),
      keeper_(KeepIdentity(opener_, options_)) {}

Result<std::shared_ptr<const Identity>> RoleIdentity::Open() {
  const std::lock_guard lock(mutex_);
  if (sharing_.exchange(false)) keeper_.ProveFirst();
  if (reloading_.exchange(false)) {
    opener_.ForgetSecrets();
    keeper_.Reload();
  }
  return keeper_.Get();
}

Result<std::shared_ptr<RoleIdentity>> IdentityPool::Get(const KeyOptions& options) {
  std::erase_if(identities_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [key, identity] : identities_) {
    if (key != options) continue;
    auto shared = identity.lock();
    shared->Share();
    return shared;
  }
  auto identity = RoleIdentity::Create(*context_, options, prompting_);
  if (identity) identities_.emplace_back(options, *identity);
  return identity;
}

}  // namespace credmint::cli
