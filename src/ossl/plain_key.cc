// SPDX-License-Identifier: Apache-2.0
#include "ossl/plain_key.h"

#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "ossl/curve_name.h"
#include "ossl/der_reader.h"
#include "ossl/encoding.h"
#include "ossl/fips.h"
#include "ossl/pem_blocks.h"

namespace credmint {
namespace {

using SecretBigNumPtr = Handle<BIGNUM, BN_clear_free>;
using Pkcs8Ptr = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

/// Providers of devices have the same key types.
constexpr const char* kInMemory = "provider=default";

enum class KeyForm { kPkcs8, kPkcs1, kSec1 };

std::optional<KeyForm> FormOf(std::string_view label) {
  if (label == "PRIVATE KEY") return KeyForm::kPkcs8;
  if (label == "RSA PRIVATE KEY") return KeyForm::kPkcs1;
  if (label == "EC PRIVATE KEY") return KeyForm::kSec1;
  return std::nullopt;
}

/// The contents of a sequence that is all there is.
std::optional<ByteView> OnlySequence(ByteView der) {
  DerReader elements(der);
  const auto sequence = elements.Next(V_ASN1_SEQUENCE);
  return elements.AtEnd() ? sequence : std::nullopt;
}

bool IsInteger(const std::optional<ByteView>& contents, std::uint8_t value) {
  return contents && contents->size() == 1 && contents->front() == value;
}

/// Parameters for EVP_PKEY_fromdata(), which borrow nothing.
class KeyParameters {
 public:
  KeyParameters() : builder_(OSSL_PARAM_BLD_new()) {}

  void AddNumber(const char* name, ByteView big_endian) {
    SecretBigNumPtr number(BN_secure_new());
    good_ = good_ && number &&
            BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), number.get()) !=
                nullptr &&
            OSSL_PARAM_BLD_push_BN(builder_.get(), name, number.get()) == 1;
    numbers_.push_back(std::move(number));
  }
  void AddText(const char* name, const char* text) {
    good_ = good_ && OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, text, 0) == 1;
  }
  void AddOctets(const char* name, ByteView octets) {
    good_ = good_ && OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, octets.data(),
                                                      octets.size()) == 1;
  }

  PkeyPtr MakeKey(const LibraryContext& context, const char* algorithm) {
    const ParamsPtr params(good_ ? OSSL_PARAM_BLD_to_param(builder_.get()) : nullptr);
    const PkeyCtxPtr maker(
        EVP_PKEY_CTX_new_from_name(context.get(), algorithm, ObeysFips() ? nullptr : kInMemory));
    EVP_PKEY* key = nullptr;
    if (!params || !maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1) {
      return nullptr;
    }
    return PkeyPtr(key);
  }

 private:
  ParamBldPtr builder_;
  std::vector<SecretBigNumPtr> numbers_;  // the builder borrows them
  bool good_ = true;
};

/// RSAPrivateKey with two primes.
PkeyPtr MakeRsaKey(const LibraryContext& context, ByteView der) {
  constexpr auto kNumbers = std::to_array<const char*>(
      {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
       OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
       OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1});
  const auto sequence = OnlySequence(der);
  if (!sequence) return nullptr;
  DerReader elements(*sequence);
  if (!IsInteger(elements.Next(V_ASN1_INTEGER), 0)) return nullptr;
  KeyParameters parameters;
  for (const char* name : kNumbers) {
    const auto number = elements.Next(V_ASN1_INTEGER);
    const bool is_positive = number && !number->empty() && (number->front() & 0x80) == 0;
    if (!is_positive) return nullptr;
    parameters.AddNumber(name, *number);
  }
  return elements.AtEnd() ? parameters.MakeKey(context, "RSA") : nullptr;
}

