// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "http/transport.h"

namespace credmint {

/// How hosts are reached and trusted.
struct TransportOptions {
  std::string ca_bundle;   ///< PEM file of the only CAs to trust; empty: FindCaLocations decides
  bool verify_tls = true;  ///< false accepts any certificate
  bool use_proxy = true;   ///< false ignores the environment's proxies

  bool operator==(const TransportOptions&) const = default;
};

/// A Transport over libcurl: HTTP/1.1, TLS 1.2 or later. Proxies are those of the environment, by
/// curl's rules (HTTPS_PROXY, ALL_PROXY, NO_PROXY; http_proxy for plain HTTP), for every host but
/// loopback ones. At most 64 KiB of header fields and 1 MiB of body are accepted.
///
/// Adds User-Agent. Logs method, URL, status and duration, never fields or bodies. Every request
/// has its own connection, so that threads may share the transport.
std::unique_ptr<Transport> MakeCurlTransport(TransportOptions options);

}  // namespace credmint
