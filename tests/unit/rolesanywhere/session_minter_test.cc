// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/session_minter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rolesanywhere/endpoint.h"
#include "unit/rolesanywhere/fake_transport.h"
#include "unit/rolesanywhere/vector_session.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kDenied = R"({"__type": "AccessDeniedException", "message": "No."})";

/// A session whose clocks advance only when it sleeps or when a response takes time.
class SessionTest : public testing::Test {
 protected:
  SessionMinter MakeSession() {
    SessionEnvironment environment;
    environment.clock = [this] { return VectorDate() + clock_offset_ + elapsed_; };
    environment.stopwatch = [this] { return std::chrono::steady_clock::time_point(elapsed_); };
    environment.sleep = [this](milliseconds time) {
      sleeps_.push_back(time);
      elapsed_ += time;
    };
    environment.random = [] { return 0.5; };
    SessionOptions options{SessionRequest::Create(VectorParameters()).value(),
                           ResolveEndpoint("us-east-1", {}).value()};
    options.connect = connect_;
    return {std::move(options), context_,
            [this]() -> Result<std::shared_ptr<const Identity>> {
              ++identities_;
              if (identity_error_) return tl::unexpected(*identity_error_);
              return std::make_shared<const Identity>(VectorIdentity(context_, "rsa"));
            },
            transport_, std::move(environment)};
  }

  Result<Credentials> Get() { return MakeSession().Get(); }

  /// The service's date.
  [[nodiscard]] TimePoint ServiceDate() const { return VectorDate() + elapsed_; }

  void Answer(int status, const std::string& body, const Headers& headers = {},
              milliseconds takes = {}) {
    transport_.Expect([=, this]() -> Result<HttpResponse> {
      elapsed_ += takes;
      return HttpResponse{status, headers, Secret(body)};
    });
  }

  void AnswerWithCredentials(seconds lifetime = std::chrono::hours(1),
                             const Headers& headers = {}) {
    transport_.Expect([=, this]() -> Result<HttpResponse> {
      return HttpResponse{201, headers,
                          Secret(R"({"credentialSet": [{"credentials": {"accessKeyId": "AK", )"
                                 R"("secretAccessKey": "SK", "sessionToken": "ST", )"
                                 R"("expiration": ")" +
                                 FormatTimestamp(ServiceDate() + lifetime) + "\"}}]}")};
    });
  }

  void AnswerWithFailure(ErrorCode code, milliseconds takes = {}) {
    transport_.Expect([=, this]() -> Result<HttpResponse> {
      elapsed_ += takes;
      return Fail(code, "no answer", "a hint");
    });
  }

  [[nodiscard]] std::vector<std::string> Dates() const {
    std::vector<std::string> dates;
    for (const HttpRequest& request : transport_.requests) {
      dates.emplace_back(FindHeader(request.headers, "X-Amz-Date").value());
    }
    return dates;
  }

  const LibraryContext context_ = VectorContext();
  FakeTransport transport_;
  milliseconds elapsed_{0};
  seconds clock_offset_{0};
  std::vector<milliseconds> sleeps_;
  int identities_ = 0;
  std::optional<Error> identity_error_;
  Connect connect_ = Connect::kToSend;
};

TEST_F(SessionTest, SendsNothingWithoutAnIdentity) {
  identity_error_ = Error{ErrorCode::kPinRequired, "opening key x: no PIN was given", "a hint"};
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kPinRequired);
  EXPECT_EQ(credentials.error().message, "opening key x: no PIN was given");
  EXPECT_EQ(credentials.error().hint, "a hint");
  EXPECT_TRUE(transport_.requests.empty());
}

TEST_F(SessionTest, DoesNotRepeatWhatWasRefused) {
  Answer(403, kDenied);
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceRefused);
  EXPECT_EQ(credentials.error().message,
            "creating a session: the service answered with status 403, AccessDeniedException: No.");
  EXPECT_EQ(transport_.requests.size(), 1U);
  EXPECT_TRUE(sleeps_.empty());
}

TEST_F(SessionTest, DoesNotRepeatAnAnswerThatMakesNoSense) {
  Answer(200, "<html>Welcome</html>");
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(credentials.error().message,
            "creating a session: a web page came instead of the service's answer, with status 200: "
            "<html>Welcome</html>");
  EXPECT_EQ(transport_.requests.size(), 1U);
}

