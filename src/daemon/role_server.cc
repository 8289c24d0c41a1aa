// SPDX-License-Identifier: Apache-2.0
#include "daemon/role_server.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include "base/random_text.h"
#include "base/users.h"
#include "daemon/new_files.h"
#include "daemon/service_manager.h"
#include "daemon/status_line.h"
#include "ossl/stores.h"
#include "serve/api/host_check.h"
#include "serve/api/token_file.h"

namespace credmint::daemon {

/// The clients that a role is served to.
struct Share {
  serve::AllowedUsers allowed;
  std::shared_ptr<const Secret> token;  ///< null: the common one
};
using Shares = std::map<std::string, Share>;  // by the role's name

namespace {

constexpr std::size_t kTokenBytes = 32;

Result<serve::ListenSocket> Listen(const ServerOptions& options) {
  if (!options.token) {
    auto socket = SocketOfManager();
    if (!socket) return Fail(std::move(socket));
    if (*socket) return **std::move(socket);
  }
  return serve::ListenSocket::Open(options.listen, options.port);
}

/// Opens the status listener, if there is to be one.
Result<std::optional<serve::ListenSocket>> ListenForStatus(const ServerOptions& options) {
  if (!options.status_port) return std::nullopt;
  auto socket = serve::ListenSocket::Open(options.status_listen, *options.status_port);
  if (!socket) {
    if (socket.error().remedy == Remedy::kChoosePort) {
      socket.error().SetRemedy(Remedy::kChooseStatusPort);
    }
    return Fail(std::move(socket), "the status");
  }
  return *std::move(socket);
}

/// Returns the folder that a variable names. systemd separates several by colons; the first counts.
std::string Folder(const char* variable) {
  const char* value = getenv(variable);
  const std::string folder = value != nullptr ? value : "";
  return folder.starts_with('/') ? folder.substr(0, folder.find(':')) : "";
}

/// Returns the default token file, in this service's directory or in this user's. The user may run
/// another server on another port. Empty if there is no such directory.
std::string DefaultTokenFile(std::uint16_t port) {
  if (const auto folder = Folder("RUNTIME_DIRECTORY"); !folder.empty()) return folder + "/token";
  const auto folder = Folder("XDG_RUNTIME_DIR");
  if (folder.empty()) return "";
  const std::string suffix = port == ServerOptions().port ? "" : fmt::format("-{}", port);
  return fmt::format("{}/credmint-token{}", folder, suffix);
}

bool HaveOwnTokens(const std::vector<roles::Role>& roles) {
  return std::all_of(roles.begin(), roles.end(),
                     [](const roles::Role& role) { return !role.sharing.token_file.empty(); });
}

bool Exists(const std::string& file) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(file, error));
}

/// Returns the token in the file, which stays the same from run to run: programs hold it, and not
/// all read it again. Root may have given it. Creates one if there is none. Without a file the
/// token is empty and grants nothing.
Result<Secret> MakeToken(const std::string& file, NewFiles& made,
                         std::optional<gid_t> reader = std::nullopt) {
  if (file.empty()) return Secret();
  if (auto given = serve::ReadGivenToken(file, 2 * kTokenBytes, reader)) return *std::move(given);
  auto earlier = serve::ReadTokenFile(file, 2 * kTokenBytes, reader);
  if (earlier && !reader) return *std::move(earlier);  // with a reader its group may have to change
  auto token = earlier ? Result<Secret>(*std::move(earlier)) : RandomHex(kTokenBytes);
  if (!token) return Fail(std::move(token), "making a token");
  const bool is_new = !Exists(file);
  if (auto written = serve::WriteTokenFile(file, *token, reader); !written) {
    return Fail(std::move(written));
  }
  if (is_new) made.Add(file);
  return token;
}

