// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bell.h"
#include "base/error.h"
#include "daemon/report_queue.h"
#include "daemon/server_options.h"
#include "daemon/watchdog.h"
#include "ossl/library_context.h"
#include "roles/role_set.h"
#include "serve/api/routes.h"
#include "serve/api/served_roles.h"
#include "serve/health/request_counts.h"
#include "serve/health/status.h"
#include "serve/health/user_records.h"
#include "serve/transport/http_server.h"
#include "serve/transport/listen_socket.h"
#include "serve/transport/socket_program.h"
#include "serve/transport/waiting_requests.h"

namespace credmint::daemon {

/// The addresses and files of a server, for its users.
struct ServerPlaces {
  std::string authority;  ///< "127.0.0.1:9911", "[::1]:9911"
  bool is_loopback = true;
  std::vector<std::string> roles;
  std::string token_file;                               ///< empty: no container credentials
  std::map<std::string, std::string> token_files = {};  ///< of roles with a token of their own
  std::string status_authority;                         ///< empty: no status listener
  bool serves_imds = true;
  bool serves_container = true;
};

/// A user who was refused: who may have no role.
struct RefusedUser {
  std::optional<uid_t> user;
  std::optional<serve::SocketProgram> program;  ///< nothing: not readable
};

/// Callbacks by a ReportQueue, because they may look for names: each once for a user (and role).
/// They may run after the server has ended.
struct UserObserver {
  std::function<void(const RefusedUser&)> refused;
  std::function<void(const std::string& role, std::optional<uid_t>)> given;
  std::function<void()> too_many_refused = {};  ///< further users are not reported; once
  std::function<void()> too_many_given = {};    ///< the same; nor are they counted
};

/// Fails with kUsage for a token group without a token file, and for a file that is the common one.
Result<void> CheckTokenFile(const roles::Sharing& sharing, const std::string& common_file);

/// Everything that runs during `serve`: the roles with their refreshers, the HTTP server that
/// serves their credentials, and the status server.
class RoleServer {
 public:
  /// Listens, on the service manager's socket if there is one, reads or creates the token, and
  /// begins to mint. Everything that may fail is done before minting begins. `context` must outlive
  /// the server.
  static Result<std::unique_ptr<RoleServer>> Start(const LibraryContext& context,
                                                   std::vector<roles::Role> roles,
                                                   const ServerOptions& options,
                                                   const roles::RoleSetObserver& observer,
                                                   UserObserver users = {},
                                                   roles::Environment environment = {});

  /// Ends the use of keys first: a call of a device may not return.
  ~RoleServer();
  RoleServer(const RoleServer&) = delete;
  RoleServer& operator=(const RoleServer&) = delete;

  /// Replaces the served roles (see RoleSet::Set()), and resolves the users who may have them; see
  /// ServerOptions. If that fails, nothing changes, and no new token file stays. Only one thread
  /// may call it at a time.
  Result<void> Serve(std::vector<roles::Role> roles, const std::vector<std::string>& allow_users);

  [[nodiscard]] const ServerPlaces& places() const { return places_; }
  /// See RoleSet::WaitForCredentials().
  Result<void> WaitForCredentials() { return set_.WaitForCredentials(); }
  /// Waits a moment for reports to the UserObserver, before the process ends.
  void FinishReports() { reports_.WaitAMoment(); }
  /// Rings when a role has an answer, or other roles are served.
  [[nodiscard]] Bell& news() { return news_; }
  /// The state of the roles for a service manager: StatusLine().
  [[nodiscard]] std::string StatusLine();
  /// Whether the first call for each role has succeeded or failed.
  [[nodiscard]] bool HasAnswered();
  /// Whether the server still works; see Watchdog.
  [[nodiscard]] bool IsContent() const { return watchdog_->IsContent(); }

 private:
  struct Doors;

  RoleServer(const LibraryContext& context, const roles::RoleSetObserver& observer,
             UserObserver users, roles::Environment environment);
  roles::RoleSetObserver Observing(roles::RoleSetObserver observer);
  static Result<Doors> Open(const ServerOptions& options, const std::vector<roles::Role>& roles);
  Result<void> Start(Doors doors, const ServerOptions& options);
  Result<void> StartStatus(std::optional<serve::ListenSocket> socket);
  serve::Response Answer(const serve::Request& request);
  std::vector<serve::RoleStatus> States();
  void Drop(std::vector<std::shared_ptr<void>> roles);
  void Record(const serve::Request& request, const serve::Response& response);
  void RecordGiven(const serve::Client& client, const std::string& role);
  void RecordRefused(const serve::Client& client);
  void ReportOnce(bool& reported, const std::function<void()>& report);

  // Each member is used by those after it.
  const LibraryContext& context_;
  serve::WaitingRequests waiting_;
  Bell news_;
  roles::RoleSet set_;
  std::optional<serve::ServedRoles> roles_;
  std::optional<serve::Routes> routes_;
  serve::RequestCounts requests_;
  const UserObserver observer_;
  serve::UserRecords users_;
  ReportQueue reports_;
  bool reported_too_many_given_ = false;    // for the server's thread only
  bool reported_too_many_refused_ = false;  // the same
  std::unique_ptr<serve::HttpServer> server_;
  std::optional<Watchdog> watchdog_;
  std::optional<serve::Status> status_;
  serve::WaitingRequests waiting_for_status_;  // always empty
  std::unique_ptr<serve::HttpServer> status_server_;
  ServerPlaces places_;
  std::chrono::milliseconds longest_key_use_{0};
  bool is_private_ = false;  // only clients with its token matter
  std::vector<std::future<void>> dropping_;
};

}  // namespace credmint::daemon
