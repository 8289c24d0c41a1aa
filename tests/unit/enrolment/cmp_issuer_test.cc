// SPDX-License-Identifier: Apache-2.0
#include "enrolment/cmp_issuer.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "enrolment/cmp_failure.h"
#include "support/test_pki.h"
#include "unit/enrolment/openssl_cmp_server.h"
#include "unit/http/local_server.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using test::CertificateSpec;
using test::OpensslCmpServer;
using test::Party;
using test::TestKey;

// OpenSSL's server wants its certificate to have issuer and serial of the one to be replaced.
CertificateSpec LeafSpec() {
  return {.not_before = "20200101000000Z", .not_after = "20990101000000Z"};
}

CertificateSpec SigningCaSpec(const std::string& name) {
  CertificateSpec spec = test::CaSpec(name);
  spec.not_before = "20200101000000Z";
  spec.not_after = "20990101000000Z";
  spec.key_usage = "keyCertSign,digitalSignature";
  return spec;
}

class CmpIssuerTest : public testing::Test {
 protected:
  ~CmpIssuerTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  Certificate Ours(const test::TestCertificate& certificate) {
    const std::string der = test::CertificateDer(certificate);
    return Certificate::FromDer(context_,
                                {reinterpret_cast<const std::uint8_t*>(der.data()), der.size()})
        .value();
  }

  std::shared_ptr<const SigningKey> Key(const TestKey& key) {
    return std::make_shared<const SigningKey>(context_, PkeyPtr(test::NewReference(key)));
  }

  Identity IdentityOf(const Party& party, std::vector<Certificate> issuers = {}) {
    return CheckIdentity(Key(party.key), {Ours(party.certificate), std::move(issuers)},
                         std::chrono::system_clock::now())
        .value();
  }

  /// Arguments for a server that has `issued` to give, and whose answers `signer` signs.
  std::vector<std::string> ServerArguments(const test::TestCertificate& issued, const Party& signer,
                                           std::vector<std::string> more = {}) {
    std::vector<std::string> all = {
        "-srv_cert",    folder_.Write("srv.pem", test::CertificatePem(signer.certificate)),
        "-srv_key",     folder_.Write("srv.key", test::Pkcs8Pem(signer.key)),
        "-srv_trusted", folder_.Write("ca.pem", test::CertificatePem(ca_.certificate)),
        "-rsp_cert",    folder_.Write("new.pem", test::CertificatePem(issued))};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Result<CertificateChain> Issue(const std::string& url, const Party& present, const TestKey& key,
                                 std::chrono::milliseconds limit = 20s) {
    return IssueBy(
        {.url = ParseCmpUrl(url).value(), .trusted = {Ours(ca_.certificate)}, .limit = limit},
        IdentityOf(present), key);
  }

  Result<CertificateChain> IssueBy(CmpServer server, const Identity& present, const TestKey& key) {
    const auto new_key = Key(key);
    const auto subject = ParseSubject("/CN=leaf").value();
    const auto request = MakeCertificateRequest(context_, *new_key, subject.get(), {}).value();
    return MakeCmpIssuer(context_, std::move(server))
        ->Issue({.request = request, .key = *new_key, .present = present});
  }

  /// The failure with a server of these further arguments.
  Error FailureWith(std::vector<std::string> more, std::chrono::milliseconds limit = 20s) {
    const Party present = test::Issue(LeafSpec(), &ca_);
    const OpensslCmpServer server(folder_,
                                  ServerArguments(present.certificate, ca_, std::move(more)));
    const auto issued = Issue(server.url(), present, present.key, limit);
    return issued ? Error{ErrorCode::kInternal, "it succeeds", {}} : WithoutUrl(issued.error());
  }

  /// The failure with a server that answers with these bytes.
  Error FailureOf(std::string answer, std::chrono::milliseconds limit = 20s) {
    LocalServer server([&](const std::string&) { return answer; });
    const Party present = test::Issue(LeafSpec(), &ca_);
    const auto issued = Issue("http://127.0.0.1:" + std::to_string(server.port()) + "/cmp", present,
                              present.key, limit);
    return issued ? Error{ErrorCode::kInternal, "it succeeds", {}} : WithoutUrl(issued.error());
  }

  static Error WithoutUrl(Error error) {
    const std::string clause = "CMP with http://127.0.0.1:";
    EXPECT_EQ(error.message.find(clause), 0U) << error.message;
    error.message.erase(0, error.message.find(": ", clause.size()) + 2);
    return error;
  }

  test::TempDir folder_;
  LibraryContext context_ = LibraryContext::Create({}).value();
  const Party ca_ = test::Issue(SigningCaSpec("CA"));
};

TEST_F(CmpIssuerTest, TakesAnotherKeysCertificateForAFault) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  const Party other = test::Issue(LeafSpec(), &ca_);
  const OpensslCmpServer server(folder_, ServerArguments(other.certificate, ca_));
  const auto issued = Issue(server.url(), present, present.key);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(WithoutUrl(issued.error()).message, "the CA's certificate is for another key");
}

