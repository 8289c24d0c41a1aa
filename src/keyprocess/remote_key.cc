// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/remote_key.h"

#include <string>
#include <utility>

#include "ossl/read_store.h"

namespace credmint::keyprocess {

Result<PkeyPtr> MakeRemoteKey(const LibraryContext& context, PublicParameters public_key,
                              std::shared_ptr<const RemoteSigner> signer) {
  const RemoteKey key{std::move(public_key), std::move(signer)};
  const RemoteKey* address = &key;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&address);
  StoreOptions options;
  options.properties = std::string("provider=") + kRemoteProvider;
  options.octets.emplace_back(RemoteKey::kParameter, Bytes(bytes, bytes + sizeof(void*)));
  auto contents = OpenStore(context, std::string(kRemoteProvider) + ":", options);
  if (!contents) return Fail(std::move(contents));
  return std::move(contents->keys.front());
}

}  // namespace credmint::keyprocess
