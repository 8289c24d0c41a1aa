// SPDX-License-Identifier: Apache-2.0
#include "daemon/role_server.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "http/curl_transport.h"
#include "unit/roles/running_roles.h"

namespace credmint::daemon {
namespace {

using roles::ListOf;

/// A server on its own port, which libcurl sends requests to.
class RoleServerTest : public roles::RunningRoles {
 protected:
  RoleServerTest() {
    unsetenv("RUNTIME_DIRECTORY");
    setenv("XDG_RUNTIME_DIR", directory_.path().c_str(), 1);
    options_.port = 0;
  }
  ~RoleServerTest() override {
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("RUNTIME_DIRECTORY");
  }

  void Start(std::vector<roles::Role> roles) {
    auto server = TryStart(std::move(roles));
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  Result<std::unique_ptr<RoleServer>> TryStart(std::vector<roles::Role> roles) {
    return RoleServer::Start(context_, std::move(roles), options_, MakeObserver(), {},
                             MakeRunningEnvironment());
  }

  HttpResponse Get(const std::string& authority, const std::string& path,
                   const Headers& headers = {}) {
    HttpRequest request{"GET", ParseEndpointUrl("http://" + authority + path).value(), headers, ""};
    auto response = MakeCurlTransport({})->Send(request, std::chrono::seconds(20));
    EXPECT_TRUE(response) << response.error().message;
    return response ? *std::move(response) : HttpResponse();
  }

  std::string AccessKeyOf(const std::string& role) {
    const HttpResponse response = Get(server_->places().authority, "/role/" + role,
                                      {{"Authorization", Read(server_->places().token_file)}});
    const std::string body(response.body.Reveal());
    const auto at = body.find("\"AccessKeyId\":\"");
    if (at == std::string::npos) return body;
    const auto start = at + 15;
    return body.substr(start, body.find('"', start) - start);
  }

  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  ServerOptions options_;
  std::unique_ptr<RoleServer> server_;
};

TEST_F(RoleServerTest, GivesOutItsRoles) {
  Start(ListOf(MakeRole("one", "first"), MakeRole("two", "second")));
  EXPECT_EQ(server_->places().roles, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(server_->places().is_loopback);
  EXPECT_TRUE(server_->places().status_authority.empty());
  EXPECT_TRUE(AccessKeyOf("one").starts_with("AK"));
  EXPECT_TRUE(AccessKeyOf("two").starts_with("AK"));
  EXPECT_FALSE(AccessKeyOf("three").starts_with("AK"));
  Await("answered", 2);
  EXPECT_TRUE(server_->HasAnswered());
  EXPECT_TRUE(server_->IsContent());
}

TEST_F(RoleServerTest, HasNoAnswerBeforeTheService) {
  std::promise<void> answer;
  service_.AnswerBy(
      [told = answer.get_future().share()](const HttpRequest&) -> Result<HttpResponse> {
        told.wait();
        return Fail(ErrorCode::kNetwork, "no answer");
      });
  Start(ListOf(MakeRole("web")));
  EXPECT_FALSE(server_->HasAnswered());
  answer.set_value();
  Await("answered");
  EXPECT_TRUE(server_->HasAnswered());
}

TEST_F(RoleServerTest, ServesOthersWhenItIsTold) {
  Start(ListOf(MakeRole("one", "first")));
  ASSERT_TRUE(AccessKeyOf("one").starts_with("AK"));
  ASSERT_TRUE(server_->Serve(ListOf(MakeRole("two", "second")), {}));
  EXPECT_TRUE(AccessKeyOf("two").starts_with("AK"));
  EXPECT_FALSE(AccessKeyOf("one").starts_with("AK"));
  ASSERT_TRUE(server_->Serve(ListOf(MakeRole("two", "second")), {}));
  EXPECT_TRUE(AccessKeyOf("two").starts_with("AK"));
}

TEST_F(RoleServerTest, GoesOnWhenWhatItIsToldIsWrong) {
  Start(ListOf(MakeRole("one", "first")));
  roles::Role bad = MakeRole("bad");
  bad.session.endpoint.custom = "https://";
  EXPECT_FALSE(server_->Serve(ListOf(std::move(bad)), {}));
  EXPECT_TRUE(AccessKeyOf("one").starts_with("AK"));
}

TEST_F(RoleServerTest, TellsHowItIs) {
  options_.status_port = 0;
  Start(ListOf(MakeRole("web")));
  ASSERT_TRUE(AccessKeyOf("web").starts_with("AK"));
  const std::string status = server_->places().status_authority;
  EXPECT_EQ(Get(status, "/healthz").status, 200);
  const HttpResponse metrics = Get(status, "/metrics");
  EXPECT_NE(metrics.body.Reveal().find("web"), std::string_view::npos);
}

TEST_F(RoleServerTest, KeepsTheTokenFromRunToRun) {
  options_.token_file = directory_.File("token");
  Start(ListOf(MakeRole("web")));
  const std::string token = Read(options_.token_file);
  EXPECT_EQ(token.size(), 64U);
  server_.reset();
  Start(ListOf(MakeRole("web")));
  EXPECT_EQ(Read(options_.token_file), token);
}

TEST_F(RoleServerTest, PutsTheTokenWhereSuchFilesAre) {
  options_.port = 0;
  Start(ListOf(MakeRole("web")));
  const std::string port = server_->places().authority.substr(10);
  EXPECT_EQ(server_->places().token_file, directory_.File("credmint-token-" + port));
  // systemd separates several folders by colons.
  for (const char* more : {"", ":/run/another"}) {
    setenv("RUNTIME_DIRECTORY", (directory_.path().string() + more).c_str(), 1);
    Start(ListOf(MakeRole("web")));
    EXPECT_EQ(server_->places().token_file, directory_.File("token"));
  }
}

TEST_F(RoleServerTest, HasNoContainerCredentialsWithoutAPlaceForTheToken) {
  setenv("XDG_RUNTIME_DIR", "relative", 1);
  Start(ListOf(MakeRole("web")));
  EXPECT_EQ(server_->places().token_file, "");
}

TEST_F(RoleServerTest, NeedsATokenBeyondLoopback) {
  setenv("XDG_RUNTIME_DIR", "relative", 1);
  options_.listen = "0.0.0.0";
  const auto server = TryStart(ListOf(MakeRole("web")));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kUsage);
  EXPECT_EQ(server.error().message, "listening on 0.0.0.0 needs a token");
}

TEST_F(RoleServerTest, SaysWhichPortItCannotHave) {
  const auto taken = serve::ListenSocket::Open("127.0.0.1", 0);
  ASSERT_TRUE(taken);
  options_.port = taken->port();
  EXPECT_EQ(TryStart(ListOf(MakeRole("web"))).error().code, ErrorCode::kLocalIo);
  options_.port = 0;
  options_.status_port = taken->port();
  const auto server = TryStart(ListOf(MakeRole("web")));
  ASSERT_FALSE(server);
  EXPECT_TRUE(server.error().message.starts_with("the status: ")) << server.error().message;
}

TEST_F(RoleServerTest, NeedsAFileForItsToken) {
  options_.token_file = directory_.File("missing/token");
  EXPECT_EQ(TryStart(ListOf(MakeRole("web"))).error().code, ErrorCode::kLocalIo);
}

TEST_F(RoleServerTest, TriesItsRolesBeforeItListens) {
  roles::Role bad = MakeRole("bad");
  bad.session.endpoint.custom = "https://";
  EXPECT_EQ(TryStart(ListOf(std::move(bad))).error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace credmint::daemon
