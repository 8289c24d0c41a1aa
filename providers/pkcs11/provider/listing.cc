// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/provider/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "ossl/encoding.h"
#include "pkcs11/key_search.h"
#include "pkcs11/object.h"
#include "pkcs11/object_uri.h"
#include "pkcs11/short_uris.h"

namespace credmint::pkcs11 {
namespace {

using Json = nlohmann::ordered_json;
using provider::ListedObject;
using Entries = std::vector<ListedObject>;

constexpr std::pair<CK_FLAGS, const char*> kTokenFlags[] = {
    {CKF_LOGIN_REQUIRED, "login-required"},
    {CKF_PROTECTED_AUTHENTICATION_PATH, "protected-authentication-path"},
    {CKF_USER_PIN_COUNT_LOW, "pin-count-low"},
    {CKF_USER_PIN_FINAL_TRY, "pin-final-try"},
    {CKF_USER_PIN_LOCKED, "pin-locked"},
};

std::string Text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

std::string Version(const CK_VERSION& version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

/// Replaces what is not UTF-8: labels need not be.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Add(Entries& entries, std::string uri, const Json& description) {
  entries.push_back({std::move(uri), Dump(description)});
}

Json DescribeToken(const CK_TOKEN_INFO& token) {
  std::vector<std::string> flags;
  for (const auto& [flag, name] : kTokenFlags) {
    if ((token.flags & flag) != 0) flags.emplace_back(name);
  }
  if ((token.flags & CKF_USER_PIN_INITIALIZED) == 0) flags.emplace_back("no-user-pin");
  if ((token.flags & CKF_TOKEN_INITIALIZED) == 0) flags.emplace_back("uninitialized");
  return {{"kind", "token"},
          {"label", PaddedText(token.label)},
          {"manufacturer", PaddedText(token.manufacturerID)},
          {"model", PaddedText(token.model)},
          {"serial", PaddedText(token.serialNumber)},
          {"flags", flags}};
}

Json DescribePrivateKey(const Session& session, CK_OBJECT_HANDLE object, OSSL_LIB_CTX* context) {
  Json json;
  const PrivateKeyFlags facts = ReadPrivateKeyFlags(session, object);
  std::vector<std::string> flags;
  if (facts.sensitive) flags.emplace_back("sensitive");
  if (facts.extractable) flags.emplace_back("extractable");
  if (facts.sign) flags.emplace_back("sign");
  if (facts.always_authenticate) flags.emplace_back("always-authenticate");
  json["flags"] = flags;
  const auto key = ReadPrivateKeyFacts(session, object).and_then([&](const auto& read) {
    return ReadPublicKey(session, object, read);
  });
  if (key) json["publicKey"] = Base64(key->ToDer(context));
  return json;
}

Json DescribePublicKey(const Session& session, CK_OBJECT_HANDLE object, OSSL_LIB_CTX* context) {
  Json json = Json::object();
  if (const auto key = ReadPublicKeyObject(session, object)) {
    json["publicKey"] = Base64(key->ToDer(context));
  }
  return json;
}

Json DescribeCertificate(const Session& session, CK_OBJECT_HANDLE object,
                         OSSL_LIB_CTX* /*context*/) {
  Json json = Json::object();
  if (const auto der = ReadCertificate(session, object)) json["certificate"] = Base64(*der);
  return json;
}

struct Kind {
  CK_OBJECT_CLASS object_class;
  const char* name;
  Json (*describe)(const Session&, CK_OBJECT_HANDLE, OSSL_LIB_CTX*);
};

constexpr Kind kKinds[] = {{CKO_PRIVATE_KEY, "private-key", DescribePrivateKey},
                           {CKO_PUBLIC_KEY, "public-key", DescribePublicKey},
                           {CKO_CERTIFICATE, "certificate", DescribeCertificate}};

Json DescribeAs(const Kind& kind, const Session& session, CK_OBJECT_HANDLE object,
                const ObjectNames& names, OSSL_LIB_CTX* context) {
  Json json = {{"kind", kind.name}, {"label", Text(names.label)}, {"id", Hex(names.id)}};
  json.update(kind.describe(session, object, context));
  return json;
}

bool ByUri(const ListedObject& left, const ListedObject& right) {
  return std::tie(left.uri, left.description) < std::tie(right.uri, right.description);
}

using Names = std::map<CK_OBJECT_HANDLE, ObjectNames>;

Names ReadAllNames(const Session& session, const std::vector<CK_OBJECT_HANDLE>& objects) {
  Names names;
  for (const CK_OBJECT_HANDLE object : objects) names[object] = ReadNames(session, object);
  return names;
}

/// An inventory in progress.
struct Survey {
  const Pkcs11Provider& provider;
  const LoadRequest& request;
  const provider::PassphraseCallback& passphrase;
  bool log_in;
  ShortUris short_uris;
  Entries entries;

  /// Adds the module. False if the URI means another one.
  bool AddModule(const Module& module) {
    CK_INFO info{};
    module.Call(&CK_FUNCTION_LIST::C_GetInfo, &info);
    if (!request.uri.MatchesModule(info)) return false;
    Add(entries, ModuleUri(module, info),
        {{"kind", "module"},
         {"path", module.path()},
         {"description", PaddedText(info.libraryDescription)},
         {"manufacturer", PaddedText(info.manufacturerID)},
         {"version", Version(info.libraryVersion)},
         {"cryptoki", Version(info.cryptokiVersion)}});
    return true;
  }

