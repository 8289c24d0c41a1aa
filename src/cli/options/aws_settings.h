// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/options/service_options.h"

namespace credmint::cli {

/// Completes options by what the AWS SDKs would take from their surroundings: the endpoint's URL,
/// FIPS, dual stack and the CA bundle, from variables (AWS_ENDPOINT_URL_ROLESANYWHERE,
/// AWS_ENDPOINT_URL, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_CA_BUNDLE), else from
/// the profile $AWS_PROFILE, or `default`, of the AWS config file ($AWS_CONFIG_FILE, else
/// ~/.aws/config). What a flag or credmint's own file says stays, and what would exclude it is not
/// taken: a URL where an endpoint of the region was asked for, and the other way round.
///
/// A profile that is not there has nothing to say: credmint is called from the file of somebody who
/// may use another one. Nor has a file that is not there or cannot be read, unless $AWS_CONFIG_FILE
/// names it: that is kLocalIo.
Result<void> AddAwsSettings(ServiceOptions& options);

}  // namespace credmint::cli
