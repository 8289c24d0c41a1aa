// SPDX-License-Identifier: Apache-2.0
#include "common/rsa_padding.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "common/params.h"
#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

using PssParamsPtr = Handle<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;
using AlgorithmPtr = Handle<X509_ALGOR, X509_ALGOR_free>;

constexpr int kDefaultSaltLength = 20;  // RFC 4055 section 3.1: omitted in DER

constexpr std::array<std::pair<std::string_view, int>, 4> kSaltWords = {{
    {OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, RSA_PSS_SALTLEN_DIGEST},
    {OSSL_PKEY_RSA_PSS_SALT_LEN_MAX, RSA_PSS_SALTLEN_MAX},
    {OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO, RSA_PSS_SALTLEN_AUTO},
    {"auto-digestmax", kSaltAutoDigestMax},
}};

/// Whether the pad mode is PSS.
Result<bool> ReadPadMode(const OSSL_PARAM& param) {
  int number = 0;
  const auto text = TextOf(param);
  if (!text && OSSL_PARAM_get_int(&param, &number) != 1) number = 0;
  if (text ? *text == OSSL_PKEY_RSA_PAD_MODE_PSS : number == RSA_PKCS1_PSS_PADDING) return true;
  if (text ? *text == OSSL_PKEY_RSA_PAD_MODE_PKCSV15 : number == RSA_PKCS1_PADDING) return false;
  return Fail(ErrorCode::kKeyUnusable, "this RSA padding is not supported for signatures",
              "use PKCS#1 v1.5 (pkcs1) or PSS (pss)");
}

Result<int> ReadSaltLength(const OSSL_PARAM& param) {
  int length = 0;
  bool valid = false;
  if (const auto text = TextOf(param)) {
    const auto* const word = std::find_if(kSaltWords.begin(), kSaltWords.end(),
                                          [&](const auto& each) { return each.first == *text; });
    if (word != kSaltWords.end()) return word->second;
    const char* end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, length);
    valid = read.ec == std::errc() && read.ptr == end;
  } else {
    valid = OSSL_PARAM_get_int(&param, &length) == 1;
  }
  if (valid && length >= kSaltAutoDigestMax) return length;
  return Fail(ErrorCode::kUsage,
              "the PSS salt length is neither a number of bytes nor a known word",
              "use digest, max, auto, auto-digestmax or a number");
}

int SetText(OSSL_PARAM& param, std::string_view text) {
  return OSSL_PARAM_set_utf8_string(&param, std::string(text).c_str());
}

int GetPadMode(OSSL_PARAM& param, bool pss) {
  if (param.data_type != OSSL_PARAM_UTF8_STRING) {
    return OSSL_PARAM_set_int(&param, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING);
  }
  return SetText(param, pss ? OSSL_PKEY_RSA_PAD_MODE_PSS : OSSL_PKEY_RSA_PAD_MODE_PKCSV15);
}

int GetSaltLength(OSSL_PARAM& param, int length) {
  if (param.data_type != OSSL_PARAM_UTF8_STRING) return OSSL_PARAM_set_int(&param, length);
  const auto* const word = std::find_if(kSaltWords.begin(), kSaltWords.end(),
                                        [&](const auto& each) { return each.second == length; });
  return SetText(param, word != kSaltWords.end() ? word->first : fmt::format("{}", length));
}

tl::unexpected<Error> EncodingFailed() {
  return Fail(TakeOpensslError(ErrorCode::kInternal).In("encoding the PSS algorithm identifier"));
}

/// Has NULL parameters, which RFC 4055 section 2.1 requires for a hash here.
AlgorithmPtr HashAlgorithm(const DigestEntry& digest) {
  AlgorithmPtr algorithm(X509_ALGOR_new());
  const bool set = algorithm && X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(digest.nid),
                                                V_ASN1_NULL, nullptr) == 1;
  return set ? std::move(algorithm) : nullptr;
}

/// An algorithm whose parameters are a SEQUENCE.
template <typename T>
AlgorithmPtr AlgorithmWith(int nid, T* parameters, const ASN1_ITEM* item) {
  AlgorithmPtr algorithm(X509_ALGOR_new());
  Handle<ASN1_STRING, ASN1_STRING_free> packed(
      parameters != nullptr ? ASN1_item_pack(parameters, item, nullptr) : nullptr);
  const bool set =
      algorithm && packed &&
      X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(nid), V_ASN1_SEQUENCE, packed.get()) == 1;
  if (set) static_cast<void>(packed.release());
  return set ? std::move(algorithm) : nullptr;
}

