// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ossl/encoding.h"
#include "tpm2/device/capability.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/nv_certificates.h"
#include "tpm2/device/nv_index.h"
#include "tpm2/provider/key_description.h"
#include "tpm2/signing/key_source.h"

namespace credmint::tpm2 {
namespace {

using Json = nlohmann::ordered_json;
using provider::ListedObject;

/// The properties from the specification's level to the second half of the firmware version.
constexpr UINT32 kFixedProperties = TPM2_PT_FIRMWARE_VERSION_2 - TPM2_PT_FAMILY_INDICATOR + 1;

/// The properties from the permanent attributes to the interval of recovery.
constexpr UINT32 kStateProperties = TPM2_PT_LOCKOUT_INTERVAL - TPM2_PT_PERMANENT + 1;

/// The four characters in a number, which is padded with blanks or zero bytes.
std::string Characters(UINT32 value) {
  std::string text;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    const char character = static_cast<char>(value >> shift & 0xffU);
    if (character != '\0') text += character;
  }
  return text;
}

std::string Trimmed(const std::string& text) {
  const std::size_t last = text.find_last_not_of(' ');
  return text.substr(0, last == std::string::npos ? 0 : last + 1);
}

/// An inventory in progress.
class Survey {
 public:
  Survey(const Tpm2Provider& provider, std::shared_ptr<Tpm> tpm, const Secret& owner_auth)
      : provider_(provider), tpm_(std::move(tpm)), owner_auth_(owner_auth) {}

  Result<void> AddTpm() {
    auto read = ReadProperties(*tpm_, TPM2_PT_FAMILY_INDICATOR, kFixedProperties);
    if (!read) return Fail(read, "asking the TPM what it is");
    std::map<TPM2_PT, UINT32>& value = *read;
    auto state = ReadProperties(*tpm_, TPM2_PT_PERMANENT, kStateProperties);
    if (!state) return Fail(state, "asking the TPM for its state");
    std::map<TPM2_PT, UINT32>& now = *state;
    const UINT32 revision = value[TPM2_PT_REVISION];
    const UINT32 first = value[TPM2_PT_FIRMWARE_VERSION_1];
    const UINT32 second = value[TPM2_PT_FIRMWARE_VERSION_2];
    std::string model;
    for (const TPM2_PT part : {TPM2_PT_VENDOR_STRING_1, TPM2_PT_VENDOR_STRING_2,
                               TPM2_PT_VENDOR_STRING_3, TPM2_PT_VENDOR_STRING_4}) {
      model += Characters(value[part]);
    }
    Add("handle:",
        {{"kind", "tpm"},
         {"manufacturer", Trimmed(Characters(value[TPM2_PT_MANUFACTURER]))},
         {"model", Trimmed(model)},
         {"firmware", fmt::format("{}.{}.{}.{}", first >> 16U, first & 0xffffU, second >> 16U,
                                  second & 0xffffU)},
         {"specification", fmt::format("TPM {} level {} revision {}.{:02}",
                                       Trimmed(Characters(value[TPM2_PT_FAMILY_INDICATOR])),
                                       value[TPM2_PT_LEVEL], revision / 100, revision % 100)},
         {"failedTries", now[TPM2_PT_LOCKOUT_COUNTER]},
         {"maxTries", now[TPM2_PT_MAX_AUTH_FAIL]},
         {"recoverySeconds", now[TPM2_PT_LOCKOUT_INTERVAL]},
         {"lockedOut", (now[TPM2_PT_PERMANENT] & TPMA_PERMANENT_INLOCKOUT) != 0},
         {"freeSlots", now[TPM2_PT_HR_TRANSIENT_AVAIL]}});
    return {};
  }

  void AddObject(TPM2_HANDLE handle) {
    const PersistentKey source(handle);
    const auto area = source.Load(tpm_, Secret()).and_then([&](const LoadedKey& loaded) {
      return source.ReadPublic(*tpm_, loaded.object, provider_.digests());
    });
    if (area) {
      entries_.push_back(ListObject(handle, *area, provider_.core().context()));
    } else {
      Add("",
          {{"kind", "object"}, {"label", FormatHandle(handle)}, {"error", area.error().message}});
    }
  }

  void AddNvIndex(TPM2_HANDLE handle) {
    const std::string label = FormatHandle(handle);
    const std::string uri = "nv:" + label;
    const auto index = NvIndex::Open(tpm_, handle, provider_.digests());
    if (index && !index->HoldsData()) return;
    const auto contents =
        index ? index->Read(std::nullopt, owner_auth_) : Result<Bytes>(Fail(index));
    if (!contents) {
      Add(uri, {{"kind", "certificate"}, {"label", label}, {"error", contents.error().message}});
      return;
    }
    const auto certificates = CertificatesInNv(*contents);
    if (!certificates) return;
    for (const Bytes& der : *certificates) {
      entries_.push_back(DescribeNvCertificate(handle, der));
    }
  }

  std::vector<ListedObject> Take() { return std::move(entries_); }

 private:
  void Add(std::string uri, const Json& description) {
    entries_.push_back(
        {std::move(uri), description.dump(-1, ' ', false, Json::error_handler_t::replace)});
  }

  const Tpm2Provider& provider_;
  std::shared_ptr<Tpm> tpm_;
  const Secret& owner_auth_;
  std::vector<ListedObject> entries_;
};

/// The handles to list: `only`, if it is in use, or all handles in use.
Result<std::vector<TPM2_HANDLE>> Wanted(Tpm& tpm, std::optional<TPM2_HANDLE> only) {
  std::vector<TPM2_HANDLE> wanted;
  for (const TPM2_HANDLE first : {TPM2_PERSISTENT_FIRST, TPM2_NV_INDEX_FIRST}) {
    const auto handles = ListHandles(tpm, first);
    if (!handles) return Fail(handles, "asking the TPM for its handles");
    std::copy_if(handles->begin(), handles->end(), std::back_inserter(wanted),
                 [only](TPM2_HANDLE handle) { return !only || handle == *only; });
  }
  if (only && wanted.empty()) {
    return Fail(ErrorCode::kKeyNotFound, "the TPM has nothing at " + FormatHandle(*only),
                Remedy::kListTpm);
  }
  return wanted;
}

}  // namespace

ListedObject DescribeNvCertificate(TPM2_HANDLE index, ByteView der) {
  const std::string label = FormatHandle(index);
  const Json json = {{"kind", "certificate"}, {"label", label}, {"certificate", Base64(der)}};
  return {"nv:" + label, json.dump()};
}

Result<std::vector<ListedObject>> TakeInventory(const Tpm2Provider& provider,
                                                const std::optional<std::string>& tcti,
                                                const Secret& owner_auth,
                                                std::optional<TPM2_HANDLE> only) {
  const auto tpm = provider.Connect(tcti);
  if (!tpm) return Fail(tpm);
  const auto handles = Wanted(**tpm, only);
  if (!handles) return Fail(handles);
  Survey survey(provider, *tpm, owner_auth);
  if (auto added = survey.AddTpm(); !added) return Fail(std::move(added));
  for (const TPM2_HANDLE handle : *handles) {
    if (IsPersistent(handle)) survey.AddObject(handle);
    if (IsNvIndex(handle)) survey.AddNvIndex(handle);
  }
  return survey.Take();
}

}  // namespace credmint::tpm2
