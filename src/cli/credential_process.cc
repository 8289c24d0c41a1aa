// SPDX-License-Identifier: Apache-2.0
#include "cli/credential_process.h"

#include <algorithm>
#include <chrono>

#include "base/changing_files.h"
#include "cli/cache_key.h"
#include "cli/output.h"
#include "cli/role_session.h"
#include "credentials/cache/disk_cache.h"
#include "credentials/process_json.h"

namespace credmint::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};

Result<Credentials> Mint(const RoleOptions& role) {
  const auto library = StartLibrary(role.key);
  if (!library) return tl::unexpected(library.error());
  IdentityPool identities(*library, Prompting::kAtTerminal);
  const auto session =
      RoleSession::Create(*library, role, identities, RoleSession::Retrying::kHere);
  if (!session) return tl::unexpected(session.error());
  return (*session)->Get();
}

/// The certificate, which is read for it, may be being replaced.
Result<CacheKey> MakeKeyPatiently(const RoleOptions& role, const SessionRequest& request) {
  ChangingFiles files(PathsIn({role.key.certificate}),
                      std::min<std::chrono::milliseconds>(Timeout(role.service), kPatience));
  while (true) {
    files.Look();
    auto key = MakeCacheKey(role.key, role.service, request);
    if (key) return key;
    const auto settled = SettlingTime(key.error().code);
    if (!settled || !files.WaitForChange(*settled)) return key;
  }
}

Result<Credentials> FromCache(const RoleOptions& role) {
  const auto request = MakeSessionRequest(role.service);
  if (!request) return tl::unexpected(request.error());
  auto key = MakeKeyPatiently(role, *request);
  if (!key) return Fail(std::move(key));
  auto folder = CacheFolder::Open();
  if (!folder) return Fail(std::move(folder), "--cache");
  DiskCache cache(
      *std::move(folder), *std::move(key), [&] { return Mint(role); }, Timeout(role.service));
  return cache.Get();
}

}  // namespace

CredentialProcessCommand::CredentialProcessCommand(CLI::App& app)
    : app_(app.add_subcommand("credential-process",
                              "Mint credentials and print them for a credential_process")) {
  app_->preparse_callback([this](std::size_t) {
    AddRoleFlags(*app_, flags_);
    AddCacheFlag(*app_, flags_.given.cache);
  });
}

Result<void> CredentialProcessCommand::Run() const {
  const auto role = FindRole(*app_, flags_);
  if (!role) return tl::unexpected(role.error());
  StartLog(role->key);
  const auto credentials = role->cache ? FromCache(*role) : Mint(*role);
  if (!credentials) return tl::unexpected(credentials.error());
  if (auto written = WriteResult(FormatProcessJson(*credentials).Reveal()); !written) {
    return written;
  }
  return WriteResult("\n");
}

}  // namespace credmint::cli
