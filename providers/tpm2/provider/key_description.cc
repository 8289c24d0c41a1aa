// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/key_description.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "ossl/encoding.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<TPMA_OBJECT, const char*> kFlags[] = {
    {TPMA_OBJECT_SIGN_ENCRYPT, "sign"},
    {TPMA_OBJECT_DECRYPT, "decrypt"},
    {TPMA_OBJECT_RESTRICTED, "restricted"},
    {TPMA_OBJECT_FIXEDTPM, "fixed-tpm"},
    {TPMA_OBJECT_FIXEDPARENT, "fixed-parent"},
    {TPMA_OBJECT_USERWITHAUTH, "user-with-auth"},
    {TPMA_OBJECT_NODA, "no-da"},
};

constexpr std::pair<TPM2_ALG_ID, const char*> kSchemes[] = {
    {TPM2_ALG_RSASSA, "RSASSA"}, {TPM2_ALG_RSAPSS, "RSAPSS"},       {TPM2_ALG_RSAES, "RSAES"},
    {TPM2_ALG_OAEP, "OAEP"},     {TPM2_ALG_ECDSA, "ECDSA"},         {TPM2_ALG_ECDAA, "ECDAA"},
    {TPM2_ALG_SM2, "SM2"},       {TPM2_ALG_ECSCHNORR, "ECSCHNORR"}, {TPM2_ALG_ECDH, "ECDH"},
    {TPM2_ALG_ECMQV, "ECMQV"},
};

constexpr std::pair<TPM2_ALG_ID, const char*> kHashNames[] = {
    {TPM2_ALG_SHA1, "SHA1"},         {TPM2_ALG_SHA256, "SHA256"},
    {TPM2_ALG_SHA384, "SHA384"},     {TPM2_ALG_SHA512, "SHA512"},
    {TPM2_ALG_SM3_256, "SM3-256"},   {TPM2_ALG_SHA3_256, "SHA3-256"},
    {TPM2_ALG_SHA3_384, "SHA3-384"}, {TPM2_ALG_SHA3_512, "SHA3-512"},
};

template <std::size_t Size>
std::string NameIn(const std::pair<TPM2_ALG_ID, const char*> (&table)[Size], TPM2_ALG_ID id) {
  for (const auto& [algorithm, name] : table) {
    if (algorithm == id) return name;
  }
  return fmt::format("0x{:04x}", id);
}

std::vector<std::string> Flags(const TPMT_PUBLIC& area) {
  std::vector<std::string> flags;
  for (const auto& [attribute, name] : kFlags) {
    if ((area.objectAttributes & attribute) != 0) flags.emplace_back(name);
  }
  if (area.authPolicy.size > 0) flags.emplace_back("policy");
  return flags;
}

/// The scheme fixed at the key's creation: "ECDSA with SHA384". Empty if there is none.
std::string FixedScheme(const TPMT_PUBLIC& area) {
  const TPMT_ASYM_SCHEME& scheme = area.parameters.asymDetail.scheme;
  if (scheme.scheme == TPM2_ALG_NULL) return {};
  std::string text = NameIn(kSchemes, scheme.scheme);
  if (scheme.scheme != TPM2_ALG_RSAES) {
    text += " with " + NameIn(kHashNames, scheme.details.anySig.hashAlg);
  }
  return text;
}

/// An object that neither signs nor decrypts is sealed data (TPM 2.0 Part 1 section 27.2).
const char* TypeOfOther(const TPMT_PUBLIC& area) {
  constexpr TPMA_OBJECT kUses = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_DECRYPT;
  switch (area.type) {
    case TPM2_ALG_KEYEDHASH:
      return (area.objectAttributes & kUses) == 0 ? "sealed data" : "keyed-hash key";
    case TPM2_ALG_SYMCIPHER:
      return "symmetric key";
    default:
      return "object of unknown type";
  }
}

}  // namespace

Json DescribeKey(const TPM2B_PUBLIC& area, OSSL_LIB_CTX* context) {
  const TPMT_PUBLIC& object = area.publicArea;
  if (!KeyTypeOf(area)) {
    return {{"kind", "object"}, {"type", TypeOfOther(object)}, {"flags", Flags(object)}};
  }
  Json json = {{"kind", "private-key"}, {"flags", Flags(object)}};
  if (const std::string scheme = FixedScheme(object); !scheme.empty()) json["scheme"] = scheme;
  if (const auto key = ReadPublicKey(area)) json["publicKey"] = Base64(key->ToDer(context));
  if (const auto usable = ReadPersistentPublicArea(area); !usable)
    json["unusable"] = usable.error().message;
  return json;
}

provider::ListedObject ListObject(TPM2_HANDLE handle, const TPM2B_PUBLIC& area,
                                  OSSL_LIB_CTX* context) {
  const std::string label = FormatHandle(handle);
  Json json = {{"kind", "object"}, {"label", label}};
  json.update(DescribeKey(area, context));
  return {json["kind"] == "private-key" ? "handle:" + label : "",
          json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

provider::ListedObject ListKeyFile(const std::string& contents) {
  const nlohmann::ordered_json json = {{"kind", "private-key"}, {"keyFile", contents}};
  return {"tss2:", json.dump()};
}

}  // namespace credmint::tpm2