Result<Share> ShareOf(const roles::Sharing& sharing,
                      const std::vector<std::string>& users_of_server, NewFiles& made) {
  auto allowed = serve::AllowedUsers::Resolve(sharing.allow_users.value_or(users_of_server));
  if (!allowed) return Fail(std::move(allowed), "allow-users");
  std::optional<gid_t> group;
  if (!sharing.token_group.empty()) {
    const auto found = ResolveGroup(sharing.token_group);
    if (!found) return Fail(found, "token-group");
    group = *found;
  }
  if (sharing.token_file.empty()) return Share{*std::move(allowed), nullptr};
  auto token = MakeToken(sharing.token_file, made, group);
  if (!token) return Fail(std::move(token));
  return Share{*std::move(allowed), std::make_shared<const Secret>(*std::move(token))};
}

Result<Shares> SharesOf(const std::vector<roles::Role>& roles,
                        const std::vector<std::string>& users_of_server,
                        const std::string& common_token_file, NewFiles& made) {
  Shares shares;
  for (const roles::Role& role : roles) {
    auto checked = CheckTokenFile(role.sharing, common_token_file);
    if (!checked) return Fail(std::move(checked), fmt::format("role {}", roles::NameOf(role)));
    auto share = ShareOf(role.sharing, users_of_server, made);
    if (!share) return Fail(std::move(share), fmt::format("role {}", roles::NameOf(role)));
    shares.insert_or_assign(roles::NameOf(role), *std::move(share));
  }
  return shares;
}

std::vector<serve::ServedRole> ForServe(const std::vector<roles::RunningRole>& running,
                                        Shares shares) {
  std::vector<serve::ServedRole> served;
  served.reserve(running.size());
  for (const roles::RunningRole& role : running) {
    const Arn& arn = role.request.role();
    Share& share = shares[role.name];
    served.push_back({role.name, arn.account, arn.partition, role.request.region(), role.refresher,
                      std::move(share.allowed), std::move(share.token)});
  }
  return served;
}

