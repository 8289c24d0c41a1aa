// SPDX-License-Identifier: Apache-2.0
#include "attestation/key_area.h"

#include <algorithm>
#include <array>

#include "attestation/structure_reader.h"
#include "attestation/tpm_hashing.h"
#include "ossl/der_element.h"

namespace credmint {
namespace {

constexpr std::uint16_t kRsaType = 0x0001;
constexpr std::uint16_t kEccType = 0x0023;
constexpr std::uint16_t kNothing = 0x0010;  // TPM_ALG_NULL

constexpr auto kNull = std::to_array<std::uint8_t>({0x05, 0});
constexpr auto kNoSpareBits = std::to_array<std::uint8_t>({0});
constexpr auto kUncompressed = std::to_array<std::uint8_t>({0x04});
constexpr auto kUsualExponent = std::to_array<std::uint8_t>({1, 0, 1});
constexpr auto kRsaEncryption = std::to_array<std::uint8_t>(
    {kDerIdentifier, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01});
constexpr auto kEcPublicKey =
    std::to_array<std::uint8_t>({kDerIdentifier, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01});
constexpr auto kP256 = std::to_array<std::uint8_t>(
    {kDerIdentifier, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07});
constexpr auto kP384 =
    std::to_array<std::uint8_t>({kDerIdentifier, 5, 0x2b, 0x81, 0x04, 0x00, 0x22});
constexpr auto kP521 =
    std::to_array<std::uint8_t>({kDerIdentifier, 5, 0x2b, 0x81, 0x04, 0x00, 0x23});

struct NamedCurve {
  std::uint16_t number;  // TPM_ECC_CURVE
  ByteView identifier;
  std::size_t size;  // bytes of a coordinate
};

const NamedCurve* FindNamedCurve(std::uint16_t number) {
  static const NamedCurve kNamedCurves[] = {
      {0x0003, kP256, 32}, {0x0004, kP384, 48}, {0x0005, kP521, 66}};
  for (const NamedCurve& curve : kNamedCurves) {
    if (curve.number == number) return &curve;
  }
  return nullptr;
}

Bytes SubjectPublicKey(ByteView algorithm, ByteView parameters, ByteView key) {
  return DerElement(kDerSequence, {DerElement(kDerSequence, {algorithm, parameters}),
                                   DerElement(kDerBitString, {kNoSpareBits, key})});
}

ByteView WithoutZeros(ByteView number) {
  const auto first =
      std::find_if(number.begin(), number.end(), [](std::uint8_t byte) { return byte != 0; });
  return number.subspan(static_cast<std::size_t>(first - number.begin()));
}

/// An INTEGER, which is positive.
Bytes PositiveInteger(ByteView number) {
  const ByteView digits = WithoutZeros(number);
  const bool is_padded = digits.empty() || digits.front() >= 0x80;
  return DerElement(kDerInteger, {is_padded ? ByteView(kNoSpareBits) : ByteView(), digits});
}

Bytes RsaKey(StructureReader& area) {
  const std::uint16_t bits = area.Short();
  const std::uint32_t exponent = area.Long();
  const ByteView modulus = area.Sized();
  const bool is_usual = (bits == 2048 || bits == 3072 || bits == 4096) &&
                        WithoutZeros(modulus).size() == bits / 8U &&
                        (exponent == 0 || exponent == 65537);
  if (!is_usual) area.Reject();
  const Bytes key =
      DerElement(kDerSequence, {PositiveInteger(modulus), PositiveInteger(kUsualExponent)});
  return SubjectPublicKey(kRsaEncryption, kNull, key);
}

Bytes EccKey(StructureReader& area) {
  const NamedCurve* const curve = FindNamedCurve(area.Short());
  if (area.Short() != kNothing) area.Take(2);  // the KDF and its hash
  const ByteView x = WithoutZeros(area.Sized());
  const ByteView y = WithoutZeros(area.Sized());
  if (curve == nullptr || x.size() > curve->size || y.size() > curve->size) {
    area.Reject();
    return {};
  }
  Bytes point(kUncompressed.begin(), kUncompressed.end());
  for (const ByteView coordinate : {x, y}) {
    point.insert(point.end(), curve->size - coordinate.size(), 0);
    point.insert(point.end(), coordinate.begin(), coordinate.end());
  }
  return SubjectPublicKey(kEcPublicKey, curve->identifier, point);
}

/// Reads a scheme and its hash. Those that sign otherwise than all verifiers can check are refused.
void ReadScheme(StructureReader& area, bool is_rsa, KeyArea& read) {
  read.scheme = TpmScheme{area.Short()};
  if (read.scheme == TpmScheme::kAny) return;
  read.scheme_hash = area.Short();
  const bool fits = is_rsa ? read.scheme == TpmScheme::kPkcs1 || read.scheme == TpmScheme::kPss
                           : read.scheme == TpmScheme::kEcdsa;
  if (!fits || FindHash(read.scheme_hash) == nullptr) area.Reject();
}

/// The key as DER; empty if it is of no known type.
Bytes ReadParameters(StructureReader& area, std::uint16_t type, KeyArea& read) {
  if (area.Short() != kNothing) area.Take(4);  // the symmetric algorithm's bits and mode
  ReadScheme(area, type == kRsaType, read);
  if (type == kRsaType) return RsaKey(area);
  if (type == kEccType) return EccKey(area);
  area.Reject();
  return {};
}

}  // namespace

Result<KeyArea> ReadKeyArea(const LibraryContext& context, ByteView sized) {
  StructureReader outer(sized);
  const ByteView contents = outer.Sized();
  StructureReader area(contents);
  const std::uint16_t type = area.Short();
  KeyArea read;
  read.name_hash = area.Short();
  read.attributes = area.Long();
  const ByteView policy = area.Sized();
  read.policy.assign(policy.begin(), policy.end());
  const Bytes der = ReadParameters(area, type, read);
  const HashKind* const hash = FindHash(read.name_hash);
  const bool good = outer.IsComplete() && area.IsComplete() && hash != nullptr &&
                    (policy.empty() || policy.size() == hash->size);
  if (!good) {
    return Fail(ErrorCode::kAttestation,
                "it is not the public area of an RSA or EC key that this program can check");
  }
  const ErrorMark mark;
  const std::uint8_t* cursor = der.data();
  read.key = {
      d2i_PUBKEY_ex(nullptr, &cursor, static_cast<long>(der.size()), context.get(), nullptr),
      EVP_PKEY_free};
  if (!read.key) return Fail(ErrorCode::kAttestation, "its public key is none");
  const auto digest = HashOf(context, *hash, {contents});
  if (!digest) return Fail(digest);
  read.name = {static_cast<std::uint8_t>(hash->number >> 8U),
               static_cast<std::uint8_t>(hash->number)};
  read.name.insert(read.name.end(), digest->begin(), digest->end());
  return read;
}

}  // namespace credmint
