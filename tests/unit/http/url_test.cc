// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "http/curl_handles.h"

namespace credmint {
namespace {

TEST(UrlTest, RefusesWhatIsNotAnEndpoint) {
  struct Case {
    const char* text;
    const char* problem;
  };
  for (const Case& c : {
           Case{"", "it does not begin with https:// or http://"},
           Case{"example.com", "it does not begin with https:// or http://"},
           Case{"//example.com", "it does not begin with https:// or http://"},
           Case{"ftp://example.com", "it does not begin with https:// or http://"},
           Case{"file:///etc/passwd", "it does not begin with https:// or http://"},
           Case{"https:/example.com", "it does not begin with https:// or http://"},
           Case{"https://", "its host name is malformed"},
           Case{"https:///example.com", "it names no host"},
           Case{"https://:8443", "its host name is malformed"},
           Case{"https://exam ple.com", "it contains a blank or a character outside ASCII"},
           Case{"https://ex\\ample.com", "its host name is malformed"},
           Case{"https://example.com:0", "its port is not a number from 1 to 65535"},
           Case{"https://example.com:65536", "its port is not a number from 1 to 65535"},
           Case{"https://example.com:http", "its port is not a number from 1 to 65535"},
           Case{"https://example.com/?a=b", "it has a query or a fragment"},
           Case{"https://example.com?", "it has a query or a fragment"},
           Case{"https://example.com/#top", "it has a query or a fragment"},
           Case{"https://[::1", "its IPv6 address is malformed"},
           Case{"https://[::g]", "its IPv6 address is malformed"},
           Case{"https://[fe80::1%25eth0]", "it has an IPv6 zone"},
       }) {
    const Result<Url> url = ParseEndpointUrl(c.text);
    ASSERT_FALSE(url) << c.text;
    EXPECT_EQ(url.error().code, ErrorCode::kUsage);
    EXPECT_EQ(url.error().message,
              "'" + std::string(c.text) + "' is not an endpoint URL: " + c.problem);
  }
}

TEST(UrlTest, RefusesBytesOutsideAscii) {
  EXPECT_EQ(ParseEndpointUrl("https://ex\xc3\xa4mple.com").error().message,
            "'https://ex??mple.com' is not an endpoint URL: it contains a blank or a character "
            "outside ASCII");
}

TEST(UrlTest, RefusesAHostThatWouldBeDecodedTwice) {
  EXPECT_EQ(ParseEndpointUrl("https://ex%61mple.com")->host, "example.com");
  for (const char* text : {"https://ex%2561mple.com", "https://%%2561/", "https://a%2bb",
                           "https://a*b.example", "https://ex%c3%a4mple.com"}) {
    const Result<Url> url = ParseEndpointUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_TRUE(url.error().message.ends_with("its host name is malformed")) << text;
  }
}

TEST(UrlTest, RefusesHostNamesThatDnsHasNoRoomFor) {
  const std::string label(63, 'a');
  const std::string name = label + '.' + label + '.' + label + '.' + label.substr(2);
  EXPECT_TRUE(ParseEndpointUrl("https://" + name));
  EXPECT_TRUE(ParseEndpointUrl("https://" + label + ".example.:8443/path"));
  for (const std::string& host : {name + 'a', label + 'a', "web." + label + "a.example"}) {
    const Result<Url> url = ParseEndpointUrl("https://" + host);
    ASSERT_FALSE(url) << host;
    EXPECT_TRUE(url.error().message.ends_with("its host name is longer than DNS allows"));
  }
}

TEST(UrlTest, DoesNotRepeatAPassword) {
  for (const char* text : {"https://user:hunter2@example.com", "https://user@example.com:99999/",
                           "user:hunter2@example.com", "https://user:hunter2@", "https://@host"}) {
    const Result<Url> url = ParseEndpointUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message, "an endpoint URL must not contain a user name or password");
  }
}

TEST(UrlTest, SplitsAnEndpoint) {
  struct Case {
    const char* text;
    const char* scheme;
    const char* host;
    int port;
    const char* path;
    const char* host_header;
  };
  for (const Case& c : {
           Case{"https://example.com", "https", "example.com", 443, "", "example.com"},
           Case{"HTTPS://Example.COM/", "https", "example.com", 443, "", "example.com"},
           Case{"https://example.com:443/a//", "https", "example.com", 443, "/a", "example.com"},
           Case{"https://example.com:80/a/b", "https", "example.com", 80, "/a/b", "example.com:80"},
           Case{"http://example.com", "http", "example.com", 80, "", "example.com"},
           Case{"http://127.0.0.1:8080", "http", "127.0.0.1", 8080, "", "127.0.0.1:8080"},
           Case{"http://[::1]", "http", "[::1]", 80, "", "[::1]"},
           Case{"https://[2001:DB8::1]:8443/x", "https", "[2001:db8::1]", 8443, "/x",
                "[2001:db8::1]:8443"},
           Case{"https://example.com/a@b:c", "https", "example.com", 443, "/a@b:c", "example.com"},
           Case{"https://example.com/a/../b", "https", "example.com", 443, "/b", "example.com"},
       }) {
    const Result<Url> url = ParseEndpointUrl(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->scheme, c.scheme) << c.text;
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->port, c.port) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
    EXPECT_EQ(url->query, "") << c.text;
    EXPECT_EQ(HostHeader(*url), c.host_header) << c.text;
  }
}

