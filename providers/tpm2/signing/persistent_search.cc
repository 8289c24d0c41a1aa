// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/persistent_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/secret.h"
#include "tpm2/device/capability.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/signing/key_source.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {
namespace {

/// The public half of what is there; nothing if it is no key that can be read.
std::optional<provider::PublicKey> HalfAt(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE handle,
                                          provider::DigestTable& digests) {
  const PersistentKey source(handle);
  const auto loaded = source.Load(tpm, Secret());
  if (!loaded) return std::nullopt;
  const auto area = source.ReadPublic(*tpm, loaded->object, digests);
  if (!area) return std::nullopt;
  auto half = ReadPublicKey(*area);
  return half ? std::optional(*std::move(half)) : std::nullopt;
}

}  // namespace

Result<TPM2_HANDLE> FindPersistent(const std::shared_ptr<Tpm>& tpm,
                                   std::span<const provider::PublicKey> halves,
                                   provider::DigestTable& digests) {
  const auto handles = ListHandles(*tpm, TPM2_PERSISTENT_FIRST);
  if (!handles) return Fail(handles, "asking the TPM for its handles");
  std::optional<TPM2_HANDLE> found;
  std::optional<provider::PublicKey> found_half;
  for (const TPM2_HANDLE handle : *handles) {
    auto half = HalfAt(tpm, handle, digests);
    if (!half || std::find(halves.begin(), halves.end(), *half) == halves.end()) continue;
    if (found && *half == *found_half) continue;
    if (found) {
      return Fail(ErrorCode::kKeyAmbiguous,
                  fmt::format("the TPM has keys of several of the certificates: handle:{}, "
                              "handle:{}",
                              FormatHandle(*found), FormatHandle(handle)));
    }
    found = handle;
    found_half = std::move(half);
  }
  if (found) return *found;
  return Fail(ErrorCode::kKeyNotFound, "the TPM has no key that belongs to the certificate",
              Remedy::kListTpm);
}

}  // namespace credmint::tpm2
