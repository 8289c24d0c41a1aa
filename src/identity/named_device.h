// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sandbox_rules.h"
#include "identity/key_reference.h"
#include "identity/scheme_table.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {

/// Whether the URI of a device's scheme says itself which module or device it is.
bool NamesDevice(const KeyReference& reference);

/// Whether `parameters`, which the user gave, say that.
bool IsDeviceGiven(const Scheme& scheme,
                   const std::vector<std::pair<std::string, std::string>>& parameters);

/// The device that a store of the scheme needs: that of the options, else that of the URI, else the
/// scheme's default.
///
/// Links to one module are one device, so that a PIN that it refused is not sent to it again. Other
/// names of one device make several of it.
StoreDevice DeviceOf(const Scheme& scheme, std::string_view uri, const StoreOptions& options,
                     const SandboxRules& sandbox);

}  // namespace credmint
