// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/tpm_key_generation.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <utility>

#include "common/params.h"
#include "tpm2/keyfile/tss2_key_file.h"
#include "tpm2/signing/key_loader.h"

namespace credmint::tpm2 {
namespace {

constexpr const char* kTctiOfNew = "tcti";

}  // namespace

const OSSL_PARAM* TpmKeyGeneration::Settable() const {
  static const OSSL_PARAM kParams[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_BITS, nullptr),
      OSSL_PARAM_utf8_string(kTctiOfNew, nullptr, 0),
      OSSL_PARAM_utf8_string(kKeyParentParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kKeyPcrsParam, nullptr, 0),
      OSSL_PARAM_END};
  return kParams;
}

Result<void> TpmKeyGeneration::Set(const OSSL_PARAM params[]) {
  type_.Set(params);
  change_.Set(params);
  if (auto tcti = provider::TextParam(params, kTctiOfNew)) tcti_ = *std::move(tcti);
  return {};
}

Result<std::unique_ptr<provider::Key>> TpmKeyGeneration::Make() const {
  const auto type = type_.Name();
  if (!type) return Fail(type);
  const KeySecrets none;
  const auto contents = change_.MakeFile(*type, provider_, tcti_, none);
  if (!contents) return Fail(contents);
  const auto file = Tss2KeyFile::Parse(*contents);
  if (!file) return Fail(file);
  const KeyLoader loader(provider_, tcti_, provider::PassphraseCallback::None(), none);
  return loader.Load(*file);
}

}  // namespace credmint::tpm2