PssParamsPtr MakePssParams(const DigestEntry& digest, const DigestEntry& mgf1, int salt_length) {
  PssParamsPtr params(RSA_PSS_PARAMS_new());
  if (!params) return nullptr;
  params->hashAlgorithm = HashAlgorithm(digest).release();
  params->maskGenAlgorithm =
      AlgorithmWith(NID_mgf1, HashAlgorithm(mgf1).get(), ASN1_ITEM_rptr(X509_ALGOR)).release();
  bool complete = params->hashAlgorithm != nullptr && params->maskGenAlgorithm != nullptr;
  if (salt_length != kDefaultSaltLength) {
    params->saltLength = ASN1_INTEGER_new();
    complete = complete && params->saltLength != nullptr &&
               ASN1_INTEGER_set(params->saltLength, salt_length) == 1;
  }
  return complete ? std::move(params) : nullptr;
}

}  // namespace

Result<void> RsaPadding::Set(const OSSL_PARAM params[], DigestTable& digests) {
  RsaPadding wanted = *this;
  if (const auto* param = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE)) {
    const auto pss = ReadPadMode(*param);
    if (!pss) return Fail(pss);
    if (wanted.pss_ != *pss) wanted = RsaPadding();
    wanted.pss_ = *pss;
  }
  const auto* salt = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
  const auto* mgf1 = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
  if ((salt != nullptr || mgf1 != nullptr) && !wanted.pss_) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{} is for PSS only, and the RSA padding is PKCS#1 v1.5",
                            salt != nullptr ? "a salt length" : "an MGF1 digest"),
                "set rsa_padding_mode:pss first");
  }
  if (salt != nullptr) {
    const auto length = ReadSaltLength(*salt);
    if (!length) return Fail(length);
    wanted.salt_length_ = *length;
  }
  if (mgf1 != nullptr) {
    const auto found = digests.Find(std::string(TextOf(*mgf1).value_or("")).c_str());
    if (!found) return Fail(ErrorCode::kKeyUnusable, "MGF1: " + found.error().message);
    wanted.mgf1_ = *found;
  }
  *this = wanted;
  return {};
}

bool RsaPadding::Get(OSSL_PARAM params[], const DigestEntry* digest) const {
  OSSL_PARAM* param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
  if (param != nullptr && GetPadMode(*param, pss_) != 1) return false;
  param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
  if (param != nullptr && (!pss_ || GetSaltLength(*param, salt_length_) != 1)) return false;
  param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
  if (param == nullptr) return true;
  return pss_ && digest != nullptr && SetText(*param, Mgf1(*digest).name) == 1;
}

SignatureScheme RsaPadding::scheme() const {
  return pss_ ? SignatureScheme::kRsaPss : SignatureScheme::kRsaPkcs1;
}

Result<PssParameters> RsaPadding::Resolve(const DigestEntry& digest, int bits) const {
  const int digest_size = static_cast<int>(digest.size);
  const int longest = (bits + 6) / 8 - digest_size - 2;  // RFC 8017 section 9.1.1, step 3
  int length = salt_length_;
  if (length == RSA_PSS_SALTLEN_DIGEST) length = digest_size;
  if (length == RSA_PSS_SALTLEN_MAX || length == RSA_PSS_SALTLEN_AUTO) length = longest;
  if (length == kSaltAutoDigestMax) length = std::min(digest_size, longest);
  if (longest < 0) {
    return Fail(ErrorCode::kUsage, fmt::format("an RSA key of {} bits is too short for PSS with {}",
                                               bits, digest.name));
  }
  if (length > longest) {
    return Fail(ErrorCode::kUsage,
                fmt::format("a PSS salt of {} bytes does not fit an RSA key of {} bits with {}",
                            length, bits, digest.name),
                fmt::format("at most {} bytes fit", longest));
  }
  return PssParameters{Mgf1(digest).digest, static_cast<std::size_t>(length)};
}

Result<void> RsaPadding::Apply(EVP_PKEY_CTX* verifier, const DigestEntry& digest) const {
  if (!pss_) return {};
  const int length = salt_length_ == kSaltAutoDigestMax ? RSA_PSS_SALTLEN_AUTO : salt_length_;
  if (EVP_PKEY_CTX_set_rsa_padding(verifier, RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(verifier, length) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md_name(verifier, Mgf1(digest).name, nullptr) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("setting up PSS"));
  }
  return {};
}

Result<Bytes> RsaPadding::AlgorithmIdentifier(const DigestEntry& digest, int bits) const {
  const auto pss = Resolve(digest, bits);
  if (!pss) return Fail(pss);
  const PssParamsPtr params =
      MakePssParams(digest, Mgf1(digest), static_cast<int>(pss->salt_length));
  const AlgorithmPtr algorithm =
      AlgorithmWith(NID_rsassaPss, params.get(), ASN1_ITEM_rptr(RSA_PSS_PARAMS));
  const int length = algorithm ? i2d_X509_ALGOR(algorithm.get(), nullptr) : 0;
  if (length <= 0) return EncodingFailed();
  Bytes der(static_cast<std::size_t>(length));
  std::uint8_t* cursor = der.data();
  i2d_X509_ALGOR(algorithm.get(), &cursor);
  return der;
}

const DigestEntry& RsaPadding::Mgf1(const DigestEntry& digest) const {
  return mgf1_ != nullptr ? *mgf1_ : digest;
}

}  // namespace credmint::provider
