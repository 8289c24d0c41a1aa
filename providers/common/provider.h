// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include "common/provider_context.h"

/// The functions of provider(7) that are the same in every provider of ours: rows for its dispatch
/// table beside its own OSSL_FUNC_PROVIDER_QUERY_OPERATION.
namespace credmint::provider {

void Teardown(void* context);
const OSSL_PARAM* GettableParams(void* context);
/// Name, version, status.
int GetParams(void* context, OSSL_PARAM params[]);
/// The texts of ErrorCode, as `openssl` prints them in front of a message.
const OSSL_ITEM* ReasonStrings(void* context);

}  // namespace credmint::provider
