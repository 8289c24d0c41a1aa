// SPDX-License-Identifier: Apache-2.0
#include "ossl/passphrase.h"

#include <array>

namespace credmint {
namespace {

struct Row {
  PassphraseKind kind;
  std::string_view prefix;
};

constexpr std::array<Row, 4> kRows = {{
    {PassphraseKind::kTokenPin, "PIN for "},
    {PassphraseKind::kContextPin, "context-specific PIN for "},
    {PassphraseKind::kTpmAuth, "auth value for "},
    {PassphraseKind::kTpmAuthIfAny, "auth value, if any, for "},
}};

}  // namespace

std::string FormatPassphraseInfo(const PassphraseRequest& request) {
  for (const Row& row : kRows) {
    if (row.kind == request.kind) return std::string(row.prefix) + request.subject;
  }
  return request.subject;
}

Error WrongPassphrase() {
  return {ErrorCode::kPinIncorrect, "it cannot be decrypted with the passphrase given",
          "does the file open elsewhere with it? openssl pkey -noout -in OLD asks for it"};
}

PassphraseRequest ParsePassphraseInfo(std::string_view info) {
  for (const Row& row : kRows) {
    if (info.starts_with(row.prefix)) {
      return {row.kind, std::string(info.substr(row.prefix.size()))};
    }
  }
  return {PassphraseKind::kFile, std::string(info)};
}

}  // namespace credmint
