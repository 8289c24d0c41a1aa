// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tcti.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <array>
#include <string_view>

#include "base/shown_value.h"
#include "tpm2/device/tpm_error.h"

namespace credmint::tpm2 {
namespace {

constexpr std::array<const char*, 3> kVariables = {"TPM2TOOLS_TCTI", "TSS2_TCTI",
                                                   "TPM2OPENSSL_TCTI"};

constexpr const char* kDeviceVariable = "TPM_DEVICE";
constexpr const char* kResourceManager = "/dev/tpmrm0";
constexpr const char* kBareDevice = "/dev/tpm0";

/// Chooses only between the TCTIs for a device and a socket: a path cannot select another.
Result<std::string> TctiOfPath(const std::string& path, FileKinds kind_of) {
  const auto refuse = [&](const char* why) {
    return Fail(
        ErrorCode::kUsage,
        fmt::format("the environment variable {} {}: {}", kDeviceVariable, why, ShownPath(path)),
        "it must name a device such as /dev/tpmrm0; TPM2TOOLS_TCTI can name anything else");
  };
  if (!path.starts_with('/')) return refuse("is not an absolute path");
  switch (kind_of(path.c_str())) {
    case FileKind::kSocket:
      if (path.find(',') != std::string::npos) return refuse("has a comma, which a socket may not");
      return "swtpm:path=" + path;
    case FileKind::kOther:
      return refuse("names neither a device nor a socket");
    case FileKind::kAbsent:
    case FileKind::kDevice:
      break;
  }
  return "device:" + path;
}

/// Whether a TCTI name runs code.
///
/// The loader opens a name with dlopen(), and also libtss2-tcti-NAME.so.0 and libtss2-NAME.so.0.
/// The TCTI "cmd" passes its options to a shell. The options of "pcap" are another configuration.
bool RunsCode(std::string_view tcti) {
  const std::string_view name = tcti.substr(0, tcti.find(':'));
  if (name.find('/') != std::string_view::npos || name.find(".so") != std::string_view::npos ||
      name.ends_with("cmd")) {
    return true;
  }
  return name.ends_with("pcap") && name.size() < tcti.size() &&
         RunsCode(tcti.substr(name.size() + 1));
}

void ExplainDevice(int system_error, Error& error) {
  switch (system_error) {
    case EACCES:
    case EPERM:
      return error.SetHint("members of the group tss may use it");
    case EBUSY:
      return error.SetHint(
          "another program holds the device; /dev/tpmrm0 can be shared, /dev/tpm0 cannot");
    default:
      return error.AddHint("is there a TPM?");
  }
}

/// swtpm's TCTI needs a second socket, and the message about it names the first.
void ExplainSwtpm(std::string_view tcti, int system_error, Error& error) {
  constexpr std::string_view kPath = "path=";
  const std::size_t begin = tcti.find(kPath);
  if (begin == std::string_view::npos) return;
  const std::string path(tcti.substr(begin + kPath.size()));
  if (KindOfFile(path.c_str()) != FileKind::kSocket) return error.AddHint("does swtpm run?");
  if (system_error != ENOENT) return;
  error.SetHint(
      fmt::format("its control socket {0}.ctrl is missing: start swtpm with --ctrl "
                  "type=unixio,path={0}.ctrl",
                  ShownPath(path)));
}

}  // namespace

FileKind KindOfFile(const char* path) {
  struct stat status {};
  if (stat(path, &status) != 0) return errno == ENOENT ? FileKind::kAbsent : FileKind::kDevice;
  if (S_ISCHR(status.st_mode)) return FileKind::kDevice;
  return S_ISSOCK(status.st_mode) ? FileKind::kSocket : FileKind::kOther;
}

Result<std::string> ChooseTcti(const std::optional<std::string>& parameter,
                               const std::optional<std::string>& setting, Environment environment,
                               FileKinds kind_of) {
  if (parameter && !parameter->empty()) return *parameter;
  if (setting && !setting->empty()) return *setting;
  for (const char* variable : kVariables) {
    const char* value = environment(variable);
    if (value == nullptr || *value == '\0') continue;
    if (RunsCode(value)) {
      return Fail(ErrorCode::kUsage,
                  fmt::format("the environment variable {} names a TCTI that runs a program or "
                              "loads a library: {}",
                              variable, Shown(value)),
                  Remedy::kConfirmTcti);
    }
    return value;
  }
  const char* path = environment(kDeviceVariable);
  if (path != nullptr && *path != '\0') return TctiOfPath(path, kind_of);
  const bool is_bare =
      kind_of(kResourceManager) == FileKind::kAbsent && kind_of(kBareDevice) == FileKind::kDevice;
  return is_bare ? std::string("device:") + kBareDevice : kDefaultTcti;
}

Error CannotConnect(const std::string& tcti, TSS2_RC code, int system_error) {
  const int reason = code == TSS2_TCTI_RC_IO_ERROR ? system_error : 0;
  const std::string words = reason != 0 ? strerror(reason) : DescribeTssCode(code);
  Error error = MakeError(ErrorCode::kDevice,
                          fmt::format("cannot open the TPM ({}): {}", ShownPath(tcti), words),
                          Remedy::kNameTcti);
  if (tcti.starts_with("device:")) ExplainDevice(reason, error);
  if (tcti.starts_with("swtpm:")) ExplainSwtpm(tcti, reason, error);
  return error;
}

}  // namespace credmint::tpm2
