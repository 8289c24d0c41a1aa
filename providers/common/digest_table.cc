// SPDX-License-Identifier: Apache-2.0
#include "common/digest_table.h"

#include <strings.h>

#include <string>

namespace credmint::provider {

Result<const DigestEntry*> DigestTable::Find(const char* name) {
  std::call_once(fetched_, [this] { Fetch(); });
  if (name == nullptr || *name == '\0') name = entries_.front().name;
  for (const DigestEntry& entry : entries_) {
    const bool named = strcasecmp(name, entry.name) == 0 ||
                       strcasecmp(name, entry.long_name) == 0 ||
                       EVP_MD_is_a(entry.md.get(), name) == 1;
    if (named && entry.md) return &entry;
  }
  return Fail(ErrorCode::kKeyUnusable, std::string("the digest ") + name + " is not supported",
              "use SHA256, SHA384 or SHA512");
}

Result<const DigestEntry*> DigestTable::Find(Digest digest) {
  for (const DigestEntry& entry : entries_) {
    if (entry.digest == digest) return Find(entry.name);
  }
  return Fail(ErrorCode::kInternal, "the digest is not in the table");
}

void DigestTable::Fetch() {
  for (DigestEntry& entry : entries_) entry.md.reset(EVP_MD_fetch(context_, entry.name, nullptr));
}

}  // namespace credmint::provider
