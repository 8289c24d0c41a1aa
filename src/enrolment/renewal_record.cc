// SPDX-License-Identifier: Apache-2.0
#include "enrolment/renewal_record.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/read_file.h"
#include "base/shown_value.h"
#include "base/timestamp.h"
#include "base/whole_file.h"
#include "ossl/plain_digest.h"

namespace credmint {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kNameSize = 16;

tl::unexpected<Error> CannotUse(const std::string& path) {
  return Fail(ErrorCode::kLocalIo,
              fmt::format("opening the record {}: {}", ShownPath(path), strerror(errno)));
}

/// The same for all ways to write the path of a file.
std::string TextOf(const KeyReference& certificate) {
  if (!certificate.is_path()) return certificate.text();
  std::error_code failed;
  const auto path = std::filesystem::weakly_canonical(certificate.text(), failed);
  return failed ? certificate.text() : path.string();
}

/// Fails if the folder belongs to somebody else, who could have certificates put in place.
Result<void> MakeFolder(const std::string& folder) {
  constexpr mode_t kWrittenByOthers = 022;
  std::error_code failed;
  const auto parent = std::filesystem::path(folder).parent_path();
  std::filesystem::create_directories(parent, failed);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return CannotUse(folder);
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) return CannotUse(folder);
  if (status.st_uid == geteuid() && (status.st_mode & kWrittenByOthers) == 0) return {};
  return Fail(ErrorCode::kLocalIo,
              fmt::format("others may write to the folder {}", ShownPath(folder)),
              "it shall belong to this user, with mode 0700");
}

std::string Format(const RenewalRecord& record, const std::string& certificate) {
  Json json = {{"certificate", certificate}};
  if (record.failures > 0) json["failures"] = record.failures;
  if (record.retry_at) json["retryAt"] = FormatTimestamp(*record.retry_at);
  if (record.secret_refused) json["secretRefused"] = true;
  const std::pair<const char*, const std::string&> texts[] = {{"issued", record.issued},
                                                              {"replaced", record.replaced},
                                                              {"presentKey", record.present_key},
                                                              {"nextKey", record.next_key},
                                                              {"nextSha256", record.next_digest}};
  for (const auto& [name, value] : texts) {
    if (!value.empty()) json[name] = value;
  }
  for (const OldKey& old : record.old_keys) {
    json["oldKeys"].push_back({{"place", old.place},
                               {"size", old.size},
                               {"sha256", old.digest},
                               {"deleteAt", FormatTimestamp(old.delete_at)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// A member that is absent or no text is empty.
std::string TextIn(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Nothing for an entry without a time: such a key is not deleted.
std::optional<OldKey> ReadOldKey(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto time = ParseTimestamp(TextIn(json, "deleteAt"));
  const auto size = json.find("size");
  if (!time || size == json.end() || !size->is_number_unsigned()) return std::nullopt;
  return OldKey{TextIn(json, "place"), size->get<std::size_t>(), TextIn(json, "sha256"), *time};
}

/// Takes members of the wrong type for absent.
RenewalRecord Parse(const Json& json) {
  RenewalRecord record;
  const auto text = [&](const char* name) { return TextIn(json, name); };
  if (const auto found = json.find("failures"); found != json.end() && found->is_number_integer()) {
    record.failures = found->get<int>();
  }
  if (const auto time = ParseTimestamp(text("retryAt"))) record.retry_at = *time;
  record.secret_refused = json.contains("secretRefused");
  record.issued = text("issued");
  record.replaced = text("replaced");
  record.present_key = text("presentKey");
  record.next_key = text("nextKey");
  record.next_digest = text("nextSha256");
  const auto old_keys = json.find("oldKeys");
  if (old_keys == json.end() || !old_keys->is_array()) return record;
  for (const Json& one : *old_keys) {
    if (auto old = ReadOldKey(one)) record.old_keys.push_back(*std::move(old));
  }
  return record;
}

}  // namespace

Result<std::optional<RenewalFile>> RenewalFile::Lock(const std::string& folder,
                                                     const KeyReference& certificate) {
  if (auto made = MakeFolder(folder); !made) return Fail(std::move(made));
  std::string text = TextOf(certificate);
  const std::string path =
      fmt::format("{}/renewal-{}", folder, PlainSha256Hex(text).substr(0, kNameSize));
  const std::string lock_path = path + ".lock";
  Descriptor lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return CannotUse(lock_path);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
    RemoveLeftovers(path + ".json", std::chrono::minutes(0));
    return RenewalFile(path + ".json", std::move(text), std::move(lock));
  }
  if (errno == EWOULDBLOCK) return std::nullopt;
  return CannotUse(lock_path);
}

Result<RenewalRecord> RenewalFile::Read() const {
  if (access(path_.c_str(), F_OK) != 0 && errno == ENOENT) return RenewalRecord();
  const auto contents = ReadFile(path_);
  if (!contents) return Fail(Error(contents.error()));
  const Json json = Json::parse(contents->Reveal(), nullptr, false);
  if (json.is_object()) return Parse(json);
  return Fail(ErrorCode::kLocalIo, fmt::format("the record {} is damaged", ShownPath(path_)),
              "remove it; a renewal that was cut off is forgotten with it");
}

Result<void> RenewalFile::Write(const RenewalRecord& record) const {
  return ReplaceFile(path_, Format(record, certificate_));
}

}  // namespace credmint
