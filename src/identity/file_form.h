// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "ossl/read_store.h"

namespace credmint {

/// What people hand in where a private key or a certificate is meant. Where a file holds several
/// things, the first one of this list.
enum class FileForm {
  kUnknown,
  kUtf16,           ///< text in UTF-16, as Windows writes it
  kEscapedPem,      ///< PEM on one line, its line ends written as a backslash and an n
  kIndentedPem,     ///< PEM with blanks before its lines, as in YAML
  kTruncatedPem,    ///< PEM without an END line
  kPrivateKey,      ///< that can be read here
  kCertificate,     ///< likewise, or PKCS#7
  kOpensshKey,      ///< in the form of ssh-keygen
  kPuttyKey,        ///< in that of PuTTY
  kJavaKeystore,    ///< JKS or JCEKS
  kRequest,         ///< PKCS#10, a certificate signing request
  kPublicKey,       ///< alone, in PEM or DER or as SSH has it
  kRevocationList,  ///< X.509 CRL
  kPgp,             ///< armoured OpenPGP
  kParameters,      ///< of EC or DH, without a key
};

/// Recognises a file by its contents: by the labels of PEM, by its first bytes, else by the shape
/// of its DER. Pure; never fails.
FileForm RecogniseFile(std::string_view contents);

/// Says what a file is that does not hold what was wanted, and what to do about it. Nothing if its
/// form is unknown, or if it is just what was wanted and damaged.
std::optional<Error> ExplainFileForm(std::string_view contents, StoreExpect wanted);

}  // namespace credmint
