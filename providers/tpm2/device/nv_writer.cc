// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/nv_writer.h"

#include <fmt/format.h>
#include <openssl/x509.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "ossl/error_queue.h"
#include "tpm2/device/capability.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/lockout.h"
#include "tpm2/device/nv_certificates.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/signing/hierarchy_failure.h"

namespace credmint::tpm2 {
namespace {

constexpr TPMA_NV kAttributes =
    TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA;
/// Attributes that tell the state of an index, and are no part of its definition.
constexpr TPMA_NV kState = TPMA_NV_WRITTEN | TPMA_NV_WRITELOCKED | TPMA_NV_READLOCKED;

TPMS_NV_PUBLIC AreaFor(TPM2_HANDLE index, std::size_t size) {
  TPMS_NV_PUBLIC area{};
  area.nvIndex = index;
  area.nameAlg = TPM2_ALG_SHA256;
  area.attributes = kAttributes;
  area.dataSize = static_cast<UINT16>(size);
  return area;
}

/// Whether an index is one that NvWriter may have defined.
bool IsDefinedAsOurs(const TPMS_NV_PUBLIC& area) {
  return (area.attributes & ~kState) == kAttributes && area.authPolicy.size == 0;
}

/// Whether these are the new contents, of which some were not written.
bool IsUnfinished(const Bytes& contents, const Bytes& wanted) {
  return std::equal(contents.begin(), contents.end(), wanted.begin(), wanted.end(),
                    [](std::uint8_t found, std::uint8_t want) {
                      return found == want || found == 0x00 || found == 0xff;
                    });
}

/// The DER SubjectPublicKeyInfo; empty if the certificate cannot be parsed.
Bytes CertifiedKey(const Bytes& der) {
  const ErrorMark mark;
  const unsigned char* cursor = der.data();
  const X509Ptr x509(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
  if (!x509) return {};
  unsigned char* key = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509.get()), &key);
  Bytes copy;
  if (size > 0) copy.assign(key, key + size);
  OPENSSL_free(key);
  return copy;
}

tl::unexpected<Error> NotReplaced(std::string_view why) {
  return Fail(ErrorCode::kUsage, fmt::format("it is not replaced, because {}", why),
              Remedy::kListTpm, "choose an index that is free");
}

}  // namespace

Error NvWriter::Explain(const TpmFailure& failure) const {
  if (failure.fault() == TpmFault::kNoNvSpace) {
    return {ErrorCode::kDevice, "the TPM has no room for it",
            "keep the certificate in a file, or remove an index that nobody uses"};
  }
  return HierarchyFailure(TPM2_RH_OWNER, failure, owner_auth_);
}

Result<NvWriter::Limits> NvWriter::ReadLimits() const {
  constexpr UINT32 kCount = TPM2_PT_NV_BUFFER_MAX - TPM2_PT_NV_INDEX_MAX + 1;
  const auto properties = ReadProperties(*tpm_, TPM2_PT_NV_INDEX_MAX, kCount);
  if (!properties) return Fail(properties, "asking the TPM for its limits");
  const auto value = [&](TPM2_PT property, UINT32 otherwise, UINT32 most) {
    const auto found = properties->find(property);
    const bool known = found != properties->end() && found->second > 0;
    return std::min(known ? found->second : otherwise, most);
  };
  constexpr UINT32 kUsualBuffer = 512;
  return Limits{
      value(TPM2_PT_NV_INDEX_MAX, UINT16_MAX, UINT16_MAX),
      static_cast<UINT16>(value(TPM2_PT_NV_BUFFER_MAX, kUsualBuffer, TPM2_MAX_NV_BUFFER_SIZE))};
}

Result<Bytes> NvWriter::ReadBack(TPM2_HANDLE index) const {
  const auto opened = NvIndex::Open(tpm_, index, digests_);
  if (!opened) return Fail(opened);
  return opened->Read(std::nullopt, owner_auth_);
}

Result<void> NvWriter::Fill(TPM2_HANDLE index, const Bytes& contents, UINT16 piece) const {
  if (const auto written = space_.Write(index, contents, piece); !written) {
    return Fail(Explain(written.error()));
  }
  const auto shown = ReadBack(index);
  if (!shown) return Fail(shown);
  if (*shown == contents) return {};
  return Fail(ErrorCode::kDevice, "the TPM shows other contents than were written");
}

