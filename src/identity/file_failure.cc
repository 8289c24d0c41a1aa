// SPDX-License-Identifier: Apache-2.0
#include "identity/file_failure.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "identity/file_form.h"

namespace credmint {

Error ExplainFile(Error error, const Secret& file, StoreExpect expect) {
  if (error.code != ErrorCode::kMalformed && error.code != ErrorCode::kKeyNotFound) return error;
  LogDebug(fmt::format("OpenSSL says: {}", error.message));
  if (auto explained = ExplainFileForm(file.Reveal(), expect)) {
    explained->code = error.code;
    return *std::move(explained);
  }
  if (error.code == ErrorCode::kKeyNotFound) return error;
  if (expect == StoreExpect::kPrivateKey) {
    return {ErrorCode::kMalformed, "it is not a private key that can be read",
            "expected PEM or DER of PKCS#8, PKCS#1, SEC1, PKCS#12 or a TPM key file"};
  }
  return {ErrorCode::kMalformed, "it is not a certificate that can be read",
          "expected PEM, DER, PKCS#7 or PKCS#12"};
}

Error ExplainBlock(Error error, const Secret& file) {
  const FileForm form = RecogniseFile(file.Reveal());
  if (form != FileForm::kIndentedPem && form != FileForm::kEscapedPem) return error;
  auto explained = ExplainFileForm(file.Reveal(), StoreExpect::kCertificate);
  if (!explained) return error;
  explained->code = error.code;
  return *std::move(explained);
}

}  // namespace credmint