TEST_F(SessionTest, DoesNotRepeatATlsFailure) {
  AnswerWithFailure(ErrorCode::kTls);
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kTls);
  EXPECT_EQ(credentials.error().message, "creating a session: no answer");
  EXPECT_EQ(credentials.error().hint, "a hint");
  EXPECT_EQ(transport_.requests.size(), 1U);
}

TEST_F(SessionTest, GivesUpAfterThreeAttempts) {
  for (int i = 0; i < 3; ++i) Answer(503, "");
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceBusy);
  EXPECT_EQ(credentials.error().message,
            "creating a session: the service answered with status 503 (attempt 3)");
  EXPECT_EQ(sleeps_, (std::vector<milliseconds>{milliseconds(250), milliseconds(500)}));
  EXPECT_TRUE(transport_.IsDone());
}

TEST_F(SessionTest, DoesNotWaitLongerThanTheTimeThatIsLeft) {
  Answer(503, "", {}, milliseconds(9800));
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceBusy);
  EXPECT_EQ(credentials.error().message,
            "creating a session: the service answered with status 503");
  EXPECT_TRUE(sleeps_.empty());
}

TEST_F(SessionTest, DoesNotRepeatWhatUsedUpTheTime) {
  AnswerWithFailure(ErrorCode::kTimeout, seconds(10));
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(transport_.requests.size(), 1U);
}

