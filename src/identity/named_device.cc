// SPDX-License-Identifier: Apache-2.0
#include "identity/named_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/shown_value.h"

namespace credmint {
namespace {

/// The value of an attribute in a URI's query, still encoded; empty if there is none.
std::string_view QueryAttribute(std::string_view uri, std::string_view name) {
  std::size_t at = uri.find('?');
  while (at != std::string_view::npos) {
    const std::string_view attribute = uri.substr(at + 1, uri.find('&', at + 1) - at - 1);
    if (attribute.size() > name.size() && attribute.starts_with(name) &&
        attribute[name.size()] == '=') {
      return attribute.substr(name.size() + 1);
    }
    at = uri.find('&', at + 1);
  }
  return {};
}

}  // namespace

bool NamesDevice(const KeyReference& reference) {
  const auto& names = reference.scheme()->device_attributes;
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return !name.empty() && !QueryAttribute(reference.text(), name).empty();
  });
}

bool IsDeviceGiven(const Scheme& scheme,
                   const std::vector<std::pair<std::string, std::string>>& parameters) {
  return std::any_of(parameters.begin(), parameters.end(),
                     [&](const auto& one) { return one.first == scheme.device_parameter; });
}

StoreDevice DeviceOf(const Scheme& scheme, std::string_view uri, const StoreOptions& options,
                     const SandboxRules& sandbox) {
  std::string which;
  for (const auto& [name, value] : options.parameters) {
    if (name == scheme.device_parameter) which = value;
  }
  for (const std::string_view attribute : scheme.device_attributes) {
    if (which.empty() && !attribute.empty()) which = QueryAttribute(uri, attribute);
  }
  std::error_code failed;
  const std::filesystem::path real =
      which.starts_with('/') ? std::filesystem::canonical(which, failed) : "";
  return {fmt::format("{} {}", scheme.provider, real.empty() ? which : real.string()),
          which.empty() ? std::string(scheme.device)
                        : fmt::format("{} {}", scheme.device, ShownPath(which)),
          {},
          sandbox};
}

}  // namespace credmint
