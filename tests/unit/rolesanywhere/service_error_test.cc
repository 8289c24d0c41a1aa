// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/service_error.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

struct AnswerCase {
  const char* name;
  int status;
  Headers headers;
  std::string body;
  const char* code;
  std::string message;
};

class ServiceErrorParseTest : public testing::TestWithParam<AnswerCase> {};

TEST_P(ServiceErrorParseTest, FindsCodeAndMessage) {
  const AnswerCase& c = GetParam();
  const ServiceError error = ParseServiceError({c.status, c.headers, Secret(c.body)});
  EXPECT_EQ(error.status, c.status);
  EXPECT_EQ(error.code, c.code);
  EXPECT_EQ(error.message, c.message);
}

INSTANTIATE_TEST_SUITE_P(
    All, ServiceErrorParseTest,
    testing::Values(
        AnswerCase{"EmptyBody", 403, {}, "", "UnknownError", ""},
        AnswerCase{"Html",
                   502,
                   {},
                   "<html>\r\n<h1>502 Bad\x1b Gateway</h1>",
                   "UnknownError",
                   "<html> <h1>502 Bad? Gateway</h1>"},
        AnswerCase{"LongHtml",
                   502,
                   {},
                   std::string(5000, 'x'),
                   "UnknownError",
                   std::string(120, 'x') + "..."},
        AnswerCase{"JsonThatIsNoObject", 500, {}, "\"oops\"", "UnknownError", "\"oops\""},
        AnswerCase{"CutJson", 400, {}, R"({"message": "a)", "UnknownError", R"({"message": "a)"},
        AnswerCase{"EmptyObject", 403, {}, "{}", "UnknownError", ""},
        AnswerCase{"OddMembers",
                   403,
                   {},
                   R"({"code": 7, "__type": null, "message": {}})",
                   "UnknownError",
                   ""},
        AnswerCase{
            "OnlyNamespace", 403, {}, R"({"code": "ns#", "message": "m"})", "UnknownError", "m"},
        AnswerCase{"HeaderWins",
                   403,
                   {{"x-amzn-errortype", "AccessDeniedException"}},
                   R"({"code": "A", "__type": "B", "message": "Untrusted signing certificate"})",
                   "AccessDeniedException",
                   "Untrusted signing certificate"},
        AnswerCase{"EmptyHeaderDoesNot",
                   403,
                   {{"X-Amzn-ErrorType", ""}},
                   R"({"code": "A", "__type": "B", "message": "m"})",
                   "A",
                   "m"},
        AnswerCase{"CodeBeforeType", 400, {}, R"({"code": "A", "__type": "B"})", "A", ""},
        AnswerCase{"TypeAlone", 400, {}, R"({"__type": "B", "Message": "m"})", "B", "m"},
        AnswerCase{"SmallMessageBeforeLarge",
                   400,
                   {},
                   R"({"__type": "B", "message": "m", "Message": "M"})",
                   "B",
                   "m"},
        AnswerCase{"UrlBehindTheCode",
                   400,
                   {{"X-Amzn-ErrorType", "ValidationException:http://internal.amazon.com/x#y"}},
                   "",
                   "ValidationException",
                   ""},
        AnswerCase{"NamespaceBeforeTheCode",
                   400,
                   {{"X-Amzn-ErrorType", "com.amazonaws.ra#ValidationException:http://x"}},
                   "",
                   "ValidationException",
                   ""},
        AnswerCase{"ControlCharacters",
                   400,
                   {},
                   R"({"code": "A\u001bB", "message": "one\ntwo\u0007"})",
                   "A?B",
                   "one two?"},
        AnswerCase{
            "LongTexts",
            400,
            {},
            R"({"code": ")" + std::string(81, 'c') + R"(", "message": ")" + std::string(501, 'm') +
                R"("})",
            "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
            "...",
            std::string(500, 'm') + "..."}),
    [](const auto& each) { return each.param.name; });

