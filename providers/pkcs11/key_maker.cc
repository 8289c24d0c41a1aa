// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/key_maker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "pkcs11/key_search.h"
#include "pkcs11/object_uri.h"
#include "pkcs11/provider/listing.h"

namespace credmint::pkcs11 {
namespace {

using provider::ListedObject;
using Handles = std::vector<CK_OBJECT_HANDLE>;

constexpr const char* kUnfinished = " (unfinished)";

/// A demand on a private key, and how to call one that is otherwise. A token need not show all.
struct Demand {
  CK_ATTRIBUTE_TYPE attribute;
  bool value;
  bool shown;
  const char* otherwise;
};

constexpr Demand kDemands[] = {
    {CKA_TOKEN, true, true, "gone when the session ends"},
    {CKA_PRIVATE, true, true, "visible without a login"},
    {CKA_SENSITIVE, true, true, "not sensitive"},
    {CKA_EXTRACTABLE, false, true, "extractable"},
    {CKA_SIGN, true, true, "not for signatures"},
    {CKA_ALWAYS_SENSITIVE, true, false, "not made in the token"},
    {CKA_NEVER_EXTRACTABLE, true, false, "not made in the token"},
    {CKA_DECRYPT, false, false, "for decryption, too"},
    {CKA_UNWRAP, false, false, "for unwrapping, too"},
    {CKA_DERIVE, false, false, "for derivation, too"},
};

/// Attributes about the use of a key. Some tokens decide that themselves, and refuse to be told.
/// The key that they make is read back.
constexpr CK_ATTRIBUTE_TYPE kDispensable[] = {CKA_SIGN,   CKA_SIGN_RECOVER, CKA_DECRYPT, CKA_UNWRAP,
                                              CKA_DERIVE, CKA_VERIFY,       CKA_ENCRYPT, CKA_WRAP};

struct NewPair {
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE private_key = 0;
};

bool CanMake(const Slot& slot, const NewKeyType& type) {
  CK_MECHANISM_INFO info{};
  const CK_RV known =
      slot.module().Call(&CK_FUNCTION_LIST::C_GetMechanismInfo, slot.id(), type.mechanism, &info);
  if (known != CKR_OK || (info.flags & CKF_GENERATE_KEY_PAIR) == 0) return false;
  const bool has_sizes = type.type != CKK_EC_EDWARDS && info.ulMaxKeySize > 0;
  return !has_sizes || (info.ulMinKeySize <= type.bits && type.bits <= info.ulMaxKeySize);
}

tl::unexpected<Error> CannotMake(const Slot& slot, const NewKeyType& type, std::string_view why) {
  std::vector<std::string_view> others;
  for (const NewKeyType& other : NewKeyTypes()) {
    if (other.name != type.name && CanMake(slot, other)) others.push_back(other.name);
  }
  return Fail(
      ErrorCode::kKeyUnusable, fmt::format("{} cannot make {} keys{}", slot.Name(), type.name, why),
      others.empty() ? "its module offers to make no other key either"
                     : fmt::format("by its mechanisms it can make {}", fmt::join(others, ", ")));
}

Result<Handles> FindByLabel(const Session& session, CK_OBJECT_CLASS object_class,
                            std::string label) {
  return FindObjects(session, {{CKA_CLASS, &object_class, sizeof object_class},
                               {CKA_LABEL, label.data(), static_cast<CK_ULONG>(label.size())}});
}

bool IsOfTemplate(CK_RV result) {
  return result == CKR_ATTRIBUTE_TYPE_INVALID || result == CKR_ATTRIBUTE_VALUE_INVALID ||
         result == CKR_TEMPLATE_INCONSISTENT || result == CKR_ATTRIBUTE_READ_ONLY;
}

bool IsOfType(CK_RV result) {
  return result == CKR_MECHANISM_INVALID || result == CKR_MECHANISM_PARAM_INVALID ||
         result == CKR_CURVE_NOT_SUPPORTED || result == CKR_DOMAIN_PARAMS_INVALID ||
         result == CKR_KEY_SIZE_RANGE || IsOfTemplate(result);
}

void LeaveOutDispensable(std::vector<CK_ATTRIBUTE>& attributes) {
  std::erase_if(attributes, [](const CK_ATTRIBUTE& attribute) {
    return std::find(std::begin(kDispensable), std::end(kDispensable), attribute.type) !=
           std::end(kDispensable);
  });
}

CK_RV TryToMake(const Session& session, const NewKeyType& type, KeyTemplate& attributes,
                NewPair& pair) {
  CK_MECHANISM mechanism = {type.mechanism, nullptr, 0};
  std::vector<CK_ATTRIBUTE>& public_key = attributes.public_key();
  std::vector<CK_ATTRIBUTE>& private_key = attributes.private_key();
  return session.Call(&CK_FUNCTION_LIST::C_GenerateKeyPair, &mechanism, public_key.data(),
                      static_cast<CK_ULONG>(public_key.size()), private_key.data(),
                      static_cast<CK_ULONG>(private_key.size()), &pair.public_key,
                      &pair.private_key);
}

/// Two processes with one label find no key at first, and each makes one.
tl::unexpected<Error> IsNotOnly() {
  return Fail(ErrorCode::kUsage, "another process made or removed such a key at the same time",
              Remedy::kListToken);
}

class KeyMaker {
 public:
  KeyMaker(const Session& session, const NewKeyType& type, std::string label, Bytes id, bool beside)
      : session_(session),
        type_(type),
        label_(std::move(label)),
        id_(std::move(id)),
        beside_(beside) {}

