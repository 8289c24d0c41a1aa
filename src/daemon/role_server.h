// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "daemon/server_options.h"
#include "daemon/watchdog.h"
#include "ossl/library_context.h"
#include "roles/role_set.h"
#include "serve/api/routes.h"
#include "serve/api/served_roles.h"
#include "serve/health/request_counts.h"
#include "serve/health/status.h"
#include "serve/transport/http_server.h"
#include "serve/transport/listen_socket.h"
#include "serve/transport/waiting_requests.h"

namespace credmint::daemon {

/// Where a server is, for those who are to find it.
struct ServerPlaces {
  std::string authority;  ///< "127.0.0.1:9911", "[::1]:9911"
  bool is_loopback = true;
  std::vector<std::string> roles;
  std::string token_file;        ///< empty: there are no container credentials
  std::string status_authority;  ///< empty: there is no status
};

/// All that runs while `serve` does, put together: the roles with their refreshers, the HTTP server
/// that gives them out, and the one that tells how they are.
class RoleServer {
 public:
  /// Listens, on the service manager's socket if there is one, has a token, and begins to
  /// mint; whatever of that may be refused is refused before. The context must outlive the server.
  static Result<std::unique_ptr<RoleServer>> Start(const LibraryContext& context,
                                                   std::vector<roles::Role> roles,
                                                   const ServerOptions& options,
                                                   const roles::RoleSetObserver& observer,
                                                   roles::Environment environment = {});

  /// Serves these from now on; see RoleSet::Set(). For one thread at a time.
  Result<void> Serve(std::vector<roles::Role> roles);

  [[nodiscard]] const ServerPlaces& places() const { return places_; }
  /// Whether each role has had its first answer from the service, or failure.
  [[nodiscard]] bool HasAnswered();
  /// Whether it still does what it is there for.
  [[nodiscard]] bool IsContent() const { return watchdog_->IsContent(); }

 private:
  struct Doors;

  RoleServer(const LibraryContext& context, const roles::RoleSetObserver& observer,
             roles::Environment environment);
  static Result<Doors> Open(const ServerOptions& options);
  Result<void> Start(Doors doors, int hop_limit);
  Result<void> StartStatus(std::optional<serve::ListenSocket> socket);
  serve::Response Answer(const serve::Request& request);
  std::vector<serve::RoleStatus> States();
  void Drop(std::vector<std::shared_ptr<void>> roles);

  // Each is used by those that follow.
  serve::WaitingRequests waiting_;
  roles::RoleSet set_;
  std::optional<serve::ServedRoles> roles_;
  std::optional<serve::Routes> routes_;
  serve::RequestCounts requests_;
  std::unique_ptr<serve::HttpServer> server_;
  std::optional<Watchdog> watchdog_;
  std::optional<serve::Status> status_;
  serve::WaitingRequests waiting_for_status_;  // nobody
  std::unique_ptr<serve::HttpServer> status_server_;
  ServerPlaces places_;
  std::vector<std::future<void>> dropping_;
};

}  // namespace credmint::daemon
