// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/module_needs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"
#include "pkcs11/softhsm_configuration.h"

namespace credmint::pkcs11 {
namespace {

std::string ValueOf(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

/// Returns false if the place of the tokens is not known.
bool AddSoftHsm(ForeignNeeds& needs) {
  const auto configuration = FindSoftHsmConfiguration();
  if (!configuration) return false;
  needs.readable.push_back(configuration->file);
  if (configuration->token_folder.empty()) return false;
  needs.writable.push_back(configuration->token_folder);
  return true;
}

/// tpm2-pkcs11: its database, and the TPM's device. Returns false if it may need more.
bool AddTpmStore(ForeignNeeds& needs) {
  const std::string store = ValueOf("TPM2_PKCS11_STORE");
  if (!store.empty()) {
    needs.writable.push_back(store);
  } else {
    needs.writable.insert(needs.writable.end(),
                          {"/etc/tpm2_pkcs11", ValueOf("HOME") + "/.tpm2_pkcs11"});
  }
  needs.writable.insert(needs.writable.end(), {"/dev/tpmrm0", "/dev/tpm0"});
  const std::string tcti = ValueOf("TPM2_PKCS11_TCTI");
  needs.unix_sockets = needs.unix_sockets || tcti.empty();  // a resource manager may be the default
  return (tcti.empty() || tcti.starts_with("device")) && ValueOf("TPM2_PKCS11_BACKEND") != "fapi";
}

bool AddOpenCryptoki(ForeignNeeds& needs) {
  needs.readable.emplace_back("/etc/opencryptoki");
  needs.writable = {"/var/lib/opencryptoki",
                    "/var/lock/opencryptoki",
                    "/run/lock/opencryptoki",
                    "/run/opencryptoki",
                    "/dev/shm",
                    "/dev/z90crypt"};
  return true;
}

/// OpenSC and others that reach a reader through pcscd.
bool AddReader(ForeignNeeds& needs) {
  needs.readable = {"/etc/opensc",        "/etc/opensc.conf", "/etc/opensc-x86_64.conf",
                    "/etc/reader.conf.d", "/run/pcscd",       ValueOf("OPENSC_CONF")};
  needs.writable.push_back(ValueOf("HOME") + "/.cache/opensc");
  return true;
}

bool AddP11KitClient(ForeignNeeds& needs) {
  needs.readable.push_back(ValueOf("XDG_RUNTIME_DIR") + "/p11-kit");
  return true;
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

/// Nothing else, if `add` knows all; otherwise that and what any module may need.
ForeignNeeds Known(bool (*add)(ForeignNeeds&), bool unix_sockets) {
  ForeignNeeds needs{.unix_sockets = unix_sockets};
  needs.complete = add(needs);
  needs.network = !needs.complete;
  needs.unix_sockets = needs.unix_sockets || !needs.complete;
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
    needs = Known(AddTpmStore, false);
  } else if (is("libopencryptoki") || is("PKCS11_API.so")) {
    needs = Known(AddOpenCryptoki, true);
  } else if (is("opensc-pkcs11") || is("onepin-opensc-pkcs11") || is("libykcs11")) {
    needs = Known(AddReader, true);
  } else if (is("p11-kit-client")) {
    needs = Known(AddP11KitClient, true);
  } else {
    AddUsual(needs);
    if (is("pkcs11-spy")) AddSpy(needs);
    needs.programs = name == "p11-kit-proxy.so" || is("libp11-kit.so");  // "remote: |command"
  }
  needs.readable.emplace_back("/etc/pkcs11");  // of p11-kit
  if (failed) return needs;
  needs.code.push_back(real.string());
  needs.readable.push_back(real.parent_path().string());
  return needs;
}

}  // namespace credmint::pkcs11
