// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/options/service_options.h"

namespace credmint::cli {

/// Completes the options with the settings of the AWS SDKs: the endpoint's URL, FIPS, dual stack
/// and the CA bundle. Flags and credmint's own file come first, then these sources in order:
///
/// * AWS_ENDPOINT_URL_ROLESANYWHERE, AWS_ENDPOINT_URL, AWS_USE_FIPS_ENDPOINT,
///   AWS_USE_DUALSTACK_ENDPOINT and AWS_CA_BUNDLE;
/// * the profile $AWS_PROFILE, or `default`, of the AWS config file ($AWS_CONFIG_FILE, or
///   ~/.aws/config).
///
/// A setting that contradicts a flag is ignored: a URL where a flag asks for an endpoint of the
/// region, and vice versa.
///
/// A missing profile is ignored, because the caller's AWS_PROFILE may mean another file. So is a
/// config file that is missing or cannot be read. The exception is a file that $AWS_CONFIG_FILE
/// names and this user may not read: that is kLocalIo.
Result<void> AddAwsSettings(ServiceOptions& options);

}  // namespace credmint::cli
