// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/tss2_key_file.h"

#include <fmt/format.h>
#include <openssl/asn1.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/printable.h"
#include "common/bio_pem_block.h"
#include "ossl/der_reader.h"
#include "ossl/encoding.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/tpm_reader.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/device/tss_log.h"
#include "tpm2/keyfile/der_number.h"

namespace credmint::tpm2 {
namespace {

// 2.23.133.10.1, the OID arc of the key types. The type's number follows.
constexpr std::array<std::uint8_t, 5> kKeyTypes = {0x67, 0x81, 0x05, 0x0a, 0x01};
constexpr std::uint8_t kLoadable = 3;
constexpr std::uint8_t kImportable = 4;
constexpr std::uint8_t kSealed = 5;

enum ContextTag {
  kEmptyAuth = 0,
  kPolicy = 1,
  kSecret = 2,
  kAuthPolicy = 3,
  kDescription = 4,
  kRsaParent = 5,
};

constexpr std::size_t kMaxDescription = 64;

tl::unexpected<Error> Malformed(std::string_view what) {
  return Fail(ErrorCode::kMalformed, fmt::format("the TPM key file is damaged: {}", what));
}

/// The last number of the key type's object identifier; nullopt outside the arc.
std::optional<std::uint8_t> ReadKeyType(ByteView identifier) {
  if (identifier.size() != kKeyTypes.size() + 1 ||
      !std::equal(kKeyTypes.begin(), kKeyTypes.end(), identifier.begin())) {
    return std::nullopt;
  }
  return identifier.back();
}

/// Fails first for an object that is not a key, before its other fields can confuse anyone.
Result<std::uint8_t> CheckKeyType(ByteView identifier) {
  switch (ReadKeyType(identifier).value_or(0)) {
    case kLoadable:
    case kImportable:
      return identifier.back();
    case kSealed:
      return Fail(ErrorCode::kKeyUnusable, "the TPM key file holds sealed data, not a key");
    default:
      return Malformed("it has an unknown type");
  }
}

bool ReadBoolean(const DerItem& element, bool& value) {
  const auto contents = element.Inside(V_ASN1_BOOLEAN);
  if (!contents || contents->size() != 1) return false;
  value = contents->front() != 0;
  return true;
}

bool ReadDescription(const DerItem& element, std::string& description) {
  const auto contents = element.Inside(V_ASN1_UTF8STRING);
  if (!contents) return false;
  const auto* text = reinterpret_cast<const char*>(contents->data());
  description = Printable({text, contents->size()}, kMaxDescription);
  return true;
}

/// Unmarshals all of `marshalled`, whose leading two-byte size must be right.
template <typename Unmarshal, typename T>
bool ReadTpmStructure(Unmarshal unmarshal, ByteView marshalled, T& value) {
  if (marshalled.size() < 3 ||
      std::size_t{marshalled[0]} * 256 + marshalled[1] != marshalled.size() - 2) {
    return false;
  }
  TpmReader reader(marshalled);
  return reader.Read(unmarshal, value) && reader.AtEnd();
}

bool ReadImportSeed(const DerItem& element, Tss2KeyFile& key) {
  const auto contents = element.Inside(V_ASN1_OCTET_STRING);
  return contents && ReadTpmStructure(Tss2().Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal, *contents,
                                      key.import_seed.emplace());
}

/// Keeps what was read of a field. On failure, the error of `read` says more than that the field
/// makes no sense.
template <typename T>
Result<bool> Keep(Result<T> read, T& field) {
  if (!read) return Fail(std::move(read), "the TPM key file cannot be used");
  field = *std::move(read);
  return true;
}

Result<bool> ReadOptionalField(const DerItem& element, Tss2KeyFile& key) {
  switch (element.tag) {
    case kEmptyAuth:
      return ReadBoolean(element, key.empty_auth);
    case kPolicy:
      return Keep(ReadPolicy(element), key.policy.steps);
    case kSecret:
      return ReadImportSeed(element, key);
    case kAuthPolicy:
      return Keep(ReadSignedPolicies(element), key.policy.signed_policies);
    case kDescription:
      return ReadDescription(element, key.description);
    case kRsaParent:
      return ReadBoolean(element, key.rsa_parent);
    default:
      return true;
  }
}

Result<void> ReadOptionalFields(DerReader& reader, Tss2KeyFile& key) {
  int previous = -1;
  while (const auto element = reader.NextContextTag()) {
    if (element->tag <= previous) return Malformed("its fields are out of order");
    previous = element->tag;
    auto understood = ReadOptionalField(*element, key);
    if (!understood) return Fail(std::move(understood));
    if (!*understood) return Malformed(fmt::format("its field [{}] makes no sense", element->tag));
  }
  return {};
}

/// A PolicyAuthorize without a signature is a placeholder for a signed policy. It must come first.
Result<void> CheckPolicy(const Policy& policy) {
  for (const PolicyStep& step : policy.steps) {
    const auto* authorize = std::get_if<PolicyAuthorize>(&step);
    if (authorize == nullptr || authorize->signature) continue;
    if (&step != &policy.steps.front()) {
      return Malformed("its policy has an unsigned PolicyAuthorize that is not the first step");
    }
  }
  return {};
}

std::optional<TPM2_HANDLE> ReadParent(ByteView integer) {
  const auto handle = ReadUint32(integer);
  if (!handle) return std::nullopt;
  switch (*handle) {
    case 0:
      return TPM2_RH_OWNER;
    case TPM2_RH_OWNER:
    case TPM2_RH_NULL:
    case TPM2_RH_ENDORSEMENT:
    case TPM2_RH_PLATFORM:
      return handle;
    default:
      return IsPersistent(*handle) ? handle : std::nullopt;
  }
}

Result<Tss2KeyFile> ReadKey(DerReader reader) {
  if (auto loaded = LoadTss2(); !loaded) return Fail(std::move(loaded));
  const auto type = reader.Next(V_ASN1_OBJECT);
  if (!type) return Malformed("it has no type");
  const auto kind = CheckKeyType(*type);
  if (!kind) return Fail(kind);
  Tss2KeyFile key;
  if (auto read = ReadOptionalFields(reader, key); !read) return Fail(std::move(read));
  if (auto fit = CheckPolicy(key.policy); !fit) return Fail(std::move(fit));
  if (key.import_seed.has_value() != (*kind == kImportable)) {
    return Malformed("importable keys have a secret (field [2]), and only they");
  }
  const auto parent = reader.Next(V_ASN1_INTEGER);
  if (!parent) return Malformed("it has no parent");
  const auto handle = ReadParent(*parent);
  if (!handle) {
    return Malformed("its parent is neither a persistent handle nor a hierarchy");
  }
  key.parent = *handle;
  const auto public_area = reader.Next(V_ASN1_OCTET_STRING);
  if (!public_area ||
      !ReadTpmStructure(Tss2().Tss2_MU_TPM2B_PUBLIC_Unmarshal, *public_area, key.public_area)) {
    return Malformed("its public part cannot be read");
  }
  const auto private_area = reader.Next(V_ASN1_OCTET_STRING);
  if (!private_area ||
      !ReadTpmStructure(Tss2().Tss2_MU_TPM2B_PRIVATE_Unmarshal, *private_area, key.private_area)) {
    return Malformed("its private part cannot be read");
  }
  if (!reader.AtEnd()) return Malformed("something follows its private part");
  return key;
}

}  // namespace

Result<Tss2KeyFile> Tss2KeyFile::ParseDer(ByteView der) {
  SilenceTssLog();
  if (der.size() > kMaxKeyFileSize) return Malformed("it is too long");
  DerReader reader(der);
  const auto sequence = reader.Next(V_ASN1_SEQUENCE);
  if (!sequence || !reader.AtEnd()) return Malformed("it is not one DER sequence");
  auto key = ReadKey(DerReader(*sequence));
  if (key) key->der.assign(der.begin(), der.end());
  return key;
}

Result<Tss2KeyFile> Tss2KeyFile::Parse(std::string_view contents) {
  if (contents.size() > kMaxKeyFileSize) return Malformed("it is too long");
  if (LooksLikeTss2KeyFile(AsBytes(contents))) return ParseDer(AsBytes(contents));
  const BioPtr bio(BIO_new_mem_buf(contents.data(), static_cast<int>(contents.size())));
  if (!bio) return Fail(ErrorCode::kInternal, "out of memory");
  while (const auto block = provider::BioPemBlock::Read(bio.get())) {
    if (block->label != kTss2PemLabel) continue;
    if (block->has_header) return Malformed("it has an encryption header");
    return ParseDer(AsBytes(block->contents.Reveal()));
  }
  return Malformed(fmt::format("it holds no intact {} block", kTss2PemLabel));
}

bool LooksLikeTss2KeyFile(ByteView der) {
  DerReader outer(der);
  const auto sequence = outer.Next(V_ASN1_SEQUENCE);
  if (!sequence) return false;
  DerReader inner(*sequence);
  const auto type = inner.Next(V_ASN1_OBJECT);
  return type && ReadKeyType(*type).has_value();
}

}  // namespace credmint::tpm2