TEST(ServiceErrorTest, APageForPeopleIsNotTheServices) {
  for (const char* page : {"\n<!DOCTYPE html><head><title>Log in</title></head>",
                           "<html><body>no title</body></html>"}) {
    const HttpResponse response{403, {}, Secret(page)};
    EXPECT_TRUE(ParseServiceError(response).is_web_page) << page;
  }
  const HttpResponse titled{200, {}, Secret("<html><title>Log in</title>")};
  EXPECT_EQ(ParseServiceError(titled).message, "Log in");
  const HttpResponse of_service{403, {{"Content-Type", "application/json"}}, Secret("{}")};
  EXPECT_FALSE(ParseServiceError(of_service).is_web_page);
}

TEST(ServiceErrorTest, HasTheIdOfTheRequest) {
  const HttpResponse response{403, {{"x-amzn-RequestId", "1d4c\r"}}, Secret("{}")};
  EXPECT_EQ(ParseServiceError(response).request_id, "1d4c");
}

struct MeaningCase {
  const char* name;
  ServiceError error;
  ErrorCode code;
  const char* message;
  const char* hint;
  Remedy remedy = Remedy::kNone;
};

class ServiceErrorMeaningTest : public testing::TestWithParam<MeaningCase> {};

TEST_P(ServiceErrorMeaningTest, IsExact) {
  const MeaningCase& c = GetParam();
  const Error error = DescribeServiceError(c.error);
  EXPECT_EQ(error.code, c.code);
  EXPECT_EQ(error.message, c.message);
  EXPECT_EQ(error.hint, c.hint);
  EXPECT_EQ(error.remedy, c.remedy);
}

INSTANTIATE_TEST_SUITE_P(
    All, ServiceErrorMeaningTest,
    testing::Values(
        MeaningCase{"OtherMessage",
                    {400, "ValidationException", "1 validation error detected"},
                    ErrorCode::kServiceRefused,
                    "the service answered with status 400, ValidationException: 1 validation "
                    "error detected",
                    ""},
        MeaningCase{"NothingKnown",
                    {403, "UnknownError", ""},
                    ErrorCode::kServiceRefused,
                    "the service answered with status 403",
                    ""},
        MeaningCase{"Throttled",
                    {400, "ThrottlingException", "Rate exceeded"},
                    ErrorCode::kServiceBusy,
                    "the service answered with status 400, ThrottlingException: Rate exceeded",
                    "the service is throttling or has a fault: try again later"},
        MeaningCase{"BadGateway",
                    {502, "UnknownError", "<html>"},
                    ErrorCode::kServiceBusy,
                    "the service answered with status 502: <html>",
                    "the service is throttling or has a fault: try again later"},
        MeaningCase{"Redirect",
                    {302, "UnknownError", ""},
                    ErrorCode::kServiceAnswer,
                    "the service answered with status 302",
                    "check the endpoint: no redirect is followed; a captive portal redirects, too"},
        MeaningCase{"WithARequestId",
                    {.status = 403,
                     .code = "AccessDeniedException",
                     .message = "No.",
                     .request_id = "1d4c"},
                    ErrorCode::kServiceRefused,
                    "the service answered with status 403, AccessDeniedException: No. (request "
                    "1d4c)",
                    ""},
        MeaningCase{
            "WebPage",
            {.status = 403, .code = "UnknownError", .message = "Log in", .is_web_page = true},
            ErrorCode::kServiceAnswer,
            "a web page came instead of the service's answer, with status 403: Log in",
            "a proxy, a captive portal or a wrong endpoint answers in the service's place"},
        MeaningCase{
            "ProxyPassword",
            {.status = 407, .code = "UnknownError"},
            ErrorCode::kNetwork,
            "the proxy wants a user and a password (status 407)",
            "give them in the variable that names the proxy: http://USER:PASSWORD@HOST:PORT"}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace credmint