void ForgetEnded(std::vector<std::future<void>>& threads) {
  std::erase_if(threads, [](const std::future<void>& thread) {
    return thread.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
}

std::vector<serve::KeyProcessStatus> StatusOf(Stores* stores) {
  std::vector<serve::KeyProcessStatus> all;
  if (stores == nullptr) return all;
  for (const StoreFigures& figures : stores->Figures()) {
    serve::KeyProcessStatus status{
        .device = figures.device, .runs = figures.runs, .ends = figures.ends, .signatures = {}};
    const SigningTimes& signing = figures.signing;
    for (std::size_t i = 0; i < SigningTimes::kLimits.size(); ++i) {
      status.signature_count += signing.buckets.at(i);
      status.signatures.emplace_back(SigningTimes::kLimits.at(i), status.signature_count);
    }
    status.signature_count += signing.buckets.back();
    status.signature_seconds = signing.sum;
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace

Result<void> CheckTokenFile(const roles::Sharing& sharing, const std::string& common_file) {
  if (sharing.token_file.empty() && !sharing.token_group.empty()) {
    return Fail(ErrorCode::kUsage, "token-group needs a token-file");
  }
  if (!sharing.token_file.empty() && sharing.token_file == common_file) {
    return Fail(ErrorCode::kUsage, "its token-file is the common one of the server");
  }
  return {};
}

/// Resources that a server needs and may fail to get.
struct RoleServer::Doors {
  serve::ListenSocket socket;
  std::optional<serve::ListenSocket> status;
  std::string token_file;
  Secret token;
  NewFiles made = {};
  Shares shares = {};
  std::map<std::string, std::string> token_files = {};  // by role
};

Result<std::unique_ptr<RoleServer>> RoleServer::Start(
    const LibraryContext& context, std::vector<roles::Role> roles, const ServerOptions& options,
    const roles::RoleSetObserver& observer, UserObserver users, roles::Environment environment) {
  std::unique_ptr<RoleServer> server(
      new RoleServer(context, observer, std::move(users), std::move(environment)));
  const std::vector<roles::Role> wanted = roles;
  if (auto set = server->set_.Set(std::move(roles)); !set) return Fail(std::move(set));
  auto doors = Open(options, wanted);
  if (!doors) return Fail(std::move(doors));
  auto shares = SharesOf(wanted, options.allow_users, doors->token_file, doors->made);
  if (!shares) return Fail(std::move(shares));
  doors->shares = *std::move(shares);
  for (const roles::Role& role : wanted) {
    const std::string& file = role.sharing.token_file;
    if (!file.empty()) doors->token_files[roles::NameOf(role)] = file;
  }
  auto started = server->Start(*std::move(doors), options);
  if (!started) return Fail(std::move(started));
  return server;
}

RoleServer::RoleServer(const LibraryContext& context, const roles::RoleSetObserver& observer,
                       UserObserver users, roles::Environment environment)
    : context_(context),
      set_(context, Observing(observer), std::move(environment)),
      observer_(std::move(users)) {}

/// Wakes the waiting requests before the observer is called. A role may be ending meanwhile, so its
/// thread must not look at the set.
roles::RoleSetObserver RoleServer::Observing(roles::RoleSetObserver observer) {
  observer.answered = [this, told = observer.answered] {
    waiting_.Wake();
    news_.Ring();
    if (told) told();
  };
  return observer;
}

std::string RoleServer::StatusLine() {
  return daemon::StatusLine(States(), std::chrono::system_clock::now());
}

RoleServer::~RoleServer() {
  set_.Stop();
  if (Stores* const stores = context_.stores()) stores->Close();
}

Result<RoleServer::Doors> RoleServer::Open(const ServerOptions& options,
                                           const std::vector<roles::Role>& roles) {
  if (auto http = serve::HttpServer::CheckLibrary(); !http) return Fail(std::move(http));
  auto socket = Listen(options);
  if (!socket) return Fail(std::move(socket));
  auto status = ListenForStatus(options);
  if (!status) return Fail(std::move(status));
  if (options.token) {
    return Doors{*std::move(socket), *std::move(status), "", options.token->Clone()};
  }
  std::string file;
  if (options.serves_container) {
    file = options.token_file.empty() ? DefaultTokenFile(socket->port()) : options.token_file;
  }
  if (file.empty() && !HaveOwnTokens(roles) && !serve::IsLoopback(socket->address())) {
    return Fail(ErrorCode::kUsage, fmt::format("listening on {} needs a token", socket->address()),
                Remedy::kNameTokenFile);
  }
  NewFiles made;
  auto token = MakeToken(file, made);
  if (!token) return Fail(std::move(token));
  return Doors{*std::move(socket), *std::move(status), file, *std::move(token), std::move(made)};
}

Result<void> RoleServer::Start(Doors doors, const ServerOptions& options) {
  longest_key_use_ = options.longest_key_use;
  is_private_ = options.token != nullptr;
  set_.Start();
  const auto running = set_.roles();
  roles_.emplace(ForServe(running, std::move(doors.shares)));
  routes_.emplace(*roles_, std::move(doors.token), doors.socket.address(), options.serves_imds,
                  options.serves_container);
  places_ = {.authority = doors.socket.Authority(),
             .is_loopback = serve::IsLoopback(doors.socket.address()),
             .roles = {},
             .token_file = doors.token_file,
             .token_files = std::move(doors.token_files),
             .status_authority = "",
             .serves_imds = options.serves_imds,
             .serves_container = options.serves_container};
  for (const roles::RunningRole& role : running) places_.roles.push_back(role.name);
  auto server = serve::HttpServer::Start(
      std::move(doors.socket), [this](const serve::Request& request) { return Answer(request); },
      waiting_, {.hop_limit = options.hop_limit, .asks_for_users = true});
  if (!server) return Fail(std::move(server));
  server_ = *std::move(server);
  watchdog_.emplace([this] { return server_->SinceTurn(); }, [this] { return States(); });
  auto status = StartStatus(std::move(doors.status));
  if (status) doors.made.Keep();
  return status;
}

Result<void> RoleServer::StartStatus(std::optional<serve::ListenSocket> socket) {
  if (!socket) return {};
  places_.status_authority = socket->Authority();
  status_.emplace(
      [this] { return States(); },
      serve::ServerStatus{[this] { return requests_.Read(); }, [this] { return routes_->tokens(); },
                          [this] { return server_->connections(); },
                          [this] { return users_.given(); }, [this] { return users_.refusals(); },
                          [this] { return StatusOf(context_.stores()); }},
      socket->address());
  auto server = serve::HttpServer::Start(
      *std::move(socket),
      [this](const serve::Request& request) { return status_->Answer(request); },
      waiting_for_status_, {.max_connections = 64});
  if (!server) return Fail(std::move(server));
  status_server_ = *std::move(server);
  return {};
}

serve::Response RoleServer::Answer(const serve::Request& request) {
  serve::Response response = routes_->Answer(request);
  requests_.Add(request, response);
  Record(request, response);
  return response;
}

void RoleServer::Record(const serve::Request& request, const serve::Response& response) {
  if (!response.role.empty()) RecordGiven(request.client, response.role);
  if (response.refuses_user && (response.has_token || !is_private_)) RecordRefused(request.client);
}

void RoleServer::RecordGiven(const serve::Client& client, const std::string& role) {
  const serve::UserNews news = users_.AddGiven(role, client.user);
  if (news == serve::UserNews::kNotRecorded) {
    ReportOnce(reported_too_many_given_, observer_.too_many_given);
  }
  if (news != serve::UserNews::kFirst || !observer_.given) return;
  const bool told =
      reports_.Add([given = observer_.given, role, user = client.user] { given(role, user); });
  if (!told) users_.ForgetGivenNews(role, client.user);
}

void RoleServer::RecordRefused(const serve::Client& client) {
  const serve::UserNews news = users_.AddRefused(client.user);
  if (news == serve::UserNews::kNotRecorded) {
    ReportOnce(reported_too_many_refused_, observer_.too_many_refused);
  }
  if (news != serve::UserNews::kFirst || !observer_.refused) return;
  const bool told =
      reports_.Add([refused = observer_.refused, user = client.user, inode = client.inode] {
        refused({user, inode != 0 ? serve::FindSocketProgram(inode) : std::nullopt});
      });
  if (!told) users_.ForgetRefusedNews(client.user);
}

/// The queue may be full just now; then the next call tries again.
void RoleServer::ReportOnce(bool& reported, const std::function<void()>& report) {
  if (!reported && report) reported = reports_.Add(report);
}

Result<void> RoleServer::Serve(std::vector<roles::Role> roles,
                               const std::vector<std::string>& allow_users) {
  NewFiles made;
  auto shares = SharesOf(roles, allow_users, places_.token_file, made);
  if (!shares) return Fail(std::move(shares));
  if (auto set = set_.Set(std::move(roles)); !set) return set;
  made.Keep();
  auto dropped = set_.Start();
  roles_->Set(ForServe(set_.roles(), *std::move(shares)));
  waiting_.Wake();
  news_.Ring();
  Drop(std::move(dropped));
  return {};
}

std::vector<serve::RoleStatus> RoleServer::States() {
  std::vector<serve::RoleStatus> states;
  const auto running = set_.roles();
  std::size_t identities = 0;
  for (const roles::RunningRole& role : running) identities += role.identities;
  for (const roles::RunningRole& role : running) {
    const auto longest_call = role.timeout + longest_key_use_ * identities;  // they take turns
    states.push_back({role.name, role.refresher->State(), longest_call, role.certificate_expires,
                      role.spare_in_use});
  }
  return states;
}

bool RoleServer::HasAnswered() {
  const auto states = States();
  return std::all_of(states.begin(), states.end(),
                     [](const serve::RoleStatus& role) { return role.state.calls > 0; });
}

/// Destroys roles on another thread, because destruction waits for a running call and must not
/// delay signals.
void RoleServer::Drop(std::vector<std::shared_ptr<void>> roles) {
  ForgetEnded(dropping_);
  if (roles.empty()) return;
  dropping_.push_back(std::async(std::launch::async, [dropped = std::move(roles)]() mutable {
    // It must not delay the server's thread either, which may be about to answer for one of them.
    const auto is_used = [](const std::shared_ptr<void>& role) { return role.use_count() > 1; };
    while (std::any_of(dropped.begin(), dropped.end(), is_used)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    dropped.clear();
  }));
}

}  // namespace credmint::daemon
