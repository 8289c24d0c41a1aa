// SPDX-License-Identifier: Apache-2.0
#include "tpm2/making/tpm_key_remover.h"

#include "tpm2/device/handle_uri.h"
#include "tpm2/making/eviction.h"
#include "tpm2/provider/key_description.h"
#include "tpm2/signing/key_source.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {

Result<provider::ListedObject> RemoveKey(const Tpm2Provider& provider,
                                         const std::optional<std::string>& tcti, TPM2_HANDLE handle,
                                         const Secret& owner_auth, bool remove) {
  const auto tpm = provider.Connect(tcti);
  if (!tpm) return Fail(tpm);
  const auto hold = (*tpm)->Hold();
  const PersistentKey source(handle);
  const auto key = source.Load(*tpm, Secret());
  if (!key) return Fail(key);
  const auto area = source.ReadPublic(**tpm, key->object, provider.digests());
  if (!area) return Fail(area);
  if (const auto signs = ReadPublicArea(*area); !signs) {
    Error error = Error(signs.error()).In(source.name());
    error.SetHint("only keys that sign are deleted; tpm2_evictcontrol -c removes any object");
    return Fail(std::move(error));
  }
  if (remove) {
    if (auto done = Evict(*tpm, key->object, handle, owner_auth, {}); !done) {
      return Fail(std::move(done));
    }
  }
  return ListObject(handle, *area, provider.core().context());
}

}  // namespace credmint::tpm2