  Result<CK_OBJECT_HANDLE> Make();

 private:
  [[nodiscard]] std::string Unfinished() const { return label_ + kUnfinished; }
  [[nodiscard]] Result<void> CheckIsNew() const;
  [[nodiscard]] Result<Handles> FindSame() const;
  [[nodiscard]] Result<void> ClearUnfinished() const;
  [[nodiscard]] Result<void> ClearHalf() const;
  [[nodiscard]] Result<void> ClearOrphans() const;
  [[nodiscard]] Result<NewPair> Generate(const std::string& label) const;
  [[nodiscard]] Result<void> Check(const NewPair& pair) const;
  [[nodiscard]] Result<void> Name(const NewPair& pair) const;
  [[nodiscard]] Result<void> CheckNames(const NewPair& pair, const Bytes& id) const;
  [[nodiscard]] Result<void> CheckIsOnly() const;
  [[nodiscard]] Error Remove(const NewPair& pair, Error why) const;

  const Session& session_;
  const NewKeyType& type_;
  std::string label_;
  Bytes id_;  ///< empty: that of the public key
  const bool beside_;
};

/// The private keys that are taken for the new one, or would be.
Result<Handles> KeyMaker::FindSame() const {
  if (beside_) return FindById(session_, CKO_PRIVATE_KEY, id_);
  auto same = FindByLabel(session_, CKO_PRIVATE_KEY, label_);
  const bool may_be_more = same && same->size() < 2 && !id_.empty();
  if (!may_be_more) return same;
  auto by_id = FindById(session_, CKO_PRIVATE_KEY, id_);
  return by_id && by_id->size() < same->size() ? same : by_id;
}

Result<void> KeyMaker::CheckIsNew() const {
  const auto same = FindSame();
  if (!same) return Fail(same);
  if (same->empty()) return {};
  const std::string uri =
      ObjectUri(session_.slot(), CKO_PRIVATE_KEY, ReadNames(session_, same->front()));
  return Fail(ErrorCode::kUsage,
              fmt::format("{} has such a private key already: {}", session_.slot().Name(), uri),
              "a key is never overwritten: choose another object=LABEL, or delete that key first");
}

/// Removes the leavings of a killed process. They had no name yet that anybody could use.
Result<void> KeyMaker::ClearUnfinished() const {
  bool private_key_found = false;
  for (const CK_OBJECT_CLASS object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
    const auto left = FindByLabel(session_, object_class, Unfinished());
    if (!left) return Fail(left);
    for (const CK_OBJECT_HANDLE object : *left) {
      if (auto removed = DestroyObject(session_, object); !removed) return removed;
      private_key_found = private_key_found || object_class == CKO_PRIVATE_KEY;
    }
    if (!left->empty()) LogDebug("removed a key that an earlier run had not finished");
  }
  return private_key_found ? ClearOrphans() : Result<void>();
}

/// Public keys get their names first, so the unfinished private key's may have its own already.
Result<void> KeyMaker::ClearOrphans() const {
  const auto named = FindByLabel(session_, CKO_PUBLIC_KEY, label_);
  if (!named) return Fail(named);
  for (const CK_OBJECT_HANDLE object : *named) {
    const Bytes id = ReadNames(session_, object).id;
    const auto key = ReadPublicKeyObject(session_, object);
    if (!key || id != KeyIdentifier(*key)) continue;
    const auto partners = FindById(session_, CKO_PRIVATE_KEY, id);
    if (!partners || !partners->empty()) continue;
    if (auto removed = DestroyObject(session_, object); !removed) return removed;
  }
  return {};
}

/// SoftHSM makes the public half first.
Result<void> KeyMaker::ClearHalf() const {
  const auto halves = FindById(session_, CKO_PUBLIC_KEY, id_);
  if (!halves) return Fail(halves);
  for (const CK_OBJECT_HANDLE half : *halves) {
    if (auto removed = DestroyObject(session_, half); !removed) return removed;
  }
  return {};
}

Result<NewPair> KeyMaker::Generate(const std::string& label) const {
  NewPair pair;
  CK_RV made = CKR_OK;
  for (const std::string_view parameters : {type_.parameters, type_.other_parameters}) {
    if (made != CKR_OK && parameters.empty()) break;
    KeyTemplate attributes(type_, label, id_, parameters);
    made = TryToMake(session_, type_, attributes, pair);
    if (IsOfTemplate(made) || made == CKR_GENERAL_ERROR) {
      LeaveOutDispensable(attributes.public_key());
      LeaveOutDispensable(attributes.private_key());
      made = TryToMake(session_, type_, attributes, pair);
    }
    if (made == CKR_OK) return pair;
    if (!IsOfType(made)) break;
  }
  if (IsOfType(made)) {
    return CannotMake(session_.slot(), type_, fmt::format(" ({})", CkName(made)));
  }
  Error error = CkError("GenerateKeyPair", made).In(session_.slot().Name());
  if (made == CKR_DEVICE_MEMORY) error.hint = "it may be full: delete keys that nobody uses";
  return Fail(std::move(error));
}

/// Asks the token what it made. Some tokens ignore what they do not like.
Result<void> KeyMaker::Check(const NewPair& pair) const {
  std::vector<std::string_view> mistakes;
  for (const auto& [attribute, value, shown, otherwise] : kDemands) {
    const auto found = ReadFlag(session_, pair.private_key, attribute);
    const bool good = found ? *found == value : !shown;
    const bool said = !mistakes.empty() && mistakes.back() == otherwise;
    if (!good && !said) mistakes.emplace_back(otherwise);
  }
  const auto public_key = ReadPublicKeyObject(session_, pair.public_key);
  if (!public_key) return Fail(public_key, "reading the new key");
  if (!type_.Describes(*public_key)) mistakes.emplace_back("of another type");
  if (mistakes.empty()) return {};
  return Fail(
      ErrorCode::kKeyUnusable,
      fmt::format("{} made a key that is {}", session_.slot().Name(), fmt::join(mistakes, ", ")),
      "the vendor's tool may be able to make the key as it should be");
}

/// Gives both halves their id, which follows from the public key, and their label.
Result<void> KeyMaker::Name(const NewPair& pair) const {
  const auto public_key = ReadPublicKeyObject(session_, pair.public_key);
  if (!public_key) return Fail(public_key, "reading the new key");
  Bytes id = KeyIdentifier(*public_key);
  std::string label = label_;
  CK_ATTRIBUTE names[] = {{CKA_LABEL, label.data(), static_cast<CK_ULONG>(label.size())},
                          {CKA_ID, id.data(), static_cast<CK_ULONG>(id.size())}};
  for (const CK_OBJECT_HANDLE object : {pair.public_key, pair.private_key}) {
    const CK_RV set = session_.Call(&CK_FUNCTION_LIST::C_SetAttributeValue, object, names,
                                    static_cast<CK_ULONG>(std::size(names)));
    if (set == CKR_OK) continue;
    if (set == CKR_OBJECT_HANDLE_INVALID) return IsNotOnly();
    return Fail(ErrorCode::kKeyUnusable,
                fmt::format("the token does not let the key's id be set ({})", CkName(set)),
                "choose the id beforehand: add id=%01 to the URI");
  }
  return CheckNames(pair, id);
}

Result<void> KeyMaker::CheckNames(const NewPair& pair, const Bytes& id) const {
  for (const CK_OBJECT_HANDLE object : {pair.public_key, pair.private_key}) {
    const ObjectNames names = ReadNames(session_, object);
    const bool good =
        names.id == id && std::string(names.label.begin(), names.label.end()) == label_;
    if (!good) return Fail(ErrorCode::kKeyUnusable, "the token gave the key other names");
  }
  return {};
}

/// The process that looks last sees both keys, and removes its own. SoftHSM sometimes hides from a
/// process what another one made in the same moment, so that both stay.
Result<void> KeyMaker::CheckIsOnly() const {
  const auto same = FindSame();
  if (!same) return Fail(same);
  if (same->size() == 1) return {};
  return IsNotOnly();
}

Error KeyMaker::Remove(const NewPair& pair, Error why) const {
  const auto private_key = DestroyObject(session_, pair.private_key);
  const auto public_key = DestroyObject(session_, pair.public_key);
  why.message += private_key && public_key
                     ? "; it was removed again"
                     : fmt::format("; it is still there, because it could not be removed: {}",
                                   (private_key ? public_key : private_key).error().message);
  return why;
}

Result<CK_OBJECT_HANDLE> KeyMaker::Make() {
  if (auto is_new = CheckIsNew(); !is_new) return Fail(std::move(is_new));
  if (auto cleared = beside_ ? ClearHalf() : ClearUnfinished(); !cleared) {
    return Fail(std::move(cleared), "removing what an earlier run had not finished");
  }
  const auto pair = Generate(id_.empty() ? Unfinished() : label_);
  if (!pair) return Fail(pair);
  auto good = Check(*pair);
  if (good) good = id_.empty() ? Name(*pair) : CheckNames(*pair, id_);
  if (good) good = CheckIsOnly();
  if (!good) return Fail(Remove(*pair, std::move(good).error()));
  return pair->private_key;
}

}  // namespace

Result<std::vector<ListedObject>> MakeKey(const Pkcs11Provider& provider,
                                          const LoadRequest& request,
                                          const provider::PassphraseCallback& passphrase,
                                          const NewKeyType& type, Bytes id, bool beside) {
  std::string label = request.uri.Label();
  if (label.empty()) {
    return Fail(ErrorCode::kUsage, "the URI gives the key no label",
                "add object=LABEL to the URI, as in pkcs11:token=prod;object=web");
  }
  if (id.empty()) id = request.uri.Id();
  if (beside && id.empty()) return Fail(ErrorCode::kUsage, "a key beside another one needs an id");
  const auto slot = FindOneSlot(provider.slots(), request);
  if (!slot) return Fail(slot);
  if (!CanMake(**slot, type)) return CannotMake(**slot, type, "");
  const auto session = (*slot)->OpenSession();
  if (!session) return Fail(session);
  if (auto logged_in = LogIn(request, passphrase, **slot, *session); !logged_in) {
    return Fail(std::move(logged_in));
  }
  const auto writing = (*slot)->OpenWritingSession();
  if (!writing) return Fail(writing);
  const auto key = KeyMaker(*writing, type, std::move(label), std::move(id), beside).Make();
  if (!key) return Fail(key);
  return std::vector{DescribeObject(*writing, CKO_PRIVATE_KEY, *key, provider.core().context())};
}

}  // namespace credmint::pkcs11