  /// Adds the slot if the URI means it. Returns the slot's URI, or an empty string if it was not
  /// added.
  std::string AddSlot(const Module& module, CK_SLOT_ID id, const CK_TOKEN_INFO& token) {
    CK_SLOT_INFO info{};
    module.Call(&CK_FUNCTION_LIST::C_GetSlotInfo, id, &info);
    const Uri& uri = request.uri;
    if (!uri.MatchesSlotId(id) || !uri.MatchesSlot(info) || !uri.MatchesToken(token)) return {};
    std::string slot_uri = SlotUri(module, id, info);
    Add(entries, slot_uri,
        {{"kind", "slot"},
         {"number", id},
         {"description", PaddedText(info.slotDescription)},
         {"manufacturer", PaddedText(info.manufacturerID)}});
    return slot_uri;
  }

  /// Adds a token. One that cannot be read gets an error; the others are still listed.
  Result<void> AddToken(const CK_TOKEN_INFO& token, const std::string& uri, Slot* slot) {
    const std::size_t place = entries.size();
    Json json = DescribeToken(token);
    if (slot != nullptr) json["shortUri"] = short_uris.OfToken(*slot);
    Add(entries, uri, json);
    auto read = slot != nullptr ? AddObjectsOf(*slot) : Result<void>();
    if (read || log_in) return read;
    json["error"] = read.error().message;
    entries[place].description = Dump(json);
    return {};
  }

  Result<void> AddObjectsOf(Slot& slot) {
    const auto session = slot.OpenSession();
    if (!session) return Fail(session);
    if (log_in) {
      if (auto logged_in = LogIn(request, passphrase, slot, *session); !logged_in) return logged_in;
    }
    const auto type = request.uri.object_class();
    for (const Kind& kind : kKinds) {
      if (type && *type != kind.object_class) continue;
      if (auto added = AddObjects(*session, kind); !added) return added;
    }
    return {};
  }

  Result<void> AddObjects(const Session& session, const Kind& kind) {
    const auto meant = FindMatching(request, session, kind.object_class);
    if (!meant) return Fail(meant);
    const auto all =
        request.uri.ObjectTemplate().empty() ? meant : FindAll(session, kind.object_class);
    if (!all) return Fail(all);
    Names names = ReadAllNames(session, *all);
    short_uris.SetNeighbours(names);
    const auto first = static_cast<std::ptrdiff_t>(entries.size());
    for (const CK_OBJECT_HANDLE object : *meant) AddObject(session, kind, object, names[object]);
    // SoftHSM's own order differs each time.
    std::sort(entries.begin() + first, entries.end(), ByUri);
    return {};
  }

  void AddObject(const Session& session, const Kind& kind, CK_OBJECT_HANDLE object,
                 const ObjectNames& names) {
    Json json = DescribeAs(kind, session, object, names, provider.core().context());
    json["shortUri"] = short_uris.OfObject(session.slot(), kind.object_class, names);
    Add(entries, ObjectUri(session.slot(), kind.object_class, names), json);
  }
};

}  // namespace

ListedObject DescribeToken(const Slot& slot) {
  return {TokenUri(slot), Dump(DescribeToken(slot.token()))};
}

ListedObject DescribeObject(const Session& session, CK_OBJECT_CLASS object_class,
                            CK_OBJECT_HANDLE object, OSSL_LIB_CTX* context) {
  const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& one) {
    return one.object_class == object_class;
  });
  if (kind == std::end(kKinds)) return {};
  const ObjectNames names = ReadNames(session, object);
  return {ObjectUri(session.slot(), object_class, names),
          Dump(DescribeAs(*kind, session, object, names, context))};
}

Result<Entries> TakeInventory(const Pkcs11Provider& provider, const LoadRequest& request,
                              const provider::PassphraseCallback& passphrase, bool log_in) {
  const auto module = Module::Load(request.module_path);
  if (!module) return Fail(module);
  const auto slots =
      FindPatiently(provider.slots(), *module, request.uri, SlotTable::Unreadable::kLeaveOut);
  if (!slots) return Fail(slots);
  if (log_in) {
    auto one = slots->empty() ? Result<std::shared_ptr<Slot>>(NoSlot(**module))
                              : FindOneSlot(provider.slots(), request);
    if (!one) return Fail(std::move(one), "a PIN is for one token");
  }
  const auto ids = SlotTable::SlotIds(**module, CK_FALSE);
  if (!ids) return Fail(ids);

  Survey survey{provider, request, passphrase, log_in, ShortUris(**module, request.uri), {}};
  if (!survey.AddModule(**module)) {
    return Fail(ErrorCode::kKeyNotFound,
                fmt::format("the URI names a library other than {}", (*module)->path()));
  }
  for (const CK_SLOT_ID id : *ids) {
    CK_TOKEN_INFO token{};
    const bool present = (*module)->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id, &token) == CKR_OK;
    const std::string slot_uri = survey.AddSlot(**module, id, token);
    if (slot_uri.empty() || !present) continue;
    const auto slot = std::find_if(slots->begin(), slots->end(),
                                   [id](const auto& one) { return one->id() == id; });
    auto added = slot == slots->end() ? survey.AddToken(token, slot_uri, nullptr)
                                      : survey.AddToken(token, TokenUri(**slot), slot->get());
    if (!added) return Fail(std::move(added));
  }
  const bool nothing_meant = survey.entries.size() == 1 && !ids->empty();
  if (nothing_meant && slots->empty()) return NoSlot(**module);
  return std::move(survey.entries);
}

}  // namespace credmint::pkcs11
