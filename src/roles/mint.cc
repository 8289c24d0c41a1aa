// SPDX-License-Identifier: Apache-2.0
#include "roles/mint.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/changing_files.h"
#include "credentials/cache/disk_cache.h"
#include "identity/identity_opener.h"
#include "roles/cache_key.h"
#include "roles/identity_pool.h"
#include "roles/role_session.h"

namespace credmint::roles {
namespace {

Result<Credentials> MintAnew(const Role& role, const StartLibrary& start,
                             const Environment& environment) {
  const auto library = start();
  if (!library) return Fail(library);
  IdentityPool identities(*library, environment);
  const auto session = RoleSession::Create(role, identities, RoleSession::Retrying::kHere);
  if (!session) return Fail(session);
  return (*session)->Get();
}

/// Computes the cache key. That reads the certificate, which may be being replaced at that moment.
Result<CacheKey> MakeKeyPatiently(const Role& role) {
  ChangingFiles files(PathsIn({&role.identity->certificate.certificate}),
                      std::min(role.session.timeout, kLongestPatience));
  while (true) {
    files.Look();
    auto key = MakeCacheKey(*role.identity, role.session, role.spares);
    if (key) return key;
    const auto settled = SettlingTime(key.error().code);
    if (!settled || !files.WaitForChange(*settled)) return key;
  }
}

}  // namespace

Result<Credentials> Mint(const Role& role, const StartLibrary& start,
                         const Environment& environment) {
  if (!role.cache) return MintAnew(role, start, environment);
  auto key = MakeKeyPatiently(role);
  if (!key) return Fail(std::move(key));
  auto folder = CacheFolder::Open();
  if (!folder) return Fail(std::move(folder), "the cache");
  DiskCache cache(
      *std::move(folder), *std::move(key), [&] { return MintAnew(role, start, environment); },
      role.session.timeout);
  return cache.Get();
}

}  // namespace credmint::roles
