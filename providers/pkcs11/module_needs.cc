// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/module_needs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"
#include "base/read_file.h"

namespace credmint::pkcs11 {
namespace {

constexpr std::size_t kLongestConfiguration = 64 << 10;

std::string ValueOf(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

std::string Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

/// Where SoftHSM looks for its configuration, in this order.
std::vector<std::string> SoftHsmConfigurations() {
  const std::string named = ValueOf("SOFTHSM2_CONF");
  if (!named.empty()) return {named};
  return {ValueOf("HOME") + "/.config/softhsm2/softhsm2.conf", "/etc/softhsm/softhsm2.conf",
          "/etc/softhsm2.conf", "/usr/local/etc/softhsm2.conf"};
}

void AddSoftHsm(ForeignNeeds& needs) {
  for (const std::string& path : SoftHsmConfigurations()) {
    const auto contents = ReadFile(path, kLongestConfiguration, FileAccess::kAny);
    if (!contents) continue;
    needs.readable.push_back(path);
    std::istringstream lines{std::string(contents->Reveal())};
    for (std::string line; std::getline(lines, line);) {
      const std::size_t equals = line.find('=');
      if (Trim(line.substr(0, equals)) != "directories.tokendir") continue;
      if (equals != std::string::npos) needs.writable.push_back(Trim(line.substr(equals + 1)));
    }
    return;
  }
}

/// tpm2-pkcs11: its database, and the TPM's device. Another way to the TPM may be a network's.
void AddTpmStore(ForeignNeeds& needs) {
  const std::string store = ValueOf("TPM2_PKCS11_STORE");
  if (!store.empty()) {
    needs.writable.push_back(store);
  } else {
    needs.writable.insert(needs.writable.end(),
                          {"/etc/tpm2_pkcs11", ValueOf("HOME") + "/.tpm2_pkcs11"});
  }
  needs.writable.insert(needs.writable.end(), {"/dev/tpmrm0", "/dev/tpm0"});
}

void AddOpenCryptoki(ForeignNeeds& needs) {
  needs.readable.emplace_back("/etc/opencryptoki");
  needs.writable = {"/var/lib/opencryptoki", "/var/lock/opencryptoki", "/run/lock/opencryptoki",
                    "/run/opencryptoki", "/dev/shm"};
}

/// OpenSC and others that reach a reader through pcscd.
void AddReader(ForeignNeeds& needs) {
  needs.readable.insert(needs.readable.end(), {"/etc/opensc", "/etc/reader.conf.d", "/run/pcscd"});
  needs.writable.push_back(ValueOf("HOME") + "/.cache/opensc");
}

void AddP11KitClient(ForeignNeeds& needs) {
  needs.readable.push_back(ValueOf("XDG_RUNTIME_DIR") + "/p11-kit");
}

/// Modules that may be behind p11-kit's proxy, with data in the home folder.
void AddUsual(ForeignNeeds& needs) {
  AddSoftHsm(needs);
  AddTpmStore(needs);
  needs.writable.push_back(ValueOf("HOME") + "/.pki");
}

/// OpenSC's module that logs the calls to another one.
void AddSpy(ForeignNeeds& needs) {
  const std::string output = ValueOf("PKCS11SPY_OUTPUT");
  if (output.empty()) return;
  // Only what exists can be allowed, and the folder would be too much.
  const Descriptor made(open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  needs.writable.push_back(output);
}

ForeignNeeds Known(void (*add)(ForeignNeeds&), bool unix_sockets) {
  ForeignNeeds needs{.complete = true, .unix_sockets = unix_sockets, .network = false};
  add(needs);
  return needs;
}

}  // namespace

ForeignNeeds NeedsOf(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::canonical(path, failed);
  const std::string name = failed ? path : real.filename().string();
  const auto is = [&name](std::string_view prefix) { return name.starts_with(prefix); };
  ForeignNeeds needs;
  if (is("libsofthsm2")) {
    needs = Known(AddSoftHsm, false);
  } else if (is("libtpm2_pkcs11")) {
    const bool elsewhere =
        !ValueOf("TPM2_PKCS11_TCTI").starts_with("device") && !ValueOf("TPM2_PKCS11_TCTI").empty();
    needs = Known(AddTpmStore, elsewhere);
    needs.network = elsewhere;
    needs.complete = !elsewhere;
  } else if (is("libopencryptoki") || is("PKCS11_API.so")) {
    needs = Known(AddOpenCryptoki, true);
  } else if (is("opensc-pkcs11") || is("onepin-opensc-pkcs11") || is("libykcs11")) {
    needs = Known(AddReader, true);
  } else if (is("p11-kit-client")) {
    needs = Known(AddP11KitClient, true);
  } else {
    AddUsual(needs);
    if (is("pkcs11-spy")) AddSpy(needs);
    needs.programs = is("p11-kit-proxy") || is("libp11-kit");  // "remote: |command"
  }
  needs.readable.emplace_back("/etc/pkcs11");  // of p11-kit
  if (!failed) needs.readable.push_back(real.parent_path().string());
  return needs;
}

}  // namespace credmint::pkcs11