TEST_F(CmpIssuerTest, RefusesACertificateThatHasExpired) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  CertificateSpec expired = LeafSpec();
  expired.not_after = "20200102000000Z";
  const OpensslCmpServer server(
      folder_, ServerArguments(test::Issue(expired, &ca_, present.key).certificate, ca_));
  const auto issued = Issue(server.url(), present, present.key);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(WithoutUrl(issued.error()).message,
            "the CA's certificate CN=leaf is of no use: it expired on 2020-01-02 00:00:00 UTC");
}

TEST_F(CmpIssuerTest, RefusesAnAnswerOfAnotherCaWithTheSameName) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  const Party impostor = test::Issue(SigningCaSpec("CA"));
  const OpensslCmpServer server(folder_, ServerArguments(present.certificate, impostor));
  const auto issued = Issue(server.url(), present, present.key);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(WithoutUrl(issued.error()).message,
            "the answer is not signed by a trusted certificate of CN=CA");
}

TEST_F(CmpIssuerTest, SaysWhyTheSignerIsNotTrusted) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  const Party stranger = test::Issue(SigningCaSpec("stranger"));
  CertificateSpec spec = SigningCaSpec("CA");
  const OpensslCmpServer server(folder_,
                                ServerArguments(present.certificate, test::Issue(spec, &stranger)));
  const auto unknown = Issue(server.url(), present, present.key);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(
      WithoutUrl(unknown.error()).message,
      "the signer of the answer is not trusted: CN=CA: unable to get local issuer certificate");
}

TEST_F(CmpIssuerTest, RefusesASignerThatMaySignNoMessages) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  CertificateSpec spec = LeafSpec();
  spec.subject = {{"CN", "RA"}};
  spec.key_usage = "keyEncipherment";
  const OpensslCmpServer server(folder_,
                                ServerArguments(present.certificate, test::Issue(spec, &ca_)));
  const auto issued = IssueBy({.url = ParseCmpUrl(server.url()).value(),
                               .trusted = {Ours(ca_.certificate)},
                               .recipient = ParseSubject("/CN=RA").value()},
                              IdentityOf(present), present.key);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(WithoutUrl(issued.error()).message,
            "the certificate of CN=RA may not sign answers: its keyUsage lacks digitalSignature");
}

TEST_F(CmpIssuerTest, TheTrustedCaMaySignMessagesWhateverItsKeyUsage) {
  CertificateSpec spec = SigningCaSpec("CA");
  spec.key_usage = "keyCertSign";
  const Party only_certificates = test::Issue(spec);
  const Party present = test::Issue(LeafSpec(), &only_certificates);
  auto arguments = ServerArguments(present.certificate, only_certificates);
  arguments.emplace_back("-accept_unprotected");  // the server trusts another CA
  const OpensslCmpServer server(folder_, arguments);
  const auto issued = IssueBy(
      {.url = ParseCmpUrl(server.url()).value(), .trusted = {Ours(only_certificates.certificate)}},
      IdentityOf(present), present.key);
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

TEST_F(CmpIssuerTest, RefusesAnAnswerThatAnotherCertificateOfTheCaSigned) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  CertificateSpec spec = LeafSpec();
  spec.subject = {{"CN", "other"}};
  spec.serial = "1001";
  const OpensslCmpServer server(folder_,
                                ServerArguments(present.certificate, test::Issue(spec, &ca_)));
  const auto issued = Issue(server.url(), present, present.key);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(WithoutUrl(issued.error()).message, "the answer is not from CN=CA");
}

TEST_F(CmpIssuerTest, RefusesAnAnswerWithoutProtection) {
  const Error error = FailureWith({"-send_unprotected"});
  EXPECT_EQ(error.code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(error.message, "the answer is not protected");
}

TEST_F(CmpIssuerTest, SaysWhyTheCaRefuses) {
  const Error rejected = FailureWith(
      {"-pkistatus", "2", "-failure", "19", "-statusstring", "no \x1b[31msuch template"});
  EXPECT_EQ(rejected.code, ErrorCode::kServiceRefused);
  EXPECT_EQ(rejected.message, "the CA refuses: no ?[31msuch template (badCertTemplate)");
  EXPECT_EQ(FailureWith({"-pkistatus", "2"}).message, "the CA refuses: it gives no reason");
  const Error error = FailureWith({"-send_error"});
  EXPECT_EQ(error.code, ErrorCode::kServiceRefused);
  EXPECT_EQ(error.message.find("the CA refuses: error processing message"), 0U) << error.message;
  EXPECT_EQ(FailureWith({"-send_error", "-send_unprot_err"}).message, error.message);
  EXPECT_EQ(FailureWith({"-pkistatus", "2", "-send_unprot_err"}).message,
            "the answer is not protected");
}

TEST_F(CmpIssuerTest, SaysThatTheCaIsWaiting) {
  const Error error = FailureWith({"-poll_count", "9", "-check_after", "60"}, 3s);
  EXPECT_EQ(error.code, ErrorCode::kTimeout);
  EXPECT_EQ(error.message, "the CA has not decided yet, and wants to be asked again after 60 s");
  EXPECT_EQ(error.remedy, Remedy::kAllowMoreTime);
}

TEST_F(CmpIssuerTest, NeedsACaToTrust) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  const auto issued =
      IssueBy({.url = ParseCmpUrl("http://127.0.0.1:1").value()}, IdentityOf(present), present.key);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kCertificate);
}

