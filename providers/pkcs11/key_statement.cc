// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/key_statement.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "ossl/encoding.h"
#include "pkcs11/key_search.h"
#include "pkcs11/object.h"
#include "pkcs11/provider/listing.h"

namespace credmint::pkcs11 {
namespace {

using StatementJson = nlohmann::ordered_json;

constexpr std::pair<CK_ATTRIBUTE_TYPE, const char*> kStatedFlags[] = {
    {CKA_SENSITIVE, "sensitive"},
    {CKA_ALWAYS_SENSITIVE, "alwaysSensitive"},
    {CKA_EXTRACTABLE, "extractable"},
    {CKA_NEVER_EXTRACTABLE, "neverExtractable"},
    {CKA_LOCAL, "local"},
    {CKA_MODIFIABLE, "modifiable"},
    {CKA_PRIVATE, "private"},
    {CKA_SIGN, "sign"},
};

StatementJson AttributesOf(const Session& session, CK_OBJECT_HANDLE object) {
  StatementJson json = StatementJson::object();
  for (const auto& [type, name] : kStatedFlags) {
    if (const auto flag = ReadFlag(session, object, type)) json[name] = *flag;
  }
  const auto mechanism = ReadNumber(session, object, CKA_KEY_GEN_MECHANISM);
  if (mechanism && *mechanism != CK_UNAVAILABLE_INFORMATION) {
    json["keyGenMechanism"] = fmt::format("0x{:08x}", *mechanism);
  }
  return json;
}

/// The token's names alone, without its state.
StatementJson NamesOf(const Slot& slot) {
  const StatementJson all = StatementJson::parse(DescribeToken(slot).description, nullptr, false);
  StatementJson json = StatementJson::object();
  for (const char* name : {"label", "manufacturer", "model", "serial"}) {
    if (all.contains(name)) json[name] = all[name];
  }
  return json;
}

}  // namespace

Result<provider::ListedObject> StateKey(const Pkcs11Provider& provider, const LoadRequest& request,
                                        const provider::PassphraseCallback& passphrase) {
  const auto found = KeySearch(provider, request, passphrase).Find();
  if (!found) return Fail(found);
  const auto session = found->place.slot->OpenSession();
  if (!session) return Fail(session);
  const StatementJson evidence = {{"kind", "claim"},
                                  {"token", NamesOf(*found->place.slot)},
                                  {"attributes", AttributesOf(*session, found->place.handle)}};
  StatementJson json = {{"kind", "private-key"}, {"evidence", evidence}};
  if (found->possible.empty()) {
    json["publicKey"] = Base64(found->public_key.ToDer(provider.core().context()));
  }
  return provider::ListedObject{"pkcs11:",
                                json.dump(-1, ' ', false, StatementJson::error_handler_t::replace)};
}

}  // namespace credmint::pkcs11
