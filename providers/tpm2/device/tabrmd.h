// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/error.h"
#include "tpm2/device/tcti.h"

namespace credmint::tpm2 {

/// The place of tpm2-abrmd: "tabrmd:bus_name=NAME,bus_type=session" (tcti-tabrmd(7)).
struct Tabrmd {
  std::string bus_addresses;  ///< as in DBUS_SESSION_BUS_ADDRESS
  std::string bus_name;
};

/// Parses a TCTI configuration of tpm2-abrmd.
///
/// Returns nullopt for another TCTI, for an unknown part, and for a bus that is not at a Unix
/// socket. In these cases libtss2-tcti-tabrmd may still connect.
std::optional<Tabrmd> ParseTabrmd(const std::string& tcti, Environment environment);

/// Connects to a socket on which tpm2-abrmd accepts TPM commands. Fails with kDevice. `tcti` is for
/// the message.
///
/// tpm2-abrmd limits its connections. At the limit it replies at once, and this function retries
/// for at most ten seconds.
///
/// libtss2-tcti-tabrmd does the same with GLib, which does not survive a fork, and does not report
/// why it failed.
Result<Descriptor> ConnectToTabrmd(const Tabrmd& tabrmd, const std::string& tcti);

}  // namespace credmint::tpm2
