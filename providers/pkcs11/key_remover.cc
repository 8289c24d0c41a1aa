// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/key_remover.h"

#include <fmt/format.h>

#include "pkcs11/key_search.h"
#include "pkcs11/provider/listing.h"

namespace credmint::pkcs11 {
namespace {

using provider::ListedObject;
using Handles = std::vector<CK_OBJECT_HANDLE>;

/// A private key, and what has its CKA_ID.
struct Family {
  CK_OBJECT_HANDLE private_key = 0;
  Handles public_keys;
  Handles certificates;
};

/// A public key that another private key shares stays.
Result<Family> FindFamily(const LoadRequest& request, const Session& session) {
  const auto keys = FindMatching(request, session, CKO_PRIVATE_KEY);
  if (!keys) return Fail(keys);
  if (keys->size() > 1) return Fail(AmbiguousKeys(session, *keys));
  if (keys->empty()) {
    return Fail(ErrorCode::kKeyNotFound,
                fmt::format("no private key on {} matches the URI", session.slot().Name()),
                Remedy::kListToken);
  }
  Family family{keys->front(), {}, {}};
  const Bytes id = ReadNames(session, family.private_key).id;
  if (id.empty()) return family;
  auto certificates = FindById(session, CKO_CERTIFICATE, id);
  if (!certificates) return Fail(std::move(certificates));
  family.certificates = *std::move(certificates);
  const auto sharing = FindById(session, CKO_PRIVATE_KEY, id);
  if (!sharing) return Fail(sharing);
  if (sharing->size() > 1) return family;
  auto public_keys = FindById(session, CKO_PUBLIC_KEY, id);
  if (!public_keys) return Fail(std::move(public_keys));
  family.public_keys = *std::move(public_keys);
  return family;
}

std::vector<ListedObject> Describe(const Session& session, const Family& family,
                                   OSSL_LIB_CTX* context) {
  std::vector<ListedObject> all;
  const auto add = [&](CK_OBJECT_CLASS object_class, const Handles& objects) {
    for (const CK_OBJECT_HANDLE object : objects) {
      all.push_back(DescribeObject(session, object_class, object, context));
    }
  };
  add(CKO_PRIVATE_KEY, {family.private_key});
  add(CKO_PUBLIC_KEY, family.public_keys);
  add(CKO_CERTIFICATE, family.certificates);
  return all;
}

Result<void> RemoveAll(const Session& session, const Family& family) {
  Handles objects = family.public_keys;
  objects.push_back(family.private_key);
  for (const CK_OBJECT_HANDLE object : objects) {
    if (auto removed = DestroyObject(session, object); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<std::vector<ListedObject>> RemoveKey(const Pkcs11Provider& provider,
                                            const LoadRequest& request,
                                            const provider::PassphraseCallback& passphrase,
                                            bool remove) {
  if (request.uri.ObjectTemplate().empty()) {
    return Fail(ErrorCode::kUsage, "the URI names no key",
                "add object=LABEL or id=%NN to the URI, as in pkcs11:token=prod;object=web");
  }
  const auto slot = FindOneSlot(provider.slots(), request);
  if (!slot) return Fail(slot);
  const auto session = (*slot)->OpenSession();
  if (!session) return Fail(session);
  if (auto logged_in = LogIn(request, passphrase, **slot, *session); !logged_in) {
    return Fail(std::move(logged_in));
  }
  const auto family = FindFamily(request, *session);
  if (!family) return Fail(family);
  auto described = Describe(*session, *family, provider.core().context());
  if (!remove) return described;
  const auto writing = (*slot)->OpenWritingSession();
  if (!writing) return Fail(writing);
  if (auto removed = RemoveAll(*writing, *family); !removed) return Fail(std::move(removed));
  return described;
}

}  // namespace credmint::pkcs11
