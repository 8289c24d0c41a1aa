// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/secret.h"
#include "ossl/handles.h"

namespace credmint {

/// A change that KeyOpener::Change() makes in a device. Each back end that can make it has loader
/// parameters for it (scheme_table.h). src/enrolment has a function for each kind.
struct DeviceChange {
  enum class Kind {
    kCreateKey,
    kFindKeyToDelete,  ///< changes nothing; shows what kDeleteKey would delete
    kDeleteKey,
    kInitToken,
  };

  Kind kind = Kind::kFindKeyToDelete;
  std::string key_type = {};  ///< kCreateKey: "ec-p256"
  Bytes key_id = {};          ///< kCreateKey: the id that the key gets; empty: by its public key
  Secret so_pin = {};         ///< kInitToken
  Secret user_pin = {};       ///< kInitToken
};

}  // namespace credmint
