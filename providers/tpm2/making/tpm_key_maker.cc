// SPDX-License-Identifier: Apache-2.0
#include "tpm2/making/tpm_key_maker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "tpm2/device/capability.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/lockout.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/keyfile/tss2_key_writer.h"
#include "tpm2/making/eviction.h"
#include "tpm2/policy/pcr_values.h"
#include "tpm2/policy/policy_authority.h"
#include "tpm2/policy/policy_digest.h"
#include "tpm2/provider/key_description.h"
#include "tpm2/signing/hierarchy_failure.h"
#include "tpm2/signing/key_source.h"
#include "tpm2/signing/parent.h"

namespace credmint::tpm2 {
namespace {

using provider::ListedObject;

constexpr TPMA_OBJECT kSigningKey = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_SIGN_ENCRYPT;
constexpr TPMA_OBJECT kParentUses = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

/// The lowest handle that is for the platform's keys (TPM 2.0 Part 2 section 7.8).
constexpr TPM2_HANDLE kFirstOfPlatform = 0x81800000;

TpmResult<void> TestType(Tpm& tpm, const TpmKeyType& type) {
  const TPMT_PUBLIC_PARMS parameters = type.Parameters();
  return tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TestParms(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &parameters);
  });
}

Result<void> CheckType(Tpm& tpm, const TpmKeyType& type) {
  const auto tested = TestType(tpm, type);
  if (tested) return {};
  if (tested.error().fault() != TpmFault::kBadParameter) {
    return Fail(tested, "asking the TPM what it can make");
  }
  std::vector<std::string_view> others;
  for (const TpmKeyType& other : TpmKeyTypes()) {
    if (other.name != type.name && TestType(tpm, other)) others.push_back(other.name);
  }
  return Fail(ErrorCode::kKeyUnusable, fmt::format("the TPM cannot make {} keys", type.name),
              others.empty() ? "by what it says it can make no other key either"
                             : fmt::format("it can make {}", fmt::join(others, ", ")));
}

Result<void> CheckIsFree(Tpm& tpm, TPM2_HANDLE handle) {
  if (handle == kStorageRootKey) {
    return Fail(ErrorCode::kUsage,
                FormatHandle(handle) + " is where other programs look for the storage root key",
                "choose another handle, such as 0x81000002");
  }
  if (handle >= kFirstOfPlatform) {
    return Fail(ErrorCode::kUsage, FormatHandle(handle) + " is for keys of the platform",
                "the owner's handles are 0x81000000 to 0x817fffff");
  }
  const auto used = ListHandles(tpm, TPM2_PERSISTENT_FIRST);
  if (!used) return Fail(used, "asking the TPM for its handles");
  if (std::find(used->begin(), used->end(), handle) == used->end()) return {};
  return Fail(ErrorCode::kUsage, "the TPM has a key at " + FormatHandle(handle) + " already",
              "a key is never overwritten: choose another handle, or delete that key first");
}

/// A key that is loaded, and the parts of its file.
struct MadeKey {
  TpmObject object;
  Tss2KeyFile file;
};

/// Makes one key.
class Making {
 public:
  Making(const Tpm2Provider& provider, std::shared_ptr<Tpm> tpm, const NewTpmKey& key)
      : provider_(provider), tpm_(std::move(tpm)), key_(key) {}

  Result<MadeKey> Make();

 private:
  [[nodiscard]] bool has_own_parent() const { return IsPersistent(key_.parent); }
  [[nodiscard]] const Secret& parent_auth() const;
  [[nodiscard]] Result<void> CheckParent() const;
  [[nodiscard]] Result<TpmObject> OpenTheParent() const;
  [[nodiscard]] Result<Policy> MakePolicy() const;
  [[nodiscard]] Result<TPM2B_DIGEST> DigestOf(const Policy& policy) const;
  [[nodiscard]] TPM2B_PUBLIC Template(const TPM2B_DIGEST& policy) const;
  [[nodiscard]] Result<void> Create(const TpmObject& parent, Tss2KeyFile& file) const;
  [[nodiscard]] Result<TpmObject> Load(const TpmObject& parent, const Tss2KeyFile& file) const;
  [[nodiscard]] Result<void> Check(const TpmObject& made, const TPM2B_PUBLIC& wanted,
                                   TPM2B_PUBLIC& area) const;
  [[nodiscard]] Error ParentFailure(const TpmFailure& failure) const;

  const Tpm2Provider& provider_;
  std::shared_ptr<Tpm> tpm_;
  const NewTpmKey& key_;
};

/// A hierarchy's primary has no auth value of its own.
const Secret& Making::parent_auth() const {
  static const Secret kNone;
  return has_own_parent() ? key_.parent_auth : kNone;
}

