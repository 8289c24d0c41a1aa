// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/timestamp.h"
#include "identity/identity_spec.h"
#include "ossl/library_context.h"
#include "roles/environment.h"
#include "roles/role.h"
#include "support/temp_dir.h"
#include "support/test_pki.h"

namespace credmint::roles {

/// A service in this process, whose responses the test sets. It is thread-safe.
class FakeService {
 public:
  using Answer = std::function<Result<HttpResponse>(const HttpRequest&)>;

  /// Sets the responses to later requests.
  void AnswerBy(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void FailWith(const Error& error) {
    AnswerBy([error](const HttpRequest&) -> Result<HttpResponse> { return tl::unexpected(error); });
  }
  /// Responds with credentials for an hour, whose access keys are `id` with 1, 2, … appended.
  void GiveCredentials(const std::string& id = "AK") {
    AnswerBy([id, count = std::make_shared<std::atomic<int>>(0)](const HttpRequest&) {
      return Credentials(id + std::to_string(++*count));
    });
  }

  /// Fails the requests that are meant, and gives credentials for all others.
  void FailSome(std::function<bool(const HttpRequest&)> is_meant, const Error& error) {
    AnswerBy([is_meant = std::move(is_meant), error](const HttpRequest& request) {
      return is_meant(request) ? Result<HttpResponse>(tl::unexpected(error)) : Credentials("AK");
    });
  }

  /// The bodies of the requests so far.
  std::vector<std::string> Bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }

  std::function<std::unique_ptr<Transport>(TransportOptions, OSSL_LIB_CTX*)> MakeTransport() {
    return [this](TransportOptions, OSSL_LIB_CTX*) { return std::make_unique<Way>(*this); };
  }

 private:
  class Way : public Transport {
   public:
    explicit Way(FakeService& service) : service_(service) {}
    Result<HttpResponse> Send(const HttpRequest& request,
                              std::chrono::milliseconds /*timeout*/) override {
      return service_.Take(request);
    }

   private:
    FakeService& service_;
  };

  static Result<HttpResponse> Credentials(const std::string& id) {
    const auto end = std::chrono::system_clock::now() + std::chrono::hours(1);
    return HttpResponse{
        201,
        {},
        Secret(R"({"credentialSet": [{"credentials": {"accessKeyId": ")" + id +
               R"(", "secretAccessKey": "SK", "sessionToken": "ST", "expiration": ")" +
               FormatTimestamp(end) + "\"}}]}")};
  }

  Result<HttpResponse> Take(const HttpRequest& request) {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(request.body);
      answer = answer_;
    }
    return answer(request);
  }

  std::mutex mutex_;
  Answer answer_;
  std::vector<std::string> bodies_;
};

/// The base of tests with a key and a certificate in files, a service, and roles that use them.
class RoleWorld : public testing::Test {
 protected:
  RoleWorld() {
    WriteIdentity("web");
    service_.GiveCredentials();
  }

  /// Writes NAME.pem and NAME.key, valid whenever the test runs. With a passphrase the key is
  /// encrypted. Returns it.
  test::TestKey WriteIdentity(const std::string& name, const std::string& passphrase = "") const {
    test::CertificateSpec spec;
    spec.subject = {{"CN", name}};
    spec.not_before = "20250101000000Z";
    spec.not_after = "20491231235959Z";
    const test::Party party = test::Issue(spec, &ca_);
    directory_.Write(name + ".pem", test::CertificatePem(party.certificate));
    directory_.Write(name + ".key", passphrase.empty()
                                        ? test::Pkcs8Pem(party.key)
                                        : test::EncryptedPkcs8Pem(party.key, passphrase));
    return party.key;
  }

  [[nodiscard]] KeyReference Reference(const std::string& file) const {
    return KeyReference::Parse(directory_.File(file), KeyReference::Use::kAnything).value();
  }

  [[nodiscard]] IdentitySpec Spec(const std::string& name = "web") const {
    IdentitySpec spec;
    spec.certificate.certificate = Reference(name + ".pem");
    spec.private_key = Reference(name + ".key");
    return spec;
  }

  static SessionParameters Parameters(const std::string& role = "demo") {
    const std::string anchor = "arn:aws:rolesanywhere:us-east-1:111122223333:";
    SessionParameters parameters;
    parameters.trust_anchor_arn = anchor + "trust-anchor/00000000-0000-4000-8000-000000000002";
    parameters.profile_arn = anchor + "profile/00000000-0000-4000-8000-000000000001";
    parameters.role_arn = "arn:aws:iam::111122223333:role/" + role;
    return parameters;
  }

  static SessionSpec Session(const SessionParameters& parameters = Parameters()) {
    return {.request = SessionRequest::Create(parameters).value(), .endpoint = {}, .transport = {}};
  }

  [[nodiscard]] Role MakeRole(const std::string& name, const std::string& role = "demo",
                              const std::string& identity = "web") const {
    return {.name = name,
            .identity = std::make_shared<const IdentitySpec>(Spec(identity)),
            .session = Session(Parameters(role)),
            .origins = {.endpoint = "the endpoint", .ca_bundle = "the CA bundle"}};
  }

  Environment MakeEnvironment() {
    Environment environment;
    environment.make_transport = service_.MakeTransport();
    environment.stopwatch = [this] { return std::chrono::steady_clock::time_point(elapsed_); };
    return environment;
  }

  const test::TempDir directory_;
  const test::Party ca_ = test::Issue(test::CaSpec("CA"));
  const LibraryContext context_ = LibraryContext::Create({}).value();
  FakeService service_;
  std::chrono::milliseconds elapsed_{1000};
};

}  // namespace credmint::roles
