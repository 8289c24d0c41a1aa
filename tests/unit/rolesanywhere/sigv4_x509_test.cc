// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/sigv4_x509.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include <memory>

#include "rolesanywhere/endpoint.h"
#include "support/test_pki.h"
#include "unit/rolesanywhere/vector_session.h"

namespace credmint {
namespace {

class SigV4X509Test : public testing::Test {
 protected:
  [[nodiscard]] Result<HttpRequest> Sign(const Identity& identity) const {
    return SignRequest(context_, identity,
                       SessionRequest::Create(VectorParameters())
                           ->ToHttp(ResolveEndpoint("us-east-1", {}).value()),
                       "us-east-1", VectorDate());
  }

  const LibraryContext context_ = VectorContext();
};

/// Verifies an ECDSA signature by OpenSSL, with a certificate that OpenSSL reads from the file.
bool Verifies(const std::string& certificate_file, const std::string& message,
              const std::string& signature_hex) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(certificate_file.c_str(), "r"), fclose);
  const std::unique_ptr<X509, void (*)(X509*)> x509(
      PEM_read_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  std::vector<unsigned char> signature;
  for (std::size_t i = 0; i < signature_hex.size(); i += 2) {
    signature.push_back(
        static_cast<unsigned char>(std::stoi(signature_hex.substr(i, 2), nullptr, 16)));
  }
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                              X509_get0_pubkey(x509.get())) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

TEST_F(SigV4X509Test, RefusesAnAlgorithmTheServiceDoesNotKnow) {
  const Result<std::string_view> name = AlgorithmName("ED25519");
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(name.error().message, "IAM Roles Anywhere takes RSA, EC and ML-DSA keys, not ED25519");
}

TEST_F(SigV4X509Test, MakesTheWorkedRsaExample) {
  const Result<HttpRequest> request = Sign(VectorIdentity(context_, "rsa"));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(FindHeader(request->headers, "Authorization"), ReadVector("rsa.authorization.txt"));
}

TEST_F(SigV4X509Test, MakesTheWorkedEcExampleUpToItsRandomSignature) {
  const Result<HttpRequest> request = Sign(VectorIdentity(context_, "ec"));
  ASSERT_TRUE(request) << request.error().message;
  const std::string authorization(FindHeader(request->headers, "Authorization").value());
  const std::string expected = ReadVector("ec.authorization.txt");
  const std::size_t end = expected.find("Signature=") + 10;
  EXPECT_EQ(authorization.substr(0, end), expected.substr(0, end));
  const std::string message = ReadVector("ec.string-to-sign.txt");
  EXPECT_TRUE(Verifies(VectorPath("leaf-ec.pem"), message, authorization.substr(end)));
  EXPECT_FALSE(Verifies(VectorPath("leaf-ec.pem"), message + "x", authorization.substr(end)));
}

TEST_F(SigV4X509Test, SendsLeafAndIssuers) {
  const Result<HttpRequest> request = Sign(VectorIdentity(context_, "rsa"));
  ASSERT_TRUE(request);
  const std::string authorization = ReadVector("rsa.authorization.txt");
  EXPECT_EQ(request->headers, (Headers{{"Content-Type", "application/json"},
                                       {"Host", "rolesanywhere.us-east-1.amazonaws.com"},
                                       {"X-Amz-Date", "20260101T120000Z"},
                                       {"X-Amz-X509", PemBody(ReadVector("leaf-rsa.pem"))},
                                       {"X-Amz-X509-Chain", PemBody(ReadVector("int.pem"))},
                                       {"Authorization", authorization}}));
  EXPECT_EQ(request->body, ReadVector("rsa.body.json"));
}

TEST_F(SigV4X509Test, JoinsIssuersByCommasFromTheLeafUpward) {
  const Result<HttpRequest> request = Sign(VectorIdentity(context_, "rsa", {"int.pem", "ca.pem"}));
  ASSERT_TRUE(request);
  EXPECT_EQ(FindHeader(request->headers, "X-Amz-X509-Chain"),
            PemBody(ReadVector("int.pem")) + "," + PemBody(ReadVector("ca.pem")));
}

TEST_F(SigV4X509Test, SendsNoChainWithoutIssuers) {
  const Result<HttpRequest> request = Sign(VectorIdentity(context_, "rsa", {}));
  ASSERT_TRUE(request);
  EXPECT_EQ(FindHeader(request->headers, "X-Amz-X509-Chain"), std::nullopt);
  EXPECT_NE(FindHeader(request->headers, "Authorization")
                ->find("SignedHeaders=content-type;host;x-amz-date;x-amz-x509, "),
            std::string_view::npos);
}

}  // namespace
}  // namespace credmint
