// SPDX-License-Identifier: Apache-2.0
#include "credentials/process_json.h"

#include <string>
#include <vector>

#include "base/json_object.h"
#include "base/timestamp.h"

namespace credmint {

Secret FormatProcessJson(const Credentials& credentials) {
  const std::string expiration = FormatTimestamp(credentials.expiration);
  std::vector<JsonMember> members = {
      {"Version", "1", false},
      {"AccessKeyId", credentials.access_key_id},
      {"SecretAccessKey", credentials.secret_access_key.Reveal()},
      {"SessionToken", credentials.session_token.Reveal()},
      {"Expiration", expiration},
  };
  if (!credentials.account_id.empty()) members.push_back({"AccountId", credentials.account_id});
  return FormatJsonObject(members);
}

}  // namespace credmint
