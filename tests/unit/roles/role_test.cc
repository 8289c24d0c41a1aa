// SPDX-License-Identifier: Apache-2.0
#include "roles/role.h"

#include <functional>

#include "roles/cache_key.h"
#include "unit/roles/role_world.h"

namespace credmint::roles {
namespace {

/// Whether a change of the field makes cached credentials unusable.
enum class Cached { kMisses, kHits };

struct Field {
  const char* name;
  Cached cached;
  std::function<void(IdentitySpec&, SessionSpec&)> change;
};

void PrintTo(const Field& field, std::ostream* out) { *out << field.name; }

KeyReference AsReference(const std::string& text) {
  return KeyReference::Parse(text, KeyReference::Use::kAnything).value();
}

SessionRequest With(const std::function<void(SessionParameters&)>& change) {
  const std::string anchor = "arn:aws:rolesanywhere:us-east-1:111122223333:";
  SessionParameters parameters;
  parameters.trust_anchor_arn = anchor + "trust-anchor/00000000-0000-4000-8000-000000000002";
  parameters.profile_arn = anchor + "profile/00000000-0000-4000-8000-000000000001";
  parameters.role_arn = "arn:aws:iam::111122223333:role/demo";
  change(parameters);
  return SessionRequest::Create(parameters).value();
}

// A row for each member. After adding a member, CountsOf below does not compile: add a row here.
const Field kFields[] = {
    {"certificate", Cached::kMisses,
     [](auto& identity, auto&) { identity.certificate.certificate = AsReference("token:x"); }},
    {"intermediates", Cached::kHits,
     [](auto& identity, auto&) { identity.certificate.intermediates = AsReference("more.pem"); }},
    {"selector", Cached::kMisses,
     [](auto& identity, auto&) {
       identity.certificate.selector =
           CertificateSelector::Parse("Key=x509Serial,Value=01").value();
     }},
    {"latest_expiring", Cached::kMisses,
     [](auto& identity, auto&) { identity.certificate.latest_expiring = true; }},
    {"private_key", Cached::kMisses,
     [](auto& identity, auto&) { identity.private_key = AsReference("other.key"); }},
    {"allow_weak_key", Cached::kMisses,
     [](auto& identity, auto&) { identity.allow_weak_key = true; }},
    {"secrets.user", Cached::kHits,
     [](auto& identity, auto&) { identity.secrets.user = SecretSource::FromFile("pin"); }},
    {"secrets.context", Cached::kHits,
     [](auto& identity, auto&) { identity.secrets.context = SecretSource::FromFile("pin"); }},
    {"secrets.parent", Cached::kHits,
     [](auto& identity, auto&) { identity.secrets.parent = SecretSource::FromFile("pin"); }},
    {"secrets.policy", Cached::kHits,
     [](auto& identity, auto&) { identity.secrets.policy = SecretSource::FromFile("pin"); }},
    {"secrets.reuse_user_for_context", Cached::kHits,
     [](auto& identity, auto&) { identity.secrets.reuse_user_for_context = true; }},
    {"policy_key", Cached::kHits,
     [](auto& identity, auto&) { identity.policy_key = AsReference("policy.key"); }},
    {"policy_key_secret", Cached::kHits,
     [](auto& identity, auto&) { identity.policy_key_secret = SecretSource::FromFile("pin"); }},
    {"parameters", Cached::kMisses,
     [](auto& identity, auto&) { identity.parameters.emplace_back("module", "/other.so"); }},
    {"request.trust_anchor", Cached::kMisses,
     [](auto&, auto& session) {
       session.request = With([](auto& all) { all.trust_anchor_arn.back() = '9'; });
     }},
    {"request.profile", Cached::kMisses,
     [](auto&, auto& session) {
       session.request = With([](auto& all) { all.profile_arn.back() = '9'; });
     }},
    {"request.role", Cached::kMisses,
     [](auto&, auto& session) { session.request = With([](auto& all) { all.role_arn += "-2"; }); }},
    {"request.duration", Cached::kMisses,
     [](auto&, auto& session) {
       session.request = With([](auto& all) { all.duration = std::chrono::seconds(900); });
     }},
    {"request.role_session_name", Cached::kMisses,
     [](auto&, auto& session) {
       session.request = With([](auto& all) { all.role_session_name = "anna"; });
     }},
    {"sandbox", Cached::kHits, [](auto& identity, auto&) { identity.sandbox.programs = true; }},
    {"endpoint.fips", Cached::kMisses, [](auto&, auto& session) { session.endpoint.fips = true; }},
    {"endpoint.dualstack", Cached::kMisses,
     [](auto&, auto& session) { session.endpoint.dualstack = true; }},
    {"endpoint.custom", Cached::kMisses,
     [](auto&, auto& session) { session.endpoint.custom = "https://localhost:1"; }},
    {"transport.ca_bundle", Cached::kMisses,
     [](auto&, auto& session) { session.transport.ca_bundle = "/ca.pem"; }},
    {"transport.verify_tls", Cached::kMisses,
     [](auto&, auto& session) { session.transport.verify_tls = false; }},
    {"transport.use_proxy", Cached::kMisses,
     [](auto&, auto& session) { session.transport.use_proxy = false; }},
    {"timeout", Cached::kHits,
     [](auto&, auto& session) { session.timeout = std::chrono::seconds(1); }},
};

/// The number of members of the specs, including the five of a SessionRequest.
std::size_t CountsOf(const IdentitySpec& identity, const SessionSpec& session) {
  const auto& [certificate, private_key, weak, secrets, policy_key, policy_secret, parameters,
               sandbox] = identity;
  const auto& [reference, intermediates, selector, latest] = certificate;
  const auto& [user, context, parent, policy, reuse] = secrets;
  const auto& [request, endpoint, transport, timeout] = session;
  const auto& [fips, dualstack, custom] = endpoint;
  const auto& [ca_bundle, verify_tls, use_proxy] = transport;
  const void* const members[] = {
      &sandbox,   &private_key,   &weak,       &policy_key, &policy_secret, &parameters,
      &reference, &intermediates, &selector,   &latest,     &user,          &context,
      &parent,    &policy,        &reuse,      &timeout,    &fips,          &dualstack,
      &custom,    &ca_bundle,     &verify_tls, &use_proxy};
  static_cast<void>(request);
  return std::size(members) + 5;
}

class RoleFieldTest : public RoleWorld, public testing::WithParamInterface<Field> {};

TEST_P(RoleFieldTest, MakesARoleAnother) {
  Role role = MakeRole("web");
  IdentitySpec identity = Spec();
  SessionSpec session = Session();
  const Role same{.name = "web",
                  .identity = std::make_shared<const IdentitySpec>(Spec()),
                  .session = Session()};
  EXPECT_TRUE(AreTheSame(role, same));
  GetParam().change(identity, session);
  const Role other{.name = "web",
                   .identity = std::make_shared<const IdentitySpec>(std::move(identity)),
                   .session = std::move(session)};
  EXPECT_FALSE(AreTheSame(role, other));
  EXPECT_FALSE(AreTheSame(other, role));
}

TEST_P(RoleFieldTest, MissesTheCacheUnlessItDoesNotCount) {
  IdentitySpec identity = Spec();
  SessionSpec session = Session();
  const auto before = MakeCacheKey(identity, session);
  ASSERT_TRUE(before) << before.error().message;
  GetParam().change(identity, session);
  const auto after = MakeCacheKey(identity, session);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(before->digest == after->digest, GetParam().cached == Cached::kHits);
}

INSTANTIATE_TEST_SUITE_P(Each, RoleFieldTest, testing::ValuesIn(kFields));

class RoleTest : public RoleWorld {};

TEST_F(RoleTest, HasARowForEachField) {
  EXPECT_EQ(std::size(kFields), CountsOf(Spec(), Session()));
}

TEST_F(RoleTest, IsAnotherWithOtherSparesOrAnotherOrder) {
  WriteIdentity("b");
  const auto with = [this](const std::string& first, const std::vector<std::string>& spares) {
    Role role = MakeRole("web", "demo", first);
    role.identity_name = first;
    for (const std::string& name : spares) {
      role.spares.push_back({name, std::make_shared<const IdentitySpec>(Spec(name))});
    }
    return role;
  };
  EXPECT_TRUE(AreTheSame(with("web", {"b"}), with("web", {"b"})));
  EXPECT_FALSE(AreTheSame(with("web", {"b"}), with("b", {"web"})));
  EXPECT_FALSE(AreTheSame(with("web", {"b"}), with("web", {})));
  EXPECT_FALSE(AreTheSame(with("web", {}), with("web", {"b"})));
  Role renamed = with("web", {"b"});
  renamed.spares.front().name = "c";
  EXPECT_FALSE(AreTheSame(with("web", {"b"}), renamed));
  renamed = with("web", {});
  renamed.identity_name = "other";
  EXPECT_TRUE(AreTheSame(with("web", {}), renamed));
}

TEST_F(RoleTest, IsAnotherUnderAnotherName) {
  EXPECT_FALSE(AreTheSame(MakeRole("one"), MakeRole("two")));
}

TEST_F(RoleTest, IsTheSameWhoeverSaysItAndWhereverItIsKept) {
  Role role = MakeRole("web");
  role.cache = true;
  role.origins = {"a file", "a variable"};
  EXPECT_TRUE(AreTheSame(role, MakeRole("web")));
}

}  // namespace
}  // namespace credmint::roles
