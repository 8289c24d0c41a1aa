#include "base/stream_once.h"

#include <map>

#include "base/guarded.h"
#include "base/read_file.h"

namespace credmint {

Result<Secret> ReadStreamOnce(int descriptor, const std::string& name) {
  static Guarded<std::map<int, Secret>> kept;
  const auto access = kept.Lock();
  if (const auto found = access->find(descriptor); found != access->end()) {
    return found->second.Clone();
  }
  auto contents = ReadDescriptor(descriptor, name);
  if (!contents) return contents;
  return access->emplace(descriptor, *std::move(contents)).first->second.Clone();
}

}  // namespace credmint