Error Making::ParentFailure(const TpmFailure& failure) const {
  if (!has_own_parent()) return HierarchyFailure(TPM2_RH_OWNER, failure, key_.owner_auth);
  const std::string name = "TPM key " + FormatHandle(key_.parent);
  if (failure.fault() == TpmFault::kNoSuchHandle) {
    return MakeError(ErrorCode::kKeyNotFound,
                     "there is no parent key at handle " + FormatHandle(key_.parent),
                     Remedy::kListTpm);
  }
  if (failure.WasRefusal() && key_.parent_auth.empty()) {
    return MakeError(ErrorCode::kPinRequired,
                     name + " needs an auth value (it is the key's parent) and none was given",
                     Remedy::kGiveParentAuth, failure.CountedNote());
  }
  return failure.ToError().In("using " + name + " as the key's parent");
}

Result<void> Making::CheckParent() const {
  if (!has_own_parent()) return {};
  const auto object = TpmObject::Open(tpm_, key_.parent);
  if (!object) return Fail(ParentFailure(object.error()));
  const auto area = PersistentKey(key_.parent).ReadPublic(*tpm_, *object, provider_.digests());
  if (!area) return Fail(area);
  const TPMA_OBJECT attributes = area->publicArea.objectAttributes;
  if ((attributes & kParentUses) == kParentUses) {
    return (attributes & TPMA_OBJECT_NODA) != 0 ? Result<void>() : CheckIsNotLocked(*tpm_);
  }
  return Fail(ErrorCode::kKeyUnusable,
              FormatHandle(key_.parent) + " is no storage key, so it cannot be a parent",
              Remedy::kListTpm, "a parent has the attributes restricted and decrypt");
}

Result<TpmObject> Making::OpenTheParent() const {
  auto parent =
      OpenParent(tpm_, key_.parent, false, has_own_parent() ? key_.parent_auth : key_.owner_auth);
  if (!parent) return Fail(ParentFailure(parent.error()));
  return *std::move(parent);
}

Result<Policy> Making::MakePolicy() const {
  Policy policy;
  policy.steps = key_.policy;
  if (key_.authority) {
    const auto placeholder = MakePlaceholder(key_.authority.get());
    if (!placeholder) return Fail(placeholder);
    policy.steps = {*placeholder};
  }
  if (key_.pcrs.count > 0) {
    const auto values = HashPcrs(*tpm_, key_.pcrs, provider_.digests());
    if (!values) return Fail(values);
    policy.steps.emplace_back(PolicyPcr{*values, key_.pcrs});
  }
  if (key_.auth.empty() && policy.NeedsAuthValue()) {
    return Fail(ErrorCode::kUsage, "the policy wants the key's auth value, and it shall have none",
                "give the key an auth value, or leave out PolicyAuthValue");
  }
  const bool adds_auth = !key_.auth.empty() && !policy.empty() && !policy.NeedsAuthValue();
  if (adds_auth) policy.steps.emplace_back(PolicyAuthValue{});
  return policy;
}

/// The steps go into the file, and their digest into the key.
Result<TPM2B_DIGEST> Making::DigestOf(const Policy& policy) const {
  if (policy.empty()) return TPM2B_DIGEST{};
  return PolicyDigest(provider_.core().digest_context(), policy.steps,
                      *FindTpmHash(TPM2_ALG_SHA256));
}

TPM2B_PUBLIC Making::Template(const TPM2B_DIGEST& policy) const {
  const bool exempt = key_.auth.empty() || key_.exempt_from_lockout;
  const TPMT_PUBLIC_PARMS parameters = key_.type.Parameters();
  TPM2B_PUBLIC area{};
  area.publicArea.type = parameters.type;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = kSigningKey | (exempt ? TPMA_OBJECT_NODA : 0U) |
                                     (policy.size == 0 ? TPMA_OBJECT_USERWITHAUTH : 0U);
  area.publicArea.authPolicy = policy;
  area.publicArea.parameters = parameters.parameters;
  return area;
}

/// The session encrypts the new key's auth value, also where the parent has none.
Result<void> Making::Create(const TpmObject& parent, Tss2KeyFile& file) const {
  const auto session =
      SessionFor(tpm_, parent_auth().empty() ? key_.auth : parent_auth(), {&parent});
  if (!session) return Fail(session, "starting a TPM session");
  TPM2B_SENSITIVE_CREATE sensitive{};
  const std::string_view auth = key_.auth.Reveal();
  sensitive.sensitive.userAuth.size = static_cast<UINT16>(auth.size());
  std::copy(auth.begin(), auth.end(), sensitive.sensitive.userAuth.buffer);
  const TPM2B_DATA outside_info{};
  const TPML_PCR_SELECTION creation_pcr{};
  TPM2B_PRIVATE* private_area = nullptr;
  TPM2B_PUBLIC* public_area = nullptr;
  const auto made = tpm_->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_Create(esys, parent.handle(), session->handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                              &sensitive, &file.public_area, &outside_info, &creation_pcr,
                              &private_area, &public_area, nullptr, nullptr, nullptr);
  });
  explicit_bzero(&sensitive, sizeof sensitive);
  const Handle<TPM2B_PRIVATE, EsysFree> private_owner(private_area);
  const Handle<TPM2B_PUBLIC, EsysFree> public_owner(public_area);
  if (!made) return Fail(ParentFailure(made.error()));
  file.private_area = *private_area;
  file.public_area = *public_area;
  return {};
}

