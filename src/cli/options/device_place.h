// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"
#include "cli/options/start_opener.h"
#include "identity/key_reference.h"

namespace credmint::cli {

/// All that a command needs to change something in a device.
struct OpenDevice {
  StartedOpener started;
  KeyReference reference;
};

/// Adds the argument that says where in a device something is.
void AddDevicePlace(CLI::App& command, std::string& uri, const char* description);

/// Parses the URI, starts OpenSSL and opens nothing yet. Fails with kUsage if the URI is missing or
/// names no device; the hint is then `form`.
Result<OpenDevice> PrepareDevice(const std::string& uri, KeyReference::Use use,
                                 const KeyOptions& key, const ProcessOptions& process,
                                 const char* form);

/// The same for a private key that is used. It may be in a file that only its device can decrypt.
Result<OpenDevice> PrepareKey(const std::string& reference, const KeyOptions& key,
                              const ProcessOptions& process, const char* form);

}  // namespace credmint::cli
