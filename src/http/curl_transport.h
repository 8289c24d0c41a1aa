// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
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

/// How far the way to a host led, whether or not an answer came.
struct ConnectionFacts {
  /// When each step had ended, from the start of the request. Nothing: it was not reached.
  std::optional<std::chrono::microseconds> resolved;
  std::optional<std::chrono::microseconds> connected;  ///< to the host, or to the proxy
  std::optional<std::chrono::microseconds> secured;    ///< the TLS handshake with the host
  std::string address;                                 ///< "192.0.2.1:443", of host or proxy
  std::string proxy;   ///< EnvironmentProxy() of the host, if it is used
  std::string issuer;  ///< of the host's certificate: "C=US, O=Amazon, CN=…"; empty: unknown
};

/// Called after each request, on the thread that sends it.
using ConnectionObserver = std::function<void(const ConnectionFacts&)>;

/// Makes a Transport on libcurl: HTTP/1.1, TLS 1.2 or later. Proxies come from the environment, by
/// curl's rules: HTTPS_PROXY, ALL_PROXY and NO_PROXY, and http_proxy for plain HTTP. Loopback hosts
/// are never reached through a proxy. A response may have up to 64 KiB of header fields and 1 MiB
/// of body.
///
/// Adds User-Agent. Logs method, URL, status and duration, but never header fields or bodies. Keeps
/// a connection until Close(). Not for use by several threads at once.
///
/// TLS uses `tls` instead of OpenSSL's global context, unless it is null. That saves a second set
/// of algorithms, whose look-up takes longer than the handshake. No other thread may look up
/// algorithms there for the first time while Prepare() connects
/// (LibraryContext::FetchForThreads()).
std::unique_ptr<Transport> MakeCurlTransport(TransportOptions options, OSSL_LIB_CTX* tls = nullptr);

/// The same, and tells `observer` about each connection.
std::unique_ptr<Transport> MakeObservedTransport(TransportOptions options,
                                                 ConnectionObserver observer);

}  // namespace credmint