/// ECPrivateKey with its public key. The curve is in `parameters`, or else in the key itself.
PkeyPtr MakeEcKey(const LibraryContext& context, ByteView der, ByteView parameters) {
  const auto sequence = OnlySequence(der);
  if (!sequence) return nullptr;
  DerReader elements(*sequence);
  if (!IsInteger(elements.Next(V_ASN1_INTEGER), 1)) return nullptr;
  const auto secret = elements.Next(V_ASN1_OCTET_STRING);
  const auto own_parameters = elements.NextContextTag(0);
  const auto tagged = elements.NextContextTag(1);
  if (!secret || !tagged || !elements.AtEnd()) return nullptr;
  const ByteView own = own_parameters ? own_parameters->contents : ByteView();
  if (parameters.empty()) parameters = own;
  if (own_parameters && !std::ranges::equal(own, parameters)) return nullptr;
  const char* curve = CurveName(parameters);
  const auto bits = tagged->Inside(V_ASN1_BIT_STRING);
  const bool has_point = bits && bits->size() > 1 && bits->front() == 0;
  if (curve == nullptr || !has_point) return nullptr;
  KeyParameters key;
  key.AddText(OSSL_PKEY_PARAM_GROUP_NAME, curve);
  key.AddOctets(OSSL_PKEY_PARAM_PUB_KEY, bits->subspan(1));
  key.AddNumber(OSSL_PKEY_PARAM_PRIV_KEY, *secret);
  return key.MakeKey(context, "EC");
}

PkeyPtr MakePkcs8Key(const LibraryContext& context, ByteView der) {
  const unsigned char* at = der.data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  if (!info || at != der.data() + der.size()) return nullptr;
  const unsigned char* inner = nullptr;
  int size = 0;
  const X509_ALGOR* algorithm = nullptr;
  if (PKCS8_pkey_get0(nullptr, &inner, &size, &algorithm, info.get()) != 1) return nullptr;
  const ByteView key(inner, static_cast<std::size_t>(size));
  const ASN1_OBJECT* oid = nullptr;
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(&oid, &type, &value, algorithm);
  if (OBJ_obj2nid(oid) == NID_rsaEncryption) return MakeRsaKey(context, key);
  if (OBJ_obj2nid(oid) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT) return nullptr;
  unsigned char* parameters = nullptr;
  const int length = i2d_ASN1_OBJECT(static_cast<const ASN1_OBJECT*>(value), &parameters);
  const Handle<unsigned char, FreeOpenssl> owner(parameters);
  if (length <= 0) return nullptr;
  return MakeEcKey(context, key, {parameters, static_cast<std::size_t>(length)});
}

PkeyPtr MakeKey(const LibraryContext& context, KeyForm form, ByteView der) {
  switch (form) {
    case KeyForm::kPkcs8:
      return MakePkcs8Key(context, der);
    case KeyForm::kPkcs1:
      return MakeRsaKey(context, der);
    case KeyForm::kSec1:
      break;
  }
  return MakeEcKey(context, der, {});
}

/// The only block with a private key, if everything beside it is known.
const PemBlock* OnlyKeyBlock(const std::vector<PemBlock>& blocks) {
  const PemBlock* only = nullptr;
  for (const PemBlock& block : blocks) {
    if (!block.is_whole || block.is_indented) return nullptr;
    if (block.label == "CERTIFICATE" || block.label == "EC PARAMETERS") continue;
    if (only != nullptr || !FormOf(block.label)) return nullptr;
    only = &block;
  }
  return only;
}

PkeyPtr ReadPemKey(const LibraryContext& context, const PemBlock& block) {
  const BioPtr bio(BIO_new_mem_buf(block.text.data(), static_cast<int>(block.text.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (!bio || PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) return nullptr;
  const OpensslTextPtr name_owner(name);
  const OpensslTextPtr header_owner(header);
  const bool is_encrypted = *header != '\0';
  const ByteView der(data, static_cast<std::size_t>(size));
  PkeyPtr key = is_encrypted ? nullptr : MakeKey(context, *FormOf(block.label), der);
  OPENSSL_clear_free(data, der.size());
  return key;
}

PkeyPtr ReadDerKey(const LibraryContext& context, ByteView der) {
  for (const KeyForm form : {KeyForm::kPkcs8, KeyForm::kPkcs1, KeyForm::kSec1}) {
    if (PkeyPtr key = MakeKey(context, form, der)) return key;
  }
  return nullptr;
}

}  // namespace

PkeyPtr ReadPlainKey(const LibraryContext& context, const Secret& contents) {
  const ErrorMark mark;
  const std::string_view text = contents.Reveal();
  if (!text.empty() && text.front() == '\x30') return ReadDerKey(context, AsBytes(text));
  const std::vector<PemBlock> blocks = FindPemBlocks(text);
  const PemBlock* const only = OnlyKeyBlock(blocks);
  return only != nullptr ? ReadPemKey(context, *only) : nullptr;
}

}  // namespace credmint
