// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/serialized_object.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "tpm2/device/tpm_hash.h"

namespace credmint::tpm2 {
namespace {

constexpr std::size_t kHandleSize = 4;
constexpr std::size_t kTypeSize = 4;
constexpr std::size_t kSizeSize = 2;

std::size_t ReadUint16(ByteView bytes) {
  return static_cast<std::size_t>(bytes[0]) << 8U | bytes[1];
}

/// Cuts off the first `size` bytes. Empty if there are fewer.
ByteView Take(ByteView& rest, std::size_t size) {
  if (rest.size() < size) return rest = {};
  const ByteView taken = rest.first(size);
  rest = rest.subspan(size);
  return taken;
}

/// Cuts off a TPM2B and returns it without its size.
ByteView TakeSized(ByteView& rest) {
  const ByteView size = Take(rest, kSizeSize);
  return size.empty() ? ByteView() : Take(rest, ReadUint16(size));
}

bool IsNameOf(ByteView name, ByteView area, provider::DigestTable& digests) {
  if (name.size() < kSizeSize || area.empty()) return false;
  const auto algorithm = FindTpmHash(static_cast<TPMI_ALG_HASH>(ReadUint16(name)));
  if (!algorithm) return false;
  const auto entry = digests.Find(algorithm->name);
  if (!entry) return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  if (EVP_Digest(area.data(), area.size(), hash.data(), &size, (*entry)->md.get(), nullptr) != 1) {
    return false;
  }
  const ByteView expected = name.subspan(kSizeSize);
  return std::equal(expected.begin(), expected.end(), hash.begin(), hash.begin() + size);
}

}  // namespace

std::optional<Bytes> AreaInSerialized(ByteView blob, provider::DigestTable& digests) {
  ByteView rest = blob;
  Take(rest, kHandleSize);
  const ByteView name = TakeSized(rest);
  Take(rest, kTypeSize);
  const ByteView sized_area = rest;
  const ByteView area = TakeSized(rest);
  if (!rest.empty() || !IsNameOf(name, area, digests)) return std::nullopt;
  return Bytes(sized_area.begin(), sized_area.end());
}

std::optional<Bytes> KnownArea(const TpmObject& object, provider::DigestTable& digests) {
  return AreaInSerialized(object.Write(), digests);
}

}  // namespace credmint::tpm2
