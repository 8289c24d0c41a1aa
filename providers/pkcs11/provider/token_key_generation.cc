// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/provider/token_key_generation.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <utility>

#include "common/params.h"
#include "ossl/uri_file.h"
#include "pkcs11/key_maker.h"
#include "pkcs11/key_template.h"

namespace credmint::pkcs11 {
namespace {

constexpr const char* kUriParam = "pkcs11_uri";

/// By all names of the new key. Which module there is, openssl.cnf says.
std::string UriForFile(const std::string& made, const Uri& typed) {
  return made.substr(0, made.find('?')) + typed.pin_source();
}

}  // namespace

const OSSL_PARAM* TokenKeyGeneration::Settable() const {
  static const OSSL_PARAM kParams[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_BITS, nullptr),
      OSSL_PARAM_utf8_string(kUriParam, nullptr, 0), OSSL_PARAM_END};
  return kParams;
}

Result<void> TokenKeyGeneration::Set(const OSSL_PARAM params[]) {
  type_.Set(params);
  if (auto uri = provider::TextParam(params, kUriParam)) uri_ = *std::move(uri);
  return {};
}

Result<std::unique_ptr<provider::Key>> TokenKeyGeneration::Make() const {
  if (uri_.empty()) {
    return Fail(ErrorCode::kUsage, "the URI of the new key is missing",
                "name token and label by the parameter pkcs11_uri, as in "
                "pkcs11:token=prod;object=web?pin-source=file:/etc/pin");
  }
  const auto name = type_.Name();
  if (!name) return Fail(name);
  const auto type = FindNewKeyType(*name);
  if (!type) return Fail(type);
  const auto uri = Uri::Parse(uri_);
  if (!uri) return Fail(uri);
  const auto nobody = provider::PassphraseCallback::None();
  const auto made = MakeKey(provider_, provider_.RequestFor(*uri), nobody, *type, {}, false);
  if (!made) return Fail(made);
  auto file = WriteUriFile(UriForFile(made->front().uri, *uri));
  if (!file) return Fail(std::move(file));
  auto key = provider_.LoadKey(*uri, nobody);
  if (key) (*key)->file = *std::move(file);
  return key;
}

}  // namespace credmint::pkcs11
