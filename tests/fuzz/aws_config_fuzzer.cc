// SPDX-License-Identifier: Apache-2.0
// Fed: a line with the name of a profile, and the text of an AWS config file.
//
// Holds: the lines are the text. Only a profile that is there has settings.

#include <string>

#include "credentials/profile/aws_config.h"
#include "credentials/profile/credentials_file.h"
#include "fuzz/input.h"
#include "fuzz/require.h"

namespace credmint {
namespace {

void Check(std::string_view profile, std::string_view text) {
  std::string joined;
  for (const IniLine& line : ReadIniLines(text)) joined.append(line.text).append(line.end);
  test::Require(joined == text, "the lines are the text");

  const AwsConfig config(text);
  for (const char* setting : {"ca_bundle", "endpoint_url", "services", "use_fips_endpoint"}) {
    const auto value = config.Find(profile, setting);
    test::Require(!value || config.HasProfile(profile), "only a profile that is there has it");
    test::Require(!value || !value->starts_with('\n'), "nested settings are no value");
    if (!value) continue;
    const auto nested = config.FindOfService(*value, "rolesanywhere", "endpoint_url");
    test::Require(!nested || nested->find('\n') == std::string::npos, "a value is one line");
  }
  static_cast<void>(CheckConfig(text, profile));
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::test::Input input(data, size);
  const std::string_view profile = input.Line();
  credmint::Check(profile, input.Rest());
  return 0;
}
