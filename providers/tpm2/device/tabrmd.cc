// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tabrmd.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "base/printable.h"
#include "base/shown_value.h"
#include "tpm2/device/dbus_call.h"

namespace credmint::tpm2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kName = "tabrmd";
constexpr const char* kBusName = "com.intel.tss2.Tabrmd";
constexpr const char* kSystemBus = "unix:path=/run/dbus/system_bus_socket";
/// The reply when the limit is reached, or when a random number occurred twice. Asking again helps.
constexpr std::string_view kLimitError = "com.intel.tss2.Tabrmd.Error.General";

constexpr std::chrono::seconds kRoomPatience(10);
constexpr milliseconds kFirstWait(50);
constexpr milliseconds kLongestWait(400);

std::string Variable(Environment environment, const char* name) {
  const char* const value = environment(name);
  return value != nullptr ? value : "";
}

std::string BusAddresses(bool session, Environment environment) {
  if (!session) {
    std::string addresses = Variable(environment, "DBUS_SYSTEM_BUS_ADDRESS");
    return addresses.empty() ? kSystemBus : addresses;
  }
  std::string addresses = Variable(environment, "DBUS_SESSION_BUS_ADDRESS");
  const std::string folder = Variable(environment, "XDG_RUNTIME_DIR");
  return addresses.empty() && !folder.empty() ? "unix:path=" + folder + "/bus" : addresses;
}

Error CannotReach(const std::string& tcti, const DbusAnswer& answer) {
  const std::string reason =
      answer.system_error != 0
          ? fmt::format("the message bus: {}", strerror(answer.system_error))
          : Printable(answer.error_text.empty() ? answer.error_name : answer.error_text);
  return MakeError(ErrorCode::kDevice,
                   fmt::format("cannot open the TPM ({}): {}", ShownPath(tcti), reason),
                   Remedy::kNameTcti, "is tpm2-abrmd running (systemctl status tpm2-abrmd)?");
}

Error TooManyConnections(const std::string& tcti) {
  return {ErrorCode::kDevice,
          fmt::format("cannot open the TPM ({}): tpm2-abrmd has as many connections as it allows "
                      "and none became free in {} seconds",
                      ShownPath(tcti), kRoomPatience.count()),
          "its option --max-connections raises the limit of 27; device:/dev/tpmrm0 has none"};
}

}  // namespace

std::optional<Tabrmd> ParseTabrmd(const std::string& tcti, Environment environment) {
  std::string_view rest = tcti;
  if (rest.substr(0, rest.find(':')) != kName) return std::nullopt;
  rest.remove_prefix(std::min(kName.size() + 1, rest.size()));
  Tabrmd tabrmd{{}, kBusName};
  bool session = false;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = pair.substr(0, equals);
    const std::string_view value = pair.substr(equals + 1);
    if (key == "bus_name" && !value.empty()) {
      tabrmd.bus_name = value;
    } else if (key == "bus_type" && (value == "session" || value == "system")) {
      session = value == "session";
    } else {
      return std::nullopt;
    }
  }
  tabrmd.bus_addresses = BusAddresses(session, environment);
  if (!IsDbusReachable(tabrmd.bus_addresses)) return std::nullopt;
  return tabrmd;
}

Result<Descriptor> ConnectToTabrmd(const Tabrmd& tabrmd, const std::string& tcti) {
  const DbusMethod create{tabrmd.bus_name, "/com/intel/tss2/Tabrmd/Tcti",
                          "com.intel.tss2.TctiTabrmd", "CreateConnection"};
  const auto deadline = steady_clock::now() + kRoomPatience;
  for (milliseconds wait = kFirstWait;; wait = std::min(2 * wait, kLongestWait)) {
    DbusAnswer answer = CallOverDbus(tabrmd.bus_addresses, create);
    if (answer.descriptor) return std::move(answer.descriptor);
    if (answer.error_name != kLimitError) {
      return Fail(CannotReach(tcti, answer));
    }
    if (steady_clock::now() + wait > deadline) return Fail(TooManyConnections(tcti));
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace credmint::tpm2
