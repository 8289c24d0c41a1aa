// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "http/transport.h"

namespace credmint {

/// How hosts are reached and trusted.
struct TransportOptions {
  std::string ca_bundle;  ///< PEM file of the only trusted CAs; empty: as FindCaLocations() decides
  bool verify_tls = true;  ///< false accepts any certificate
  bool use_proxy = true;   ///< false ignores the environment's proxies

  bool operator==(const TransportOptions&) const = default;
};

/// Makes a Transport on libcurl: HTTP/1.1, TLS 1.2 or later. Proxies come from the environment, by
/// curl's rules: HTTPS_PROXY, ALL_PROXY and NO_PROXY, and http_proxy for plain HTTP. Loopback hosts
/// are never reached through a proxy. A response may have up to 64 KiB of header fields and 1 MiB
/// of body.
///
/// Adds User-Agent. Logs method, URL, status and duration, but never header fields or bodies. Each
/// request uses its own connection, so threads may share the transport.
std::unique_ptr<Transport> MakeCurlTransport(TransportOptions options);

}  // namespace credmint
