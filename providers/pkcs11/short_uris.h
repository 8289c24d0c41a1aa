// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "pkcs11/object.h"
#include "pkcs11/slot.h"
#include "pkcs11/uri.h"

namespace credmint::pkcs11 {

/// URIs that one can read and type, such as pkcs11:token=prod;object=web.
///
/// Each still selects only its token or object. It names the module if the URI that was listed does
/// so; another module comes from a flag or setting, which stays the same.
class ShortUris {
 public:
  ShortUris(const Module& module, const Uri& listed);

  /// By label. Empty if there is none, or another token of the module has the same.
  [[nodiscard]] std::string OfToken(const Slot& slot) const;

  /// Notes the names of all objects of one class on a token, for OfObject().
  void SetNeighbours(const std::map<CK_OBJECT_HANDLE, ObjectNames>& all);

  /// By token and CKA_LABEL, or else token and CKA_ID. Empty if the token has no short URI, or if
  /// neighbours share both names. A certificate's has its type, so that it never means a key of
  /// that name to a command that changes or deletes keys.
  [[nodiscard]] std::string OfObject(const Slot& slot, CK_OBJECT_CLASS object_class,
                                     const ObjectNames& names) const;

 private:
  std::string module_path_;
  std::map<std::string, int> tokens_;  ///< how many have a label
  std::map<Bytes, int> labels_;
  std::map<Bytes, int> ids_;
};

}  // namespace credmint::pkcs11
