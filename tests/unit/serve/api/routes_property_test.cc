// SPDX-License-Identifier: Apache-2.0
// Random requests: each gets a known kind of response, and no secret without a token.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "serve/api/routes.h"
#include "unit/serve/fake_source.h"
#include "unit/serve/metadata_headers.h"

namespace credmint::serve {
namespace {

constexpr int kRequests = 50'000;
constexpr const char* kContainerToken = "0123456789abcdef0123456789abcdef";

/// The secret of FakeSource, as it appears in JSON.
constexpr std::string_view kSecret = "secret/key+=";

constexpr std::array kStatuses = {200, 400, 401, 403, 404, 405, 502, 503};

/// Valid requests, mutated ones, and noise.
class Requests {
 public:
  explicit Requests(unsigned seed) : random_(seed) {}

  /// A random request, without valid tokens unless mutation makes one by chance.
  Request Next() {
    Request request{Pick(methods_), Pick(paths_), {}};
    if (!OneIn(8)) request.headers.emplace_back("Host", Pick(hosts_));
    for (int n = Below(4); n > 0; --n) request.headers.emplace_back(Pick(names_), Pick(values_));
    if (OneIn(3)) Mutate(request.method);
    if (OneIn(3)) Mutate(request.path);
    for (auto& [name, value] : request.headers) {
      if (OneIn(6)) Mutate(name);
      if (OneIn(4)) Mutate(value);
    }
    return request;
  }

  bool OneIn(int count) { return Below(count) == 0; }

 private:
  using Texts = std::vector<std::string>;

  int Below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
  const std::string& Pick(const Texts& texts) {
    return texts[static_cast<std::size_t>(Below(static_cast<int>(texts.size())))];
  }
  char Byte() { return static_cast<char>(Below(256)); }

  void Mutate(std::string& text) {
    const auto place = text.begin() + static_cast<std::ptrdiff_t>(random_() % (text.size() + 1));
    switch (Below(6)) {
      case 0:
        text.insert(place, Byte());
        break;
      case 1:
        text.erase(place, text.end());
        break;
      case 2:
        text.insert(static_cast<std::size_t>(place - text.begin()), Pick(pieces_));
        break;
      case 3:
        if (place != text.end()) *place = static_cast<char>(*place ^ (1 << Below(8)));
        break;
      case 4:
        text.append(static_cast<std::size_t>(Below(20'000)), Byte());
        break;
      default:
        text += text;
    }
  }

  const Texts methods_ = {"GET", "PUT", "GET", "PUT", "POST", "HEAD", "DELETE", "OPTIONS", "get"};
  const Texts paths_ = {
      "/latest/api/token",
      "/latest/meta-data/iam/security-credentials/",
      "/latest/meta-data/iam/security-credentials/web",
      "/latest/meta-data/iam/security-credentials-extended/web",
      "/latest/meta-data/iam/info",
      "/latest/meta-data/placement/region",
      "/latest/meta-data/placement/availability-zone/",
      "/latest/dynamic/instance-identity/document",
      "/latest",
      "/latestx/meta-data",
      "/role/web",
      "/role/",
      "/",
      "",
      "*",
      "http://127.0.0.1/role/web",
  };
  const Texts pieces_ = {"/",    "//", "/../", "%2f",      "web", "latest", std::string(1, '\0'),
                         "\r\n", " ",  "{",    "\"",       "\\",  "%s%n",   ":",
                         "[",    "]",  "-",    "127.0.0.1"};
  const Texts hosts_ = {"127.0.0.1:9911", "localhost", "[::1]", "[::1]:80",     "",
                        "evil.example",   "127.1",     "[",     "127.0.0.1:",   "::1",
                        "127.0.0.1:9911", "localhost", "]",     "localhost:99", "[]:1"};
  const Texts names_ = {kTtlHeader, kTokenHeader, "Authorization",   "authorization",
                        "Host",     "Origin",     "X-Forwarded-For", "Accept",
                        "",         "X"};
  const Texts values_ = {"60",
                         "21600",
                         "0",
                         "-1",
                         "21601",
                         "99999999999999999999",
                         "",
                         std::string(64, 'a'),
                         std::string(63, '0'),
                         "0x10",
                         " 60",
                         "60 ",
                         "6e1",
                         "Bearer x",
                         "null"};
  std::mt19937 random_;
};

class RoutesPropertyTest : public testing::Test {
 protected:
  static void Check(Routes& routes, const Request& request, bool has_token) {
    const Response response = routes.Answer(request);
    EXPECT_THAT(kStatuses, testing::Contains(response.status));
    const std::string_view body = response.body->Reveal();
    EXPECT_LT(body.size(), 2000U);
    if (has_token) return;
    EXPECT_EQ(body.find(kSecret), std::string_view::npos)
        << request.method << " " << testing::PrintToString(request.path);
    EXPECT_EQ(body.find(kContainerToken), std::string_view::npos);
    // Without a token the only success is a request for a metadata token.
    if (response.status == 200) {
      EXPECT_EQ(request.method, "PUT");
      EXPECT_EQ(body.size(), 64U);
    }
  }

  FakeSource source_;
};

TEST_F(RoutesPropertyTest, NothingIsGivenWithoutAToken) {
  Requests requests(1);
  for (const bool fails : {false, true}) {
    source_.fails = fails;
    for (const char* address : {"127.0.0.1", "10.0.0.1", "::"}) {
      ServedRoles roles({source_.AsRole()});
      Routes routes(roles, Secret(kContainerToken), address);
      for (int i = 0; i < kRequests / 5 && !HasFailure(); ++i) {
        Check(routes, requests.Next(), false);
      }
    }
  }
}

TEST_F(RoutesPropertyTest, WithTokensTheAnswersAreOfTheKnownKinds) {
  Requests requests(2);
  ServedRoles roles({source_.AsRole()});
  Routes routes(roles, Secret(kContainerToken), "127.0.0.1");
  const Response token =
      routes.Answer({"PUT", "/latest/api/token", {{"Host", "localhost"}, {kTtlHeader, "21600"}}});
  ASSERT_EQ(token.status, 200);
  int answered = 0;
  for (int i = 0; i < kRequests && !HasFailure(); ++i) {
    Request request = requests.Next();
    request.headers.emplace_back("Authorization", kContainerToken);
    request.headers.emplace_back(kTokenHeader, token.body->Reveal());
    Check(routes, request, true);
    if (routes.Answer(request).body->Reveal().find(kSecret) != std::string_view::npos) ++answered;
  }
  EXPECT_GT(answered, kRequests / 1000);  // some requests are valid
}

}  // namespace
}  // namespace credmint::serve
