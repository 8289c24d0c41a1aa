// SPDX-License-Identifier: Apache-2.0
#include "http/ca_locations.h"

#include <filesystem>
#include <string_view>
#include <system_error>

namespace credmint {
namespace {

/// "0179095f.0": eight digits of the subject's hash, a dot, a counter.
bool IsHashedName(std::string_view name) {
  return name.size() > 9 && name.find_first_not_of("0123456789abcdef") == 8 && name[8] == '.' &&
         name.find_first_not_of("0123456789", 9) == std::string_view::npos;
}

bool HasHashedNames(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (IsHashedName(entry->path().filename().native())) return true;
  }
  return false;
}

}  // namespace

CaLocations FindCaLocations(const std::string& ca_bundle, const Environment& environment,
                            const std::string& system_directory) {
  if (!ca_bundle.empty()) return {ca_bundle, std::nullopt};
  CaLocations locations{environment("SSL_CERT_FILE"), environment("SSL_CERT_DIR")};
  if (!locations.file && !locations.directory && HasHashedNames(system_directory)) {
    locations.directory = system_directory;
  }
  return locations;
}

}  // namespace credmint