Result<TpmObject> Making::Load(const TpmObject& parent, const Tss2KeyFile& file) const {
  const auto session = SessionFor(tpm_, parent_auth(), {&parent});
  if (!session) return Fail(session, "starting a TPM session");
  auto loaded = TpmObject::Load(tpm_, [&](ESYS_CONTEXT* esys, ESYS_TR* object) {
    return Tss2().Esys_Load(esys, parent.handle(), session->handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                            &file.private_area, &file.public_area, object);
  });
  if (!loaded) return Fail(loaded, "loading the new key");
  return *std::move(loaded);
}

/// Asks the TPM what it made.
Result<void> Making::Check(const TpmObject& made, const TPM2B_PUBLIC& wanted,
                           TPM2B_PUBLIC& area) const {
  TPM2B_PUBLIC* read_area = nullptr;
  const auto read = tpm_->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_ReadPublic(esys, made.handle(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &read_area, nullptr, nullptr);
  });
  const Handle<TPM2B_PUBLIC, EsysFree> owner(read_area);
  if (!read) return Fail(read, "reading the new key");
  area = *read_area;
  const TPMT_PUBLIC& found = area.publicArea;
  const TPMT_PUBLIC& asked = wanted.publicArea;
  std::vector<std::string> mistakes;
  if (!key_.type.Describes(found) || found.nameAlg != asked.nameAlg) {
    mistakes.emplace_back("of another type");
  }
  if (found.objectAttributes != asked.objectAttributes) {
    mistakes.push_back(fmt::format("with the attributes 0x{:x} instead of 0x{:x}",
                                   found.objectAttributes, asked.objectAttributes));
  }
  const bool same_policy =
      std::equal(found.authPolicy.buffer, found.authPolicy.buffer + found.authPolicy.size,
                 asked.authPolicy.buffer, asked.authPolicy.buffer + asked.authPolicy.size);
  if (!same_policy) mistakes.emplace_back("under another policy");
  if (mistakes.empty()) return {};
  return Fail(
      ErrorCode::kKeyUnusable,
      fmt::format("the TPM made a key that is {}; it was discarded", fmt::join(mistakes, ", ")),
      "tpm2_create may be able to make the key as it should be");
}

Result<MadeKey> Making::Make() {
  const TpmKeyType& type = key_.type;
  if (auto can = CheckType(*tpm_, type); !can) return Fail(std::move(can));
  if (auto fits = CheckParent(); !fits) return Fail(std::move(fits));
  Tss2KeyFile file;
  file.empty_auth = key_.auth.empty();
  file.parent = key_.parent;
  auto policy = MakePolicy();
  if (!policy) return Fail(std::move(policy));
  file.policy = *std::move(policy);
  const auto digest = DigestOf(file.policy);
  if (!digest) return Fail(digest);
  const TPM2B_PUBLIC wanted = Template(*digest);
  file.public_area = wanted;
  const auto parent = OpenTheParent();
  if (!parent) return Fail(parent);
  if (auto created = Create(*parent, file); !created) return Fail(std::move(created));
  auto loaded = Load(*parent, file);
  if (!loaded) return Fail(std::move(loaded));
  if (auto good = Check(*loaded, wanted, file.public_area); !good) return Fail(std::move(good));
  return MadeKey{*std::move(loaded), std::move(file)};
}

}  // namespace

Result<ListedObject> TpmKeyMaker::MakeAt(TPM2_HANDLE handle) const {
  const auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(tpm);
  const auto hold = (*tpm)->Hold();
  if (auto is_free = CheckIsFree(**tpm, handle); !is_free) return Fail(std::move(is_free));
  const auto made = Making(provider_, *tpm, key_).Make();
  if (!made) return Fail(made);
  if (auto done = Evict(*tpm, made->object, handle, key_.owner_auth, {}); !done) {
    return Fail(std::move(done));
  }
  return ListObject(handle, made->file.public_area, provider_.core().context());
}

Result<std::string> TpmKeyMaker::MakeFile() const {
  const auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(tpm);
  const auto hold = (*tpm)->Hold();
  const auto made = Making(provider_, *tpm, key_).Make();
  if (!made) return Fail(made);
  return WriteTss2KeyFile(made->file);
}

}  // namespace credmint::tpm2
