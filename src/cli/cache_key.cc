// SPDX-License-Identifier: Apache-2.0
#include "cli/cache_key.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "base/read_file.h"
#include "base/shown_value.h"
#include "identity/key_reference.h"
#include "identity/referenced_file.h"
#include "ossl/plain_digest.h"

namespace credmint::cli {
namespace {

using Use = KeyReference::Use;

/// To be changed when the same options come to mean something else.
constexpr int kFormat = 1;

/// The parts of the text that is hashed, each with its length: no two lists give the same text.
class Parts {
 public:
  void Add(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}={}:{}\n", name, value.size(), value);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string Absolute(const std::string& path) {
  std::error_code error;
  return path.empty() ? path : std::filesystem::absolute(path, error).string();
}

Result<void> AddContents(Parts& parts, std::string_view name, const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return Fail(ErrorCode::kUsage,
                fmt::format("--cache: {} is not a regular file", ShownPath(path)),
                "the cache has to read the certificate as well");
  }
  const auto contents = ReadFile(path);
  if (!contents) return tl::unexpected(contents.error());
  parts.Add(name, PlainSha256Hex(contents->Reveal()));
  return {};
}

Result<void> AddCertificate(Parts& parts, const KeyOptions& key) {
  const auto reference = KeyReference::Parse(key.certificate, Use::kCertificate);
  if (!reference) return tl::unexpected(reference.error());
  if (reference->descriptor() || !reference->variable().empty()) {
    const auto contents = ReadReferenced(*reference);
    if (!contents) return tl::unexpected(contents.error());
    parts.Add("certificate given", PlainSha256Hex(contents->Reveal()));
    return {};
  }
  if (reference->is_file()) return AddContents(parts, "certificate file", reference->text());
  parts.Add("certificate", reference->text());
  return {};
}

Result<void> AddPrivateKey(Parts& parts, const KeyOptions& key) {
  if (key.private_key.empty()) return {};
  const auto reference = KeyReference::Parse(key.private_key, Use::kPrivateKey);
  if (!reference) return tl::unexpected(reference.error());
  const bool is_path =
      reference->is_file() && !reference->descriptor() && reference->variable().empty();
  parts.Add("private key", is_path ? Absolute(reference->text()) : reference->text());
  return {};
}

Result<void> AddSelector(Parts& parts, const KeyOptions& key) {
  constexpr std::string_view kFile = "file://";
  if (key.cert_selector.starts_with(kFile)) {
    return AddContents(parts, "selector file", key.cert_selector.substr(kFile.size()));
  }
  parts.Add("selector", key.cert_selector);
  return {};
}

void AddSession(Parts& parts, const SessionRequest& request) {
  parts.Add("trust anchor", request.trust_anchor().text);
  parts.Add("profile", request.profile().text);
  parts.Add("role", request.role().text);
  parts.Add("duration", std::to_string(request.duration().count()));
  parts.Add("session name", request.role_session_name());
  parts.Add("region", request.region());
}

std::string_view Text(bool flag) { return flag ? "1" : "0"; }

/// Credentials that a stranger may have sent are for those only who do not mind.
void AddService(Parts& parts, const ServiceOptions& service) {
  parts.Add("endpoint", service.endpoint);
  parts.Add("FIPS", Text(service.fips.value_or(false)));
  parts.Add("dual stack", Text(service.dualstack.value_or(false)));
  parts.Add("CA bundle", Absolute(service.ca_bundle));
  parts.Add("unverified", Text(service.no_verify_ssl));
  parts.Add("no proxy", Text(service.no_proxy));
}

}  // namespace

Result<CacheKey> MakeCacheKey(const KeyOptions& key, const ServiceOptions& service,
                              const SessionRequest& session) {
  if (auto options = MakeCertificateOptions(key); !options) return Fail(std::move(options));
  Parts parts;
  parts.Add("format", std::to_string(kFormat));
  if (auto added = AddCertificate(parts, key); !added) {
    return Fail(std::move(added), "--certificate");
  }
  if (auto added = AddPrivateKey(parts, key); !added) {
    return Fail(std::move(added), "--private-key");
  }
  if (auto added = AddSelector(parts, key); !added) {
    return Fail(std::move(added), "--cert-selector");
  }
  parts.Add("latest expiring", Text(key.use_latest_expiring_certificate));
  parts.Add("weak key", Text(key.allow_weak_key));
  parts.Add("store", key.system_store_name);
  parts.Add("module", key.pkcs11_lib);
  parts.Add("tcti", key.tcti);
  for (const std::string& provider : key.providers) parts.Add("provider", provider);
  AddSession(parts, session);
  AddService(parts, service);
  return CacheKey{PlainSha256Hex(parts.text()), session.role().text, session.role_session_name()};
}

}  // namespace credmint::cli