TEST_F(CmpIssuerTest, SaysThatAnAnswerIsNoCmp) {
  EXPECT_EQ(FailureOf("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n").message,
            "the server answers with status 500 and no CMP message");
  const std::string page = "<html>\x01 hello</html>";
  const Error html = FailureOf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " +
                               std::to_string(page.size()) + "\r\n\r\n" + page);
  EXPECT_EQ(html.code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(html.message, "the answer is no CMP message (20 bytes, text/html)");
  EXPECT_EQ(FailureOf("garbage").code, ErrorCode::kServiceAnswer);
  const Error huge =
      FailureOf("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, '0'));
  EXPECT_EQ(huge.code, ErrorCode::kServiceAnswer);
  EXPECT_NE(huge.message.find("it is longer than 1048576 bytes"), std::string::npos);
  EXPECT_EQ(FailureOf(LocalServer::kSilence, 500ms).code, ErrorCode::kTimeout);
}

TEST_F(CmpIssuerTest, SaysThatNobodyAnswers) {
  const LoopbackSocket closed;
  const Party present = test::Issue(LeafSpec(), &ca_);
  const auto issued =
      Issue("http://127.0.0.1:" + std::to_string(closed.port()), present, present.key);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kNetwork);
}

TEST_F(CmpIssuerTest, GetsACertificateForEachKindOfKey) {
  for (const auto& [before, after] : std::vector<std::pair<const char*, const char*>>{
           {"P-256", "P-256"}, {"P-384", "P-384"}, {"RSA", "P-256"}, {"P-256", "RSA"}}) {
    const Party present = test::Issue(LeafSpec(), &ca_, test::NewKey(before));
    const Party renewed = test::Issue(LeafSpec(), &ca_, test::NewKey(after));
    const OpensslCmpServer server(folder_, ServerArguments(renewed.certificate, ca_));
    const auto issued = Issue(server.url(), present, renewed.key);
    ASSERT_TRUE(issued.has_value()) << before << ", " << after << ": " << issued.error().message;
    EXPECT_EQ(issued->leaf, Ours(renewed.certificate));
    EXPECT_TRUE(issued->issuers.empty()) << "a root is not sent";
  }
}

TEST_F(CmpIssuerTest, TrustsTheIssuersOfThePresentCertificateByDefault) {
  const Party intermediate = test::Issue(SigningCaSpec("intermediate"), &ca_);
  const Party present = test::Issue(LeafSpec(), &intermediate);
  auto arguments = ServerArguments(present.certificate, intermediate);
  const OpensslCmpServer server(folder_, arguments);
  const auto issued = IssueBy({.url = ParseCmpUrl(server.url()).value()},
                              IdentityOf(present, {Ours(intermediate.certificate)}), present.key);
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_EQ(issued->issuers, std::vector{Ours(intermediate.certificate)});
}

TEST_F(CmpIssuerTest, AnotherNameMayAnswerForTheCa) {
  const Party present = test::Issue(LeafSpec(), &ca_);
  CertificateSpec spec = LeafSpec();
  spec.subject = {{"O", "Example"}, {"CN", "RA"}};
  spec.serial = "1001";
  const OpensslCmpServer server(folder_,
                                ServerArguments(present.certificate, test::Issue(spec, &ca_)));
  const auto issued = IssueBy({.url = ParseCmpUrl(server.url()).value(),
                               .trusted = {Ours(ca_.certificate)},
                               .recipient = ParseSubject("/O=Example/CN=RA").value()},
                              IdentityOf(present), present.key);
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
}

TEST_F(CmpIssuerTest, AsksAgainWhileTheCaIsWaiting) {
  EXPECT_EQ(FailureWith({"-poll_count", "2", "-check_after", "1"}).message, "it succeeds");
}

TEST_F(CmpIssuerTest, TakesAnImplicitConfirmation) {
  EXPECT_EQ(FailureWith({"-grant_implicitconf"}).message, "it succeeds");
}

TEST(ParseCmpUrlTest, KeepsAFinalSlash) {
  EXPECT_EQ(FormatUrl(ParseCmpUrl("http://ca.example:829/pkix/").value()),
            "http://ca.example:829/pkix/");
  EXPECT_EQ(FormatUrl(ParseCmpUrl("https://ca.example/pkix").value()), "https://ca.example/pkix");
  EXPECT_EQ(FormatUrl(ParseCmpUrl("https://ca.example/").value()), "https://ca.example/");
  EXPECT_FALSE(ParseCmpUrl("ldap://ca.example/").has_value());
}

TEST(CmpFailureNamesTest, NamesTheBits) {
  EXPECT_EQ(CmpFailureNames(0), "");
  EXPECT_EQ(CmpFailureNames(1 << 2 | 1 << 26 | 1 << 27), "badRequest, duplicateCertReq, bit 27");
}

}  // namespace
}  // namespace credmint
