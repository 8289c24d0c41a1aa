// SPDX-License-Identifier: Apache-2.0
#include "roles/cache_key.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/read_file.h"
#include "base/shown_value.h"
#include "identity/referenced_file.h"
#include "ossl/plain_digest.h"

namespace credmint::roles {
namespace {

/// Increment it when the same role comes to mean something else.
constexpr int kFormat = 2;

/// The parts of the text to hash, each with its length, so that no two lists give the same text.
class Parts {
 public:
  void Add(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}={}:{}\n", name, value.size(), value);
  }
  void Add(std::string_view name, bool value) { Add(name, std::string_view(value ? "1" : "0")); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string Absolute(const std::string& path) {
  std::error_code error;
  return path.empty() ? path : std::filesystem::absolute(path, error).string();
}

Result<void> AddContents(Parts& parts, const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return Fail(ErrorCode::kUsage, fmt::format("{} is not a regular file", ShownPath(path)),
                "the cache must read the certificate too");
  }
  const auto contents = ReadFile(path);
  if (!contents) return Fail(contents);
  parts.Add("certificate file", PlainSha256Hex(contents->Reveal()));
  return {};
}

Result<void> AddCertificate(Parts& parts, const KeyReference& reference) {
  if (reference.is_path()) return AddContents(parts, reference.text());
  if (!reference.is_file()) {
    parts.Add("certificate", reference.text());
    return {};
  }
  const auto contents = ReadReferenced(reference);
  if (!contents) return Fail(contents);
  parts.Add("certificate given", PlainSha256Hex(contents->Reveal()));
  return {};
}

// The functions below name every member of a spec. A new member breaks the build here until
// somebody decides whether it is part of the key.

Result<void> AddIdentity(Parts& parts, const IdentitySpec& spec) {
  const auto& [certificate, private_key, allow_weak_key, secrets, policy_key, policy_key_secret,
               parameters, sandbox] = spec;
  const auto& [reference, intermediates, selector, latest_expiring] = certificate;
  static_cast<void>(intermediates);
  static_cast<void>(secrets);
  static_cast<void>(policy_key);
  static_cast<void>(policy_key_secret);
  static_cast<void>(sandbox);  // not what is signed, but where
  if (!reference) return Fail(ErrorCode::kUsage, "no certificate is named");
  if (auto added = AddCertificate(parts, *reference); !added) {
    return Fail(std::move(added), "certificate");
  }
  if (selector) {
    const auto current = selector->ReadAgain();
    if (!current) return Fail(current, "the selector");
    parts.Add("selector", std::string_view(current->contents()));
  }
  parts.Add("latest expiring", latest_expiring);
  if (private_key) {
    parts.Add("private key",
              private_key->is_path() ? Absolute(private_key->text()) : private_key->text());
  }
  parts.Add("weak key", allow_weak_key);
  for (const auto& [name, value] : parameters) parts.Add(name, std::string_view(value));
  return {};
}

/// Includes `verify_tls`: an impostor may have sent unverified credentials, so only roles that
/// accept those share them.
void AddSession(Parts& parts, const SessionSpec& spec) {
  const auto& [request, endpoint, transport, timeout] = spec;
  static_cast<void>(timeout);
  parts.Add("trust anchor", request.trust_anchor().text);
  parts.Add("profile", request.profile().text);
  parts.Add("role", request.role().text);
  parts.Add("duration", std::to_string(request.duration().count()));
  parts.Add("session name", request.role_session_name());
  parts.Add("region", request.region());
  const auto& [fips, dualstack, custom] = endpoint;
  parts.Add("endpoint", custom);
  parts.Add("FIPS", fips);
  parts.Add("dual stack", dualstack);
  const auto& [ca_bundle, verify_tls, use_proxy] = transport;
  parts.Add("CA bundle", Absolute(ca_bundle));
  parts.Add("unverified", !verify_tls);
  parts.Add("no proxy", !use_proxy);
}

}  // namespace

Result<CacheKey> MakeCacheKey(const IdentitySpec& identity, const SessionSpec& session,
                              std::span<const NamedIdentity> spares) {
  Parts parts;
  parts.Add("format", std::to_string(kFormat));
  if (auto added = AddIdentity(parts, identity); !added) return Fail(std::move(added));
  for (const NamedIdentity& spare : spares) {
    Parts own;
    parts.Add("spare", AddIdentity(own, *spare.spec) ? std::string_view(own.text()) : "unreadable");
  }
  AddSession(parts, session);
  const SessionRequest& request = session.request;
  return CacheKey{PlainSha256Hex(parts.text()), request.role().text, request.role_session_name()};
}

}  // namespace credmint::roles
