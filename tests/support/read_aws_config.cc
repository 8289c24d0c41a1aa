// SPDX-License-Identifier: Apache-2.0
// Parses the texts of AWS config files, one after another, for a test in another language.
//
// A request on stdin is two lines and two byte strings. The lines hold the strings' decimal
// lengths; the strings are the file's text and the profile's name. An answer is a line with a
// length, then the profile's settings as JSON.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "credentials/profile/aws_config.h"

namespace {

std::string Take(std::size_t size) {
  std::string bytes(size, '\0');
  std::cin.read(bytes.data(), static_cast<std::streamsize>(size));
  return bytes;
}

nlohmann::json ToJson(const std::optional<std::string>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::size_t text_size = 0;
  std::size_t profile_size = 0;
  while (std::cin >> text_size >> profile_size) {
    std::cin.get();
    const std::string text = Take(text_size);
    const std::string profile = Take(profile_size);
    const credmint::AwsConfig config(text);
    auto json = nlohmann::json::object();
    for (const char* name : {"ca_bundle", "use_fips_endpoint", "use_dualstack_endpoint",
                             "endpoint_url", "services", "ignore_configured_endpoint_urls"}) {
      json[name] = ToJson(config.Find(profile, name));
    }
    json["there"] = config.HasProfile(profile);
    const auto services = config.Find(profile, "services");
    json["nested"] =
        ToJson(config.FindOfService(services.value_or(""), "rolesanywhere", "endpoint_url"));
    const std::string answer = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    std::cout << answer.size() << '\n' << answer << std::flush;
  }
}
