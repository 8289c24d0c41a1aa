// SPDX-License-Identifier: Apache-2.0
#include "cli/options/known_variables.h"

#include <array>

namespace credmint::cli {
namespace {

constexpr auto kPath = doctor::Variable::Kind::kFile;
constexpr auto kDoubt = doctor::Variable::Kind::kDoubt;
constexpr const char* kProxy = "is the proxy for requests to https endpoints";
constexpr const char* kWins = "is taken by AWS clients instead of credmint's credentials";

constexpr auto kKnownVariables = std::to_array<doctor::Variable>({
    {"https_proxy", kProxy},
    {"HTTPS_PROXY", kProxy},
    {"http_proxy", "is the proxy for requests to http endpoints"},
    {"all_proxy", "is the proxy for all requests"},
    {"ALL_PROXY", "is the proxy for all requests"},
    {"no_proxy", "names hosts that are reached without the proxy"},
    {"NO_PROXY", "names hosts that are reached without the proxy"},
    {"AWS_ENDPOINT_URL_ROLESANYWHERE", "is the endpoint of IAM Roles Anywhere"},
    {"AWS_ENDPOINT_URL", "is the endpoint of all AWS services"},
    {"AWS_USE_FIPS_ENDPOINT", "chooses the FIPS endpoint"},
    {"AWS_USE_DUALSTACK_ENDPOINT", "chooses the dual-stack endpoint"},
    {"AWS_CONFIG_FILE", "is the AWS config file"},
    {"AWS_PROFILE", "is the profile in the AWS config file"},
    {"AWS_CA_BUNDLE", "is the file of the trusted CAs", kPath},
    {"SSL_CERT_FILE", "is a file of trusted CAs", kPath},
    {"SSL_CERT_DIR", "is a folder of trusted CAs", kPath},
    {"AWS_ACCESS_KEY_ID", kWins, kDoubt},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", kWins, kDoubt},
    {"SOFTHSM2_CONF", "is the configuration of SoftHSM", kPath},
    {"TPM2TOOLS_TCTI", "says where the TPM is"},
    {"TSS2_LOG", "makes the TPM's libraries print"},
    {"OPENSSL_CONF", "is the configuration of OpenSSL, which may load providers", kDoubt},
    {"OPENSSL_MODULES", "is the folder of OpenSSL's providers", kDoubt},
    {"SSLKEYLOGFILE", "gets the keys of TLS connections", kDoubt},
    {"LD_PRELOAD", "loads other code into programs", kDoubt},
    {"LD_LIBRARY_PATH", "changes which libraries are loaded", kDoubt},
});

}  // namespace

std::span<const doctor::Variable> KnownVariables() { return kKnownVariables; }

}  // namespace credmint::cli
