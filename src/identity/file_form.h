// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "ossl/read_store.h"

namespace credmint {

/// The kinds of files that people give in place of a private key or a certificate. For a file with
/// several kinds of contents, the first match in this list counts.
enum class FileForm {
  kUnknown,
  kUtf16,           ///< text in UTF-16, as Windows writes it
  kEscapedPem,      ///< PEM on one line, with a backslash and an n for each line end
  kIndentedPem,     ///< PEM with blanks before its lines, as in YAML
  kTruncatedPem,    ///< PEM without an END line
  kPrivateKey,      ///< readable here
  kCertificate,     ///< readable here; also PKCS#7
  kOpensshKey,      ///< in the format of ssh-keygen
  kPuttyKey,        ///< in the format of PuTTY
  kJavaKeystore,    ///< JKS or JCEKS
  kRequest,         ///< PKCS#10, a certificate signing request
  kPublicKey,       ///< alone: PEM, DER or SSH
  kRevocationList,  ///< X.509 CRL
  kPgp,             ///< armoured OpenPGP
  kParameters,      ///< of EC or DH, without a key
};

/// Recognises a file by its contents: the labels of PEM, else its first bytes, else the structure
/// of its DER. A pure function that never fails.
FileForm RecogniseFile(std::string_view contents);

/// Explains what a file is instead of what was wanted, and what to do about it. Returns nullopt if
/// the form is unknown, or if the file is what was wanted but damaged.
std::optional<Error> ExplainFileForm(std::string_view contents, StoreExpect wanted);

}  // namespace credmint
