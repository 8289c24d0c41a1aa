// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/public_area.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace credmint::tpm2 {
namespace {

using provider::KeyType;
using provider::PublicKey;

constexpr const char* kCreateSigningKey =
    "create a signing key: attributes sign and userwithauth, not restricted, and no fixed scheme, "
    "such as openssl genpkey -provider tpm2 -algorithm EC -pkeyopt group:P-256";

struct Curve {
  TPMI_ECC_CURVE curve;
  const char* group;
  std::size_t size;  // bytes of a coordinate, and of the order
};

constexpr std::array<Curve, 3> kCurves = {{
    {TPM2_ECC_NIST_P256, "prime256v1", 32},
    {TPM2_ECC_NIST_P384, "secp384r1", 48},
    {TPM2_ECC_NIST_P521, "secp521r1", 66},
}};

constexpr UINT32 kDefaultExponent = 65537;  // TPM 2.0 Part 2 section 12.2.3.5: written as zero

tl::unexpected<Error> Unusable(std::string message) {
  return Fail(ErrorCode::kKeyUnusable, std::move(message), kCreateSigningKey);
}

ByteView WithoutLeadingZeros(ByteView number) {
  const auto first =
      std::find_if(number.begin(), number.end(), [](auto byte) { return byte != 0; });
  return number.subspan(static_cast<std::size_t>(first - number.begin()));
}

Bytes ExponentBytes(UINT32 exponent) {
  const UINT32 value = exponent == 0 ? kDefaultExponent : exponent;
  const std::array<std::uint8_t, 4> bytes = {
      static_cast<std::uint8_t>(value >> 24U), static_cast<std::uint8_t>(value >> 16U),
      static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
  const ByteView shortest = WithoutLeadingZeros(bytes);
  return {shortest.begin(), shortest.end()};
}

/// A TPM may omit the leading zero bytes of a coordinate.
bool AppendCoordinate(Bytes& point, const TPM2B_ECC_PARAMETER& coordinate, std::size_t size) {
  const ByteView value = WithoutLeadingZeros(ByteView(coordinate.buffer, coordinate.size));
  if (value.size() > size) return false;
  point.insert(point.end(), size - value.size(), 0);
  point.insert(point.end(), value.begin(), value.end());
  return true;
}

Result<void> CheckAttributes(const TPMT_PUBLIC& area) {
  const TPMA_OBJECT attributes = area.objectAttributes;
  if ((attributes & TPMA_OBJECT_SIGN_ENCRYPT) == 0) {
    return Unusable("the TPM key cannot sign (it is a storage or decryption key)");
  }
  if ((attributes & TPMA_OBJECT_RESTRICTED) != 0) {
    return Unusable("the TPM key is restricted: it signs only what the TPM itself has hashed");
  }
  if ((attributes & TPMA_OBJECT_USERWITHAUTH) == 0 && area.authPolicy.size == 0) {
    return Unusable("the TPM key can be used neither with its auth value nor under a policy");
  }
  return {};
}

/// `algorithm` is the usual scheme of such keys. A key has a fixed scheme with a hash, or none.
Result<SigningScheme> ReadScheme(TPMI_ALG_SIG_SCHEME algorithm, TPM2_ALG_ID fixed,
                                 TPMI_ALG_HASH fixed_hash, std::size_t order_size) {
  SigningScheme scheme{algorithm, std::nullopt, order_size};
  if (fixed == TPM2_ALG_NULL) return scheme;
  const bool pss = algorithm == TPM2_ALG_RSASSA && fixed == TPM2_ALG_RSAPSS;
  if (fixed != algorithm && !pss) {
    return Unusable(fmt::format("the TPM key has a fixed scheme (0x{:04x}) other than {}", fixed,
                                algorithm == TPM2_ALG_RSASSA ? "RSASSA and RSAPSS" : "ECDSA"));
  }
  scheme.algorithm = fixed;
  scheme.fixed_hash = FindTpmHash(fixed_hash);
  if (!scheme.fixed_hash) {
    return Unusable(
        fmt::format("the TPM key has a fixed hash (0x{:04x}) that is not supported", fixed_hash));
  }
  return scheme;
}

const Curve* FindCurve(TPMI_ECC_CURVE id) {
  const auto* curve = std::find_if(kCurves.begin(), kCurves.end(),
                                   [id](const Curve& known) { return known.curve == id; });
  return curve == kCurves.end() ? nullptr : curve;
}

Result<PublicKey> ReadRsa(const TPMT_PUBLIC& area) {
  const TPMS_RSA_PARMS& parameters = area.parameters.rsaDetail;
  const std::size_t size = parameters.keyBits / 8U;
  if (size != 256 && size != 384 && size != 512) {
    return Unusable(fmt::format("the TPM key is RSA with {} bits", parameters.keyBits));
  }
  const TPM2B_PUBLIC_KEY_RSA& unique = area.unique.rsa;
  const ByteView modulus = WithoutLeadingZeros(ByteView(unique.buffer, unique.size));
  if (modulus.size() != size) {
    return Fail(ErrorCode::kMalformed, "the TPM key's modulus is not as long as it says");
  }
  PublicKey key;
  key.type = KeyType::kRsa;
  key.modulus.assign(modulus.begin(), modulus.end());
  key.exponent = ExponentBytes(parameters.exponent);
  return key;
}

Result<PublicKey> ReadEc(const TPMT_PUBLIC& area) {
  const TPMI_ECC_CURVE id = area.parameters.eccDetail.curveID;
  const Curve* curve = FindCurve(id);
  if (curve == nullptr) {
    return Unusable(
        fmt::format("the TPM key is on a curve (0x{:04x}) other than P-256, P-384 and P-521", id));
  }
  PublicKey key;
  key.type = KeyType::kEc;
  key.group = curve->group;
  key.point = {4};
  if (!AppendCoordinate(key.point, area.unique.ecc.x, curve->size) ||
      !AppendCoordinate(key.point, area.unique.ecc.y, curve->size)) {
    return Fail(ErrorCode::kMalformed, "the TPM key's point is longer than its curve allows");
  }
  return key;
}

bool FillRsa(const PublicKey& key, TPMT_PUBLIC& area) {
  TPM2B_PUBLIC_KEY_RSA& unique = area.unique.rsa;
  TPMS_RSA_PARMS& parameters = area.parameters.rsaDetail;
  if (key.modulus.size() > sizeof unique.buffer || key.exponent.size() > sizeof(UINT32))
    return false;
  area.type = TPM2_ALG_RSA;
  parameters.scheme.scheme = TPM2_ALG_NULL;
  parameters.keyBits = static_cast<TPMI_RSA_KEY_BITS>(key.modulus.size() * 8);
  for (const std::uint8_t byte : key.exponent)
    parameters.exponent = parameters.exponent << 8U | byte;
  unique.size = static_cast<UINT16>(key.modulus.size());
  std::copy(key.modulus.begin(), key.modulus.end(), unique.buffer);
  return true;
}

bool FillEc(const PublicKey& key, TPMT_PUBLIC& area) {
  const auto* curve = std::find_if(kCurves.begin(), kCurves.end(),
                                   [&](const Curve& known) { return known.group == key.group; });
  if (curve == kCurves.end() || key.point.size() != 1 + 2 * curve->size) return false;
  area.type = TPM2_ALG_ECC;
  area.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  area.parameters.eccDetail.curveID = curve->curve;
  area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  const auto* coordinate = key.point.data() + 1;
  for (TPM2B_ECC_PARAMETER* half : {&area.unique.ecc.x, &area.unique.ecc.y}) {
    half->size = static_cast<UINT16>(curve->size);
    std::copy(coordinate, coordinate + curve->size, half->buffer);
    coordinate += curve->size;
  }
  return true;
}

Result<SigningScheme> ReadSchemeOf(const TPMT_PUBLIC& area) {
  if (area.type == TPM2_ALG_RSA) {
    const TPMT_RSA_SCHEME& scheme = area.parameters.rsaDetail.scheme;
    auto result = ReadScheme(TPM2_ALG_RSASSA, scheme.scheme, scheme.details.rsassa.hashAlg, 0);
    if (result) {
      result->decrypts = !result->fixed_hash && (area.objectAttributes & TPMA_OBJECT_DECRYPT) != 0;
    }
    return result;
  }
  const TPMS_ECC_PARMS& parameters = area.parameters.eccDetail;
  const Curve* curve = FindCurve(parameters.curveID);
  return ReadScheme(TPM2_ALG_ECDSA, parameters.scheme.scheme,
                    parameters.scheme.details.ecdsa.hashAlg, curve != nullptr ? curve->size : 0);
}

}  // namespace

std::optional<KeyType> KeyTypeOf(const TPM2B_PUBLIC& area) {
  switch (area.publicArea.type) {
    case TPM2_ALG_RSA:
      return KeyType::kRsa;
    case TPM2_ALG_ECC:
      return KeyType::kEc;
    default:
      return std::nullopt;
  }
}

Result<PublicKey> ReadPublicKey(const TPM2B_PUBLIC& area) {
  const auto type = KeyTypeOf(area);
  if (!type) return Unusable("the TPM object is not an RSA or EC key");
  return *type == KeyType::kRsa ? ReadRsa(area.publicArea) : ReadEc(area.publicArea);
}

Result<TPM2B_PUBLIC> ExternalPublicArea(const PublicKey& key) {
  TPM2B_PUBLIC area{};
  TPMT_PUBLIC& part = area.publicArea;
  part.nameAlg = TPM2_ALG_SHA256;
  part.objectAttributes = TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_DECRYPT | TPMA_OBJECT_SIGN_ENCRYPT;
  part.parameters.asymDetail.symmetric.algorithm = TPM2_ALG_NULL;
  const bool filled = key.type == KeyType::kRsa ? FillRsa(key, part)
                                                : key.type == KeyType::kEc && FillEc(key, part);
  if (filled && ReadPublicKey(area)) return area;
  return Fail(ErrorCode::kKeyUnusable, "a TPM cannot verify signatures of such a key",
              "take a key of RSA with 2048, 3072 or 4096 bits, or on P-256, P-384 or P-521");
}

Result<PublicArea> ReadPublicArea(const TPM2B_PUBLIC& area) {
  if (!KeyTypeOf(area)) return Unusable("the TPM object is not an RSA or EC key");
  if (auto usable = CheckAttributes(area.publicArea); !usable) return Fail(std::move(usable));
  if (!FindTpmHash(area.publicArea.nameAlg)) {
    return Unusable("the TPM key has an unknown name algorithm");
  }
  auto key = ReadPublicKey(area);
  if (!key) return Fail(std::move(key));
  const auto scheme = ReadSchemeOf(area.publicArea);
  if (!scheme) return Fail(scheme);
  const TPMA_OBJECT attributes = area.publicArea.objectAttributes;
  const bool by_auth = (attributes & TPMA_OBJECT_USERWITHAUTH) != 0;
  return PublicArea{*std::move(key), *scheme, area.publicArea.authPolicy.size != 0, !by_auth,
                    by_auth && (attributes & TPMA_OBJECT_NODA) == 0};
}

Result<PublicArea> ReadPersistentPublicArea(const TPM2B_PUBLIC& area) {
  auto read = ReadPublicArea(area);
  if (!read || !read->needs_policy) return read;
  return Fail(ErrorCode::kKeyUnusable,
              "the TPM key can be used only under a policy, which a handle does not tell",
              "use a key file that has the policy in it (TSS2 PRIVATE KEY)");
}

}  // namespace credmint::tpm2