TEST_F(SessionTest, LeavesEachAttemptTheTimeThatRemains) {
  Answer(500, "", {}, seconds(4));
  AnswerWithFailure(ErrorCode::kNetwork, seconds(3));
  AnswerWithCredentials();
  ASSERT_TRUE(Get());
  EXPECT_EQ(
      transport_.timeouts,
      (std::vector<milliseconds>{milliseconds(10'000), milliseconds(5750), milliseconds(2250)}));
}

TEST_F(SessionTest, HandsOnWhatTheLastAnswerAsksFor) {
  Answer(503, "", {{"Retry-After", "1"}});
  Answer(503, "");
  Answer(429, "", {{"Retry-After", "90"}});
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(transport_.requests.size(), 3U);
  EXPECT_EQ(credentials.error().retry_after, seconds(90));
}

TEST_F(SessionTest, SignsEveryAttemptAfresh) {
  Answer(429, "", {{"Retry-After", "2"}});
  AnswerWithFailure(ErrorCode::kNetwork, milliseconds(1500));
  AnswerWithCredentials();
  const Result<Credentials> credentials = Get();
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(sleeps_, (std::vector<milliseconds>{milliseconds(2000), milliseconds(500)}));
  EXPECT_EQ(Dates(),
            (std::vector<std::string>{"20260101T120000Z", "20260101T120002Z", "20260101T120004Z"}));
  for (const HttpRequest& request : transport_.requests) {
    EXPECT_EQ(request.body, ReadVector("rsa.body.json"));
  }
  EXPECT_EQ(FindHeader(transport_.requests[0].headers, "Authorization"),
            ReadVector("rsa.authorization.txt"));
  EXPECT_NE(FindHeader(transport_.requests[0].headers, "Authorization"),
            FindHeader(transport_.requests[1].headers, "Authorization"));
  EXPECT_NE(FindHeader(transport_.requests[1].headers, "Authorization"),
            FindHeader(transport_.requests[2].headers, "Authorization"));
}

TEST_F(SessionTest, LoadsTheIdentityOncePerSession) {
  Answer(503, "");
  AnswerWithCredentials();
  AnswerWithCredentials();
  SessionMinter session = MakeSession();
  ASSERT_TRUE(session.Get());
  EXPECT_EQ(identities_, 1);
  ASSERT_TRUE(session.Get());
  EXPECT_EQ(identities_, 2);
}

TEST_F(SessionTest, GivesCredentials) {
  AnswerWithCredentials();
  const Result<Credentials> credentials = Get();
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "AK");
  EXPECT_EQ(credentials->secret_access_key.Reveal(), "SK");
  EXPECT_EQ(credentials->session_token.Reveal(), "ST");
  EXPECT_EQ(credentials->expiration, VectorDate() + std::chrono::hours(1));
  EXPECT_EQ(FormatUrl(transport_.requests[0].url),
            "https://rolesanywhere.us-east-1.amazonaws.com/sessions");
}

struct SkewCase {
  const char* name;
  seconds clock_offset;
  int status;
  const char* date;  ///< of the response; the service's date is 12:00:00
  bool signs_again;
};

class SessionSkewTest : public SessionTest, public testing::WithParamInterface<SkewCase> {};

TEST_P(SessionSkewTest, IsCorrectedOnlyWhereItMayBeTheCause) {
  clock_offset_ = GetParam().clock_offset;
  Answer(GetParam().status, kDenied, {{"Date", GetParam().date}});
  if (GetParam().signs_again) AnswerWithCredentials();
  EXPECT_EQ(Get().has_value(), GetParam().signs_again);
  EXPECT_EQ(transport_.requests.size(), GetParam().signs_again ? 2U : 1U);
  EXPECT_TRUE(sleeps_.empty());
  if (GetParam().signs_again) {
    EXPECT_EQ(Dates().back(), "20260101T120000Z");
  }
}

constexpr const char* kNoon = "Thu, 01 Jan 2026 12:00:00 GMT";

INSTANTIATE_TEST_SUITE_P(
    All, SessionSkewTest,
    testing::Values(
        SkewCase{"ClockRight", seconds(0), 403, kNoon, false},
        SkewCase{"FourMinutesFast", minutes(4), 403, kNoon, false},
        SkewCase{"FourMinutesSlow", -minutes(4), 403, kNoon, false},
        SkewCase{"OtherStatus", minutes(10), 404, kNoon, false},
        SkewCase{"NoDate", minutes(10), 403, "", false},
        SkewCase{"OddDate", minutes(10), 403, "2026-01-01T12:00:00Z", false},
        SkewCase{"Fast", minutes(4) + seconds(1), 403, kNoon, true},
        SkewCase{"Slow", -minutes(4) - seconds(1), 403, kNoon, true},
        SkewCase{"Status400", minutes(10), 400, kNoon, true},
        SkewCase{"DaySlow", -std::chrono::hours(24), 403, kNoon, true},
        SkewCase{"MoreThanADaySlow", -std::chrono::hours(24) - seconds(1), 403, kNoon, false},
        SkewCase{"MoreThanADayFast", std::chrono::hours(24) + seconds(1), 403, kNoon, false},
        SkewCase{"YearsFast", std::chrono::hours(24 * 365 * 3), 403, kNoon, false}),
    [](const auto& each) { return each.param.name; });

TEST_F(SessionTest, SignsNothingForAnotherCentury) {
  Answer(403, kDenied, {{"Date", "Fri, 01 Jan 2100 12:00:00 GMT"}});
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceRefused);
  EXPECT_EQ(credentials.error().hint,
            "set this machine's clock: it is 27028 days behind the service's, and at most 24 hours "
            "are corrected");
  EXPECT_EQ(Dates(), std::vector<std::string>{"20260101T120000Z"});
}

TEST_F(SessionTest, CredentialsThatHaveExpiredByOurClockAreAnError) {
  clock_offset_ = std::chrono::hours(2);
  Answer(403, kDenied, {{"Date", kNoon}});
  AnswerWithCredentials();
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(
      credentials.error().message,
      "creating a session: the credentials expire at 2026-01-01T13:00:00Z, and by this "
      "machine's clock it is 2026-01-01T14:00:00Z: this machine's clock is 2 hours ahead of the "
      "service's");
  EXPECT_EQ(credentials.error().hint,
            "set this machine's clock: it is 2 hours ahead of the service's");
}

struct ExpirationCase {
  const char* name;
  seconds lifetime;  ///< from the service's date, 12:00:00; the request is for an hour
  const char* date;  ///< of the response
  bool is_taken;
};

class SessionExpirationTest : public SessionTest,
                              public testing::WithParamInterface<ExpirationCase> {};

TEST_P(SessionExpirationTest, IsBoundedByWhatWasAskedFor) {
  AnswerWithCredentials(GetParam().lifetime, {{"Date", GetParam().date}});
  const Result<Credentials> credentials = Get();
  EXPECT_EQ(credentials.has_value(), GetParam().is_taken);
  if (!GetParam().is_taken) {
    EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SessionExpirationTest,
    testing::Values(
        ExpirationCase{"QuarterMore", minutes(75), kNoon, true},
        ExpirationCase{"Later", minutes(75) + seconds(1), kNoon, false},
        ExpirationCase{"NoDate", minutes(75), "", true},
        ExpirationCase{"LaterWithoutDate", minutes(75) + seconds(1), "", false},
        ExpirationCase{"ByItsOwnDate", minutes(80), "Thu, 01 Jan 2026 12:05:00 GMT", true},
        ExpirationCase{"LaterByItsOwnDate", minutes(71), "Thu, 01 Jan 2026 11:55:00 GMT", false},
        ExpirationCase{"OfAnotherCentury", std::chrono::hours(24) * 27'028,
                       "Fri, 01 Jan 2100 12:00:00 GMT", false}),
    [](const auto& each) { return each.param.name; });

TEST_F(SessionTest, CorrectsTheClockOnlyOnce) {
  clock_offset_ = minutes(10);
  Answer(403, kDenied, {{"Date", kNoon}});
  Answer(403, kDenied, {{"Date", kNoon}});
  const Result<Credentials> credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceRefused);
  EXPECT_EQ(credentials.error().hint,
            "set this machine's clock: it is 10 minutes ahead of the service's");
  EXPECT_EQ(Dates(), (std::vector<std::string>{"20260101T121000Z", "20260101T120000Z"}));
}

TEST_F(SessionTest, CountsTheCorrectionAsNoAttempt) {
  clock_offset_ = -minutes(10);
  Answer(503, "");
  Answer(403, kDenied, {{"Date", kNoon}});
  Answer(503, "");
  AnswerWithCredentials();
  ASSERT_TRUE(Get());
  EXPECT_EQ(transport_.requests.size(), 4U);
  EXPECT_EQ(sleeps_.size(), 2U);
}

TEST_F(SessionTest, KeepsTheCorrectionForLaterAttempts) {
  clock_offset_ = minutes(10);
  Answer(403, kDenied, {{"Date", kNoon}});
  Answer(503, "", {{"Retry-After", "Thu, 01 Jan 2026 12:00:03 GMT"}});
  AnswerWithCredentials();
  ASSERT_TRUE(Get());
  EXPECT_EQ(sleeps_, std::vector<milliseconds>{seconds(3)});
  EXPECT_EQ(Dates(),
            (std::vector<std::string>{"20260101T121000Z", "20260101T120000Z", "20260101T120003Z"}));
}

TEST_F(SessionTest, ConnectsOnlyToSendUnlessToldOtherwise) {
  AnswerWithCredentials();
  ASSERT_TRUE(Get());
  EXPECT_TRUE(transport_.prepared.empty());
}

TEST_F(SessionTest, ConnectsWhileTheIdentityIsOpened) {
  connect_ = Connect::kWhileOpening;
  transport_.on_prepare = [this] { EXPECT_EQ(identities_, 0); };
  AnswerWithCredentials();
  ASSERT_TRUE(Get());
  ASSERT_EQ(transport_.prepared.size(), 1U);
  EXPECT_EQ(transport_.prepared[0].body, transport_.requests[0].body);
  EXPECT_EQ(FindHeader(transport_.prepared[0].headers, "Authorization"), std::nullopt);
}

TEST_F(SessionTest, ConnectsWhileItSigns) {
  connect_ = Connect::kWhileSigning;
  transport_.on_prepare = [this] { EXPECT_EQ(identities_, 1); };
  Answer(503, "");
  AnswerWithCredentials();
  ASSERT_TRUE(Get());
  EXPECT_EQ(transport_.prepared.size(), 1U) << "a further attempt has the connection";
  EXPECT_EQ(transport_.closed, 1);
}

TEST_F(SessionTest, ClosesTheConnectionOfAnIdentityThatCannotBeOpened) {
  connect_ = Connect::kWhileOpening;
  identity_error_ = Error{ErrorCode::kPinIncorrect, "refused", ""};
  ASSERT_FALSE(Get());
  EXPECT_TRUE(transport_.requests.empty());
  EXPECT_EQ(transport_.closed, 1);
}

TEST_F(SessionTest, SignsAgainIfConnectingTookMoreThanAMinute) {
  connect_ = Connect::kWhileSigning;
  for (const auto& [takes, date] :
       {std::pair{seconds(60), "20260101T120000Z"}, std::pair{seconds(61), "20260101T120201Z"}}) {
    transport_.on_await = [this, takes = takes] { elapsed_ += takes; };
    // The time for the request has passed, too. A longer one is an option of the command.
    AnswerWithCredentials();
    static_cast<void>(Get());
    EXPECT_EQ(Dates().back(), date);
  }
}

}  // namespace
}  // namespace credmint
