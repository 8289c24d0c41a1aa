// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "enrolment/cmp_issuer.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// The flags that name a CA's CMP server, and how to reach it, as typed.
struct CmpOptions {
  std::string url;
  std::string ca;
  std::string recipient;
  std::string ca_bundle;
  bool no_proxy = false;
  double timeout_seconds = 60;
};

/// Returns the flag that names the server; the others need it.
CLI::Option* AddCmpFlags(CLI::App& command, CmpOptions& options);

/// The server that the flags name. Fails with:
///
/// - kUsage: the URL or the name is wrong.
/// - kLocalIo: the file of CAs cannot be read, or everybody may write it.
/// - kCertificate: it holds no certificate.
Result<CmpServer> ReadCmpServer(const LibraryContext& context, const CmpOptions& options);

}  // namespace credmint::cli
