// SPDX-License-Identifier: Apache-2.0
#include "base/stream_once.h"

#include <map>

#include "base/guarded.h"
#include "base/read_file.h"

namespace credmint {

Result<Secret> ReadStreamOnce(int descriptor, const std::string& name) {
  static Guarded<std::map<int, Result<Secret>>> kept;
  const auto access = kept.Lock();
  auto found = access->find(descriptor);
  if (found == access->end()) {
    found = access->emplace(descriptor, ReadDescriptor(descriptor, name)).first;
  }
  const Result<Secret>& contents = found->second;
  if (!contents) return Fail(contents);
  return contents->Clone();
}

}  // namespace credmint
