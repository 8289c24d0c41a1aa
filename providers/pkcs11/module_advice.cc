// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/module_advice.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/shown_value.h"
#include "pkcs11/second_look.h"
#include "pkcs11/slot_table.h"
#include "pkcs11/softhsm_configuration.h"

namespace credmint::pkcs11 {
namespace {

/// How a module's file is called, without links.
std::string FileName(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::canonical(path, failed);
  return failed ? std::filesystem::path(path).filename().string() : real.filename().string();
}

/// SoftHSM itself only says that something is wrong.
std::string AdviceOnSoftHsm() {
  const auto configuration = FindSoftHsmConfiguration();
  if (!configuration) return "no configuration of SoftHSM can be read: check SOFTHSM2_CONF";
  const std::string folder = ShownPath(configuration->token_folder);
  const std::string file = ShownPath(configuration->file);
  if (access(configuration->token_folder.c_str(), R_OK | W_OK | X_OK) == 0) {
    return fmt::format("SoftHSM reads {}, which names {}", file, folder);
  }
  const std::string reason = strerror(errno);
  return fmt::format("this user must read and write the folder {}, which {} names: {}", folder,
                     file, reason);
}

Error OfSoftHsm(const Module& module, const SoftHsmConfiguration& configuration) {
  return {
      ErrorCode::kTokenAbsent,
      fmt::format("{} shows no token: there is none in SoftHSM's folder {}", module.path(),
                  ShownPath(configuration.token_folder)),
      fmt::format("make one with softhsm2-util --init-token, or name the configuration with the "
                  "right folder in SOFTHSM2_CONF; this is {}",
                  ShownPath(configuration.file))};
}

/// SoftHSM may be behind p11-kit's proxy.
bool IsAtSoftHsm(const Module& module) {
  const auto ids = SlotTable::SlotIds(module, CK_TRUE);
  return ids && std::any_of(ids->begin(), ids->end(), [&](CK_SLOT_ID id) {
           CK_TOKEN_INFO token{};
           return module.Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id, &token) == CKR_OK &&
                  IsSoftHsm(token);
         });
}

std::size_t CountSlots(const Module& module, CK_BBOOL with_token) {
  const auto ids = SlotTable::SlotIds(module, with_token);
  return ids ? ids->size() : 0;
}

}  // namespace

std::string AdviceOnInitializing(const std::string& module_path, CK_RV code) {
  const std::string name = FileName(module_path);
  const auto is = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (is("libopencryptoki") || is("PKCS11_API.so")) {
    return "does pkcsslotd run, and is this user in the group pkcs11?";
  }
  if (is("p11-kit-proxy") || is("libp11-kit")) {
    return "a module that p11-kit marks as critical may fail: p11-kit list-modules shows them";
  }
  if (is("libsofthsm2")) return AdviceOnSoftHsm();
  if (is("libsoftokn3") && code == CKR_ARGUMENTS_BAD) {
    return "NSS must be told its database, which only p11-kit does: x-init-reserved";
  }
  if (code == CKR_HOST_MEMORY || code == CKR_FUNCTION_FAILED) {
    return "does the service that the module needs run, and may this user talk to it?";
  }
  if (code == CKR_ARGUMENTS_BAD) return "the module may want parameters, which p11-kit can give it";
  return {};
}

std::string AdviceOnEddsa(const std::string& module_path) {
  const std::string name = FileName(module_path);
  if (!name.starts_with("p11-kit") && !name.starts_with("libp11-kit")) return {};
  return "p11-kit passes no EdDSA to a module of its server or behind remote: in its "
         "configuration; "
         "name the module itself, or use an EC key";
}

Error ExplainNoToken(const Module& module) {
  const auto configuration =
      IsAtSoftHsm(module) ? FindSoftHsmConfiguration() : std::optional<SoftHsmConfiguration>();
  if (configuration) return OfSoftHsm(module, *configuration);
  const std::size_t slots = CountSlots(module, CK_FALSE);
  const std::size_t tokens = CountSlots(module, CK_TRUE);
  if (slots == 0) {
    return MakeError(ErrorCode::kTokenAbsent,
                     fmt::format("{} shows no token: it has no slot", module.path()),
                     Remedy::kCheckToken, "does the device's service run, such as pcscd?");
  }
  if (tokens == 0) {
    return MakeError(ErrorCode::kTokenAbsent,
                     fmt::format("{} shows no token: its {} slots are empty", module.path(), slots),
                     Remedy::kCheckToken);
  }
  return {
      ErrorCode::kTokenAbsent,
      fmt::format("{} shows no token: it has {}, and none is initialised", module.path(), tokens),
      "initialise it with the vendor's tool, or name another module"};
}

}  // namespace credmint::pkcs11
