#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# AWS SDK for JavaScript (@aws-sdk/credential-provider-http 3.967.0): the time limit of one second for
# container credentials limits nothing. A server that answers after three seconds is waited for. The
# SDK only logs a warning after the first second (@smithy/node-http-handler 4.4.7).
#
# One would expect `timeout: 1000` to end the request, and the next of the tries to begin. For the
# metadata service the SDK keeps its limit.
#
# Installs packages of npm into a temporary folder, and runs a server of its own. Needs node and npm.
# Exits with 0 if the SDK behaves as described, 1 if it does not, and 77 if the packages cannot be
# downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
packages=(@aws-sdk/credential-provider-http@3.967.0 @smithy/credential-provider-imds@4.2.7
  @smithy/node-http-handler@4.4.7)
# With the versions of that day of all that these need.
npm install --silent --no-audit --no-fund --prefix . --before=2026-01-15 "${packages[@]}" \
  >/dev/null 2>&1 || {
  echo "cannot be had: ${packages[*]}"
  exit 77
}

cat >wait.mjs <<'JAVASCRIPT'
import http from "node:http";
import { fromHttp } from "@aws-sdk/credential-provider-http";
import { fromInstanceMetadata } from "@smithy/credential-provider-imds";

// Answers every request with credentials, after three seconds.
const Expiration = new Date(Date.now() + 3600000).toISOString();
const body = JSON.stringify({ AccessKeyId: "a", SecretAccessKey: "s", Token: "t", Expiration });
const server = http.createServer((request, response) => setTimeout(() => response.end(body), 3000));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = url;

async function ask(name, provider) {
  const outcome = await provider().then(() => "credentials", (error) => error.message);
  console.log(`${name}: ${outcome}`);
}

const limit = { timeout: 1000, maxRetries: 0 };
await ask("container credentials", fromHttp({ awsContainerCredentialsFullUri: url, ...limit }));
await ask("metadata service", fromInstanceMetadata(limit));
server.close();
server.closeAllConnections();
JAVASCRIPT

node wait.mjs 2>warnings | tee seen
expected="container credentials: credentials
metadata service: TimeoutError from instance metadata service"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the limit of a second did not end a wait of three"
