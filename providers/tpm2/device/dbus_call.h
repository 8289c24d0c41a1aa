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

/// The result of a call.
struct DbusAnswer {
  /// The first file descriptor in the reply, if any.
  Descriptor descriptor;
  /// The error that the callee or the bus replied, such as
  /// "org.freedesktop.DBus.Error.ServiceUnknown", and its text. Empty otherwise.
  std::string error_name;
  std::string error_text;
  /// The errno of a failure before there was a reply, or 0.
  int system_error = 0;
};

/// Calls a method over its own connection to the bus, which is closed afterwards. `addresses` is a
/// list of server addresses as in DBUS_SESSION_BUS_ADDRESS. Only Unix sockets are tried.
///
/// The D-Bus clients of GLib and libdbus rely on threads and globals, and hang in the child of a
/// fork. This one uses neither. For format and handshake, see the D-Bus specification 0.41,
/// "Message Protocol" and "Authentication Protocol".
DbusAnswer CallOverDbus(std::string_view addresses, const DbusMethod& method);

/// Whether CallOverDbus() can use one of these addresses.
bool IsDbusReachable(std::string_view addresses);

}  // namespace credmint::tpm2