/// Leaves no index behind if it fails.
Result<void> NvWriter::Make(const TPMS_NV_PUBLIC& area, const Bytes& contents, UINT16 piece) const {
  if (const auto defined = space_.Define(area); !defined) return Fail(Explain(defined.error()));
  auto filled = Fill(area.nvIndex, contents, piece);
  if (filled) return {};
  const auto removed = Remove(area.nvIndex);
  if (!removed) filled.error().message += "; the new index could not be removed again";
  return filled;
}

Result<void> NvWriter::Remove(TPM2_HANDLE index) const {
  if (const auto removed = space_.Undefine(index); !removed) return Fail(Explain(removed.error()));
  return {};
}

Result<void> NvWriter::ReplaceInPlace(const Earlier& earlier, Bytes certificates,
                                      UINT16 piece) const {
  certificates.resize(earlier.area.dataSize);
  auto filled = Fill(earlier.area.nvIndex, certificates, piece);
  if (filled || filled.error().code != ErrorCode::kDevice) return filled;
  const bool restored = Fill(earlier.area.nvIndex, earlier.contents, piece).has_value();
  filled.error().message += restored ? "; the earlier contents are there" : "";
  return filled;
}

Result<void> NvWriter::MakeAnew(const Earlier& earlier, const Bytes& certificates,
                                UINT16 piece) const {
  const TPM2_HANDLE index = earlier.area.nvIndex;
  if (auto removed = Remove(index); !removed) return removed;
  auto made = Make(AreaFor(index, certificates.size()), certificates, piece);
  if (made || earlier.contents.empty()) return made;
  TPMS_NV_PUBLIC area = earlier.area;
  area.attributes &= ~kState;
  const bool restored = Make(area, earlier.contents, piece).has_value();
  made.error().message += restored ? "; the earlier contents were put back"
                                   : "; the earlier contents could not be put back";
  return made;
}

Result<void> NvWriter::Replace(NvIndex index, const Bytes& certificates, bool overwrite,
                               UINT16 piece) const {
  Earlier earlier{index.area(), {}};
  const bool is_ours = IsDefinedAsOurs(earlier.area);
  if (!index.HoldsData()) {
    if (!is_ours) return NotReplaced("it holds no certificate");
    { const NvIndex closed = std::move(index); }
    return MakeAnew(earlier, certificates, piece);
  }
  {
    const NvIndex closed = std::move(index);  // nobody may have open what is removed
    auto contents = closed.Read(std::nullopt, owner_auth_);
    if (!contents) return Fail(std::move(contents));
    earlier.contents = *std::move(contents);
  }
  const auto found = CertificatesInNv(earlier.contents);
  if (!found && is_ours && IsUnfinished(earlier.contents, certificates)) {
    return MakeAnew({earlier.area, {}}, certificates, piece);
  }
  if (!found) return NotReplaced("it holds something other than certificates");
  const auto wanted = CertificatesInNv(certificates);
  if (!wanted) return Fail(wanted);
  if (*found == *wanted) return {};
  const bool same_key = CertifiedKey(found->front()) == CertifiedKey(wanted->front());
  if (!same_key && !overwrite) {
    return Fail(ErrorCode::kUsage, "it holds a certificate of another key", Remedy::kOverwrite);
  }
  const std::size_t size = earlier.area.dataSize;
  if (certificates.size() <= size && size <= piece) {
    return ReplaceInPlace(earlier, certificates, piece);
  }
  if (is_ours) return MakeAnew(earlier, certificates, piece);
  return NotReplaced("it would have to be removed, and was defined with other attributes");
}

Result<void> NvWriter::Put(TPM2_HANDLE index, const Bytes& certificates, bool overwrite) {
  if (owner_auth_.size() > kMaxAuthSize) {
    return Fail(ErrorCode::kPinIncorrect, "the auth value is longer than a TPM allows");
  }
  if (auto open = CheckIsNotLocked(*tpm_); !open) return open;
  const auto limits = ReadLimits();
  if (!limits) return Fail(limits);
  if (certificates.size() > limits->index) {
    return Fail(
        ErrorCode::kUsage,
        fmt::format("the certificates have {} bytes, and this TPM has at most {} in an index",
                    certificates.size(), limits->index),
        "leave out issuers, and keep them in a file");
  }
  auto existing = NvIndex::Open(tpm_, index, digests_);
  if (existing) return Replace(*std::move(existing), certificates, overwrite, limits->piece);
  if (existing.error().code != ErrorCode::kKeyNotFound) return Fail(std::move(existing));
  return Make(AreaFor(index, certificates.size()), certificates, limits->piece);
}

}  // namespace credmint::tpm2
