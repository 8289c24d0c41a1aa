// SPDX-License-Identifier: Apache-2.0
#include "common/pem_decoder.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include <array>

#include "common/bio_pem_block.h"
#include "common/provider_context.h"

namespace credmint::provider {
namespace {

int EmitDer(const Secret& der, const char* structure, OSSL_CALLBACK* callback, void* argument) {
  int object_type = OSSL_OBJECT_PKEY;
  char* data = const_cast<char*>(der.Reveal().data());
  std::array<OSSL_PARAM, 4> params = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE,
                                       const_cast<char*>(structure), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, data, der.size()),
      OSSL_PARAM_construct_end()};
  return callback(params.data(), argument);
}

}  // namespace

void* NewDecoder(void* provider) noexcept { return provider; }
void FreeDecoder(void* /*context*/) noexcept {}

int DecodesPrivateKeys(void* /*provider*/, int selection) noexcept {
  return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? 1 : 0;
}

int DecodePem(const PemForm& form, void* context, OSSL_CORE_BIO* input, OSSL_CALLBACK* callback,
              void* argument) noexcept {
  const auto& provider = *static_cast<ProviderContext*>(context);
  return Callback(provider, 0, [&]() -> Result<int> {
    const BioPtr bio(BIO_new_from_core_bio(provider.core().context(), input));
    if (!bio) return Fail(ErrorCode::kInternal, "cannot read OpenSSL's input");
    const auto block = BioPemBlock::Read(bio.get());
    if (!block || block->label != form.label || block->has_header) return kPassedOver;
    return EmitDer(block->contents, form.structure, callback, argument);
  });
}

}  // namespace credmint::provider
