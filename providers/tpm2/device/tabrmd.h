// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/error.h"
#include "tpm2/device/tcti.h"

namespace credmint::tpm2 {

/// Where tpm2-abrmd is: "tabrmd:bus_name=NAME,bus_type=session" (tcti-tabrmd(7)).
struct Tabrmd {
  std::string bus_addresses;  ///< as in DBUS_SESSION_BUS_ADDRESS
  std::string bus_name;
};

/// What a TCTI configuration says of tpm2-abrmd. Nothing if it names another TCTI, says what is not
/// understood here, or the bus is not at a Unix socket; libtss2-tcti-tabrmd may do then.
std::optional<Tabrmd> ParseTabrmd(const std::string& tcti, Environment environment);

/// A socket on which tpm2-abrmd takes the TPM's commands. Where as many programs are connected as
/// it allows, waits and tries again for at most ten seconds; it is asked for a place only then, and
/// answers at once. Fails with kDevice. `tcti` is for the message.
///
/// libtss2-tcti-tabrmd does the same by GLib, which does not survive a fork, and does not tell why
/// it failed.
Result<Descriptor> ConnectToTabrmd(const Tabrmd& tabrmd, const std::string& tcti);

}  // namespace credmint::tpm2