/// Plain URLs are split without libcurl. Both must agree.
TEST(UrlTest, SplitsPlainUrlsAsLibcurlDoes) {
  ASSERT_TRUE(LoadCurl());
  for (const std::string host : {"example.com",
                                 "EXAMPLE.com",
                                 "localhost",
                                 "a",
                                 "a-b.c-d",
                                 "-a.b",
                                 "a-.b-",
                                 "a.",
                                 "a..b",
                                 ".a",
                                 ".",
                                 "..",
                                 "1a",
                                 "1.a",
                                 "127.0.0.1",
                                 "127.0.0.1.",
                                 "127.1",
                                 "1",
                                 "0x7f000001",
                                 "0x7f.1",
                                 "127.0.0.01",
                                 "256.0.0.1",
                                 "1.2.3.4.5",
                                 "999999999999",
                                 "0xg",
                                 "1e1",
                                 "a.1",
                                 "a.0x1",
                                 "xn--bcher-kva.example",
                                 "a_b",
                                 "a*b",
                                 "a%41"}) {
    for (const char* port : {"", ":", ":1", ":443", ":0443", ":65535", ":65536", ":+1", ":1a"}) {
      for (const char* end : {"", "/", "//"}) {
        const std::string text = "https://" + host + port + end;
        const CurlUrlPtr theirs(Curl().url());
        const auto part = [&](CURLUPart which, unsigned flags) {
          char* value = nullptr;
          Curl().url_get(theirs.get(), which, &value, flags);
          return std::string(CurlTextPtr(value).get());
        };
        const bool accepted =
            Curl().url_set(theirs.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
        const Result<Url> ours = ParseEndpointUrl(text);
        ASSERT_EQ(accepted, ours.has_value()) << text;
        if (!ours) continue;
        std::string lower = part(CURLUPART_HOST, 0);
        for (char& c : lower) c = static_cast<char>(std::tolower(c));
        EXPECT_EQ(ours->host, lower) << text;
        EXPECT_EQ(std::to_string(ours->port), part(CURLUPART_PORT, CURLU_DEFAULT_PORT)) << text;
      }
    }
  }
}

TEST(UrlTest, FormatsTheWhole) {
  EXPECT_EQ(FormatUrl({"https", "example.com", 443, "", ""}), "https://example.com/");
  EXPECT_EQ(FormatUrl({"http", "[::1]", 8080, "/a", "b=c"}), "http://[::1]:8080/a?b=c");
}

TEST(UrlTest, KnowsLoopbackHosts) {
  for (const char* host : {"example.com", "localhost.example.com", "126.255.255.255", "128.0.0.1",
                           "10.0.0.1", "0.0.0.0", "[::2]", "[::]", "[2001:db8::1]", "127", ""}) {
    EXPECT_FALSE(IsLoopback({"http", host, 80, "", ""})) << host;
  }
  for (const char* host : {"localhost", "localhost.", "127.0.0.1", "127.0.0.1.", "127.255.255.254",
                           "[::1]", "[0:0:0:0:0:0:0:1]"}) {
    EXPECT_TRUE(IsLoopback({"http", host, 80, "", ""})) << host;
  }
}

TEST(UrlTest, TakesAShortenedLoopbackAddressForOne) {
  const Result<Url> url = ParseEndpointUrl("http://127.1:8080");
  ASSERT_TRUE(url);
  EXPECT_TRUE(IsLoopback(*url));
}

}  // namespace
}  // namespace credmint
