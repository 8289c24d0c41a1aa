// SPDX-License-Identifier: Apache-2.0
#include "base/steady_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace credmint {
namespace {

TEST(SteadyText, TakesOutTimesAndAddresses) {
  for (const auto& [text, steady] : std::vector<std::pair<std::string, std::string>>{
           {"expires at 2026-11-29T22:41:07Z, it is 2026-11-29T22:41:08.5+01:00",
            "expires at #, it is #"},
           {"signature of 20261129T224107Z", "signature of #"},
           {"it expired on 2026-12-31 23:59:59 UTC", "it expired on # # UTC"},
           {"Date: Sun, 29 Nov 2026 22:41:07 GMT", "Date: #, # # # # #"},
           {"192.0.2.1:443: refused", "#: refused"},
           {"connecting to 192.0.2.1 port 443 after 17 ms", "connecting to # port # after # ms"},
           {"[2001:db8::1]:443", "[#]:443"},
           {"fe80::a%eth0 or ::1 or dead:beef::", "# or # or #"},
           {"http://192.0.2.1:8080/sessions", "http://#/sessions"},
           {"request 6f1d2c1e-0000-4000-8000-0123456789ab", "request #"},
           {"at 0x7ffd12345678", "at #"},
           {"no answer within 9.5 s (attempt 3)", "no answer within # s (attempt #)"},
           {"no answer in 12ms.", "no answer in #."},
       }) {
    EXPECT_EQ(SteadyText(text), steady);
  }
}

TEST(SteadyText, LeavesWhatTellsFailuresApart) {
  for (const std::string text :
       {"", ".", "HTTP 503", "HTTP status 500: busy", "TPM error 0x00000922", "0xa0008",
        "slot 3 of web-2.example", "CKR_PIN_LOCKED", "certificate CN=web2 (serial 51)",
        "RSA with 1024 bits", "OpenSSL 3.0.19", "key at handle:0x81000001", "role a: b: c"}) {
    EXPECT_EQ(SteadyText(text), text);
  }
}

TEST(ReportedFailure, IsReportedOnceWhileItLasts) {
  ReportedFailure reported;
  EXPECT_FALSE(reported.Clear());
  EXPECT_TRUE(reported.Replace({ErrorCode::kNetwork, "192.0.2.1 refused at 22:41:07", ""}));
  EXPECT_TRUE(reported.has_value());
  EXPECT_FALSE(reported.Replace({ErrorCode::kNetwork, "192.0.2.2 refused at 22:41:08", ""}));
  EXPECT_FALSE(reported.Replace({ErrorCode::kTls, "192.0.2.2 refused at 22:41:08", ""}));
  EXPECT_TRUE(reported.Replace({ErrorCode::kTls, "it is another", ""}));
  EXPECT_TRUE(reported.Clear());
  EXPECT_FALSE(reported.has_value());
  EXPECT_TRUE(reported.Replace({ErrorCode::kTls, "it is another", ""}));
}

}  // namespace
}  // namespace credmint
