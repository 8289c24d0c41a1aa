// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"

namespace credmint::cli {

/// `credmint list [URI | FILE | --tpm]`: lists modules, slots, tokens, keys and certificates, each
/// with a URI to paste, and shows which key belongs to which certificate. Prints text, or with
/// `--json` one object:
///
///     {"modules": [{"uri", "path", "description", "manufacturer", "version", "cryptoki",
///       "slots": [{"uri", "number", "description", "manufacturer",
///         "token": null or {"uri", "label", "manufacturer", "model", "serial", "flags", "error"?,
///           "keys": [{"uri", "unique", "private", "label", "id", "type", "bits", "curve"?,
///           "flags",
///                     "certificates": [URI]}],
///           "certificates": [{"uri", "unique", "label", "id", "subject", "issuer", "serial",
///                             "notBefore", "notAfter", "key": URI or null}]}}]}]}
///
/// For a TPM (`--tpm`, or a URI of one), its persistent objects and the certificates in it:
///
///     {"tpms": [{"uri", "manufacturer", "model", "firmware", "specification",
///       "failedTries", "maxTries", "recoverySeconds", "lockedOut", "freeSlots",
///       "keys": as above, and "scheme"?, "unusable"?,
///       "certificates": as above, or "error" instead of the contents,
///       "others": [{"label", "type" or "error", "flags"}]}]}
///
/// For a file, its private keys and certificates, whose URI is the path:
///
///     {"files": [{"uri", "keys": as on a token, and "unusable"?, "certificates": as on a token}]}
///
/// Without a login only public objects are listed. `--login`, `--passin` or a PIN in the URI logs
/// in to the one token that the URI matches. Ids and serial numbers are hexadecimal; times have the
/// form of RFC 3339.
class ListCommand {
 public:
  explicit ListCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  KeyOptions key_;
  ProcessOptions process_;
  std::string uri_ = "pkcs11:";
  bool json_ = false;
  bool login_ = false;
};

}  // namespace credmint::cli
