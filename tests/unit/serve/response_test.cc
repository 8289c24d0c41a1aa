// SPDX-License-Identifier: Apache-2.0
#include "serve/response.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace credmint::serve {
namespace {

TEST(ResponseTest, AFailureOfTheSourceIsA5xxWithItsReason) {
  for (const auto& [code, status, name] :
       {std::tuple{ErrorCode::kServiceRefused, 502, "ServiceRefused"},
        std::tuple{ErrorCode::kServiceAnswer, 502, "ServiceAnswer"},
        std::tuple{ErrorCode::kServiceBusy, 503, "ServiceBusy"},
        std::tuple{ErrorCode::kNetwork, 503, "ServiceUnreachable"},
        std::tuple{ErrorCode::kTimeout, 503, "ServiceUnreachable"},
        std::tuple{ErrorCode::kTls, 503, "ServiceUnreachable"},
        std::tuple{ErrorCode::kCertificate, 503, "CertificateUnusable"},
        std::tuple{ErrorCode::kPinIncorrect, 503, "KeyUnusable"}}) {
    const Response response = SourceFailed({code, "it \"failed\"", "hint"});
    EXPECT_EQ(response.status, status);
    const nlohmann::json expected = {{"Code", name}, {"Message", "it \"failed\""}};
    EXPECT_EQ(nlohmann::json::parse(response.body->Reveal()), expected);
  }
}

TEST(ResponseTest, WhatAStrangeServerSaidIsNoReasonForBadJson) {
  const Response response = SourceFailed({ErrorCode::kServiceBusy, "\xff\n\x80", ""});
  EXPECT_EQ(nlohmann::json::parse(response.body->Reveal())["Message"], "? ?");
}

TEST(ResponseTest, AWrongMethodIsToldTheRightOne) {
  const Response response = WrongMethod("PUT");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.back(), std::pair(std::string("Allow"), std::string("PUT")));
}

}  // namespace
}  // namespace credmint::serve
