// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace credmint::tpm2 {

/// A method without arguments, of an object on a message bus.
struct DbusMethod {
  std::string destination;
  std::string path;
  std::string interface;
  std::string member;
};

/// What came of a call.
struct DbusAnswer {
  /// The first file descriptor that came with the answer, if one did.
  Descriptor descriptor;
  /// "org.freedesktop.DBus.Error.ServiceUnknown" and its text, where the callee or the bus refused;
  /// empty otherwise.
  std::string error_name;
  std::string error_text;
  /// The errno of what failed before there was an answer, or 0.
  int system_error = 0;
};

/// Calls a method over a connection to the bus that is made for it and closed again. `addresses` is
/// a list of server addresses as in DBUS_SESSION_BUS_ADDRESS; only Unix sockets are tried.
///
/// A D-Bus client of its own, because those of GLib and libdbus live in threads and globals that
/// the child of a fork does not get: there they wait for ever. This one has neither. Format and
/// handshake: D-Bus specification 0.41, "Message Protocol" and "Authentication Protocol".
DbusAnswer CallOverDbus(std::string_view addresses, const DbusMethod& method);

/// Whether there is an address among them that CallOverDbus() can use.
bool IsDbusReachable(std::string_view addresses);

}  // namespace credmint::tpm2
