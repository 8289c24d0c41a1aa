// SPDX-License-Identifier: Apache-2.0
#include "common/store_loader.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "common/dispatch.h"
#include "common/store_object.h"

namespace credmint::provider {

Result<void> StoreLoader::SetParams(const OSSL_PARAM params[]) {
  const OSSL_PARAM* expected = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
  if (expected != nullptr && OSSL_PARAM_get_int(expected, &expected_) != 1) {
    return Fail(ErrorCode::kUsage, "the parameter 'expect' is not a number");
  }
  return Set(params);
}

Result<int> StoreLoader::Load(OSSL_CALLBACK* object_callback, void* object_argument,
                              const PassphraseCallback& passphrase) {
  if (!std::exchange(looked_, true)) {
    auto found = Find(passphrase);
    if (!found) return Fail(std::move(found));
    objects_ = *std::move(found);
  }
  if (next_ == count()) return 1;
  std::size_t place = next_++;
  auto& [keys, certificates, inventory] = objects_;
  if (place < keys.size()) return EmitKey(std::move(keys[place]), object_callback, object_argument);
  place -= keys.size();
  if (place < certificates.size()) {
    return EmitCertificate(certificates[place], object_callback, object_argument);
  }
  const auto& [uri, description] = inventory[place - certificates.size()];
  return EmitName(uri, description, object_callback, object_argument);
}

bool StoreLoader::IsAtEnd() const { return looked_ && next_ == count(); }

std::size_t StoreLoader::count() const {
  return objects_.keys.size() + objects_.certificates.size() + objects_.inventory.size();
}

namespace {

int SetStoreParams(void* context, const OSSL_PARAM params[]) noexcept {
  auto& loader = *static_cast<StoreLoader*>(context);
  return Callback(loader.provider(), 0, [&]() -> Result<int> {
    if (auto set = loader.SetParams(params); !set) return Fail(std::move(set));
    return 1;
  });
}

int LoadFromStore(void* context, OSSL_CALLBACK* object_callback, void* object_argument,
                  OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) noexcept {
  auto& loader = *static_cast<StoreLoader*>(context);
  return Callback(loader.provider(), 0, [&] {
    return loader.Load(object_callback, object_argument, {passphrase, passphrase_argument});
  });
}

int IsStoreAtEnd(void* context) noexcept { return static_cast<StoreLoader*>(context)->IsAtEnd(); }

int CloseStore(void* context) noexcept {
  delete static_cast<StoreLoader*>(context);
  return 1;
}

}  // namespace

std::array<OSSL_DISPATCH, 8> StoreTable(StoreOpen open, StoreSettable settable,
                                        StoreAttach attach) {
  return {Entry(OSSL_FUNC_STORE_OPEN, open),
          Entry(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, settable),
          Entry(OSSL_FUNC_STORE_SET_CTX_PARAMS, SetStoreParams),
          Entry(OSSL_FUNC_STORE_LOAD, LoadFromStore),
          Entry(OSSL_FUNC_STORE_EOF, IsStoreAtEnd),
          Entry(OSSL_FUNC_STORE_CLOSE, CloseStore),
          attach != nullptr ? Entry(OSSL_FUNC_STORE_ATTACH, attach) : kEnd,
          kEnd};
}

}  // namespace credmint::provider
