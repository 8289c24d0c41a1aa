#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# AWS SDK for JavaScript (@smithy/shared-ini-file-loader 4.4.2) and botocore 1.29.27: they read one
# line of the AWS config file differently. The SDK for JavaScript ends a value at a blank with ";" or
# "#" behind it, also within quotes. For botocore that is part of the value.
#
# One would expect quotes to protect what is in them, since the value is a command line. The SDK for
# JavaScript gives the shell half of it, with a quote that does not end.
#
# Installs a package of npm and Debian 12's packages into a temporary folder. Needs node and npm.
# Exits with 0 if both behave as described, 1 if they do not, and 77 if they cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in python3-botocore=1.29.27+repack-1 python3-jmespath=1.0.1-1 python3-dateutil=2.8.2-2 \
  python3-urllib3=1.26.12-1+deb12u4 python3-six=1.16.0-4; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
package=@smithy/shared-ini-file-loader@4.4.2
# With the versions of that day of all that it needs.
npm install --silent --no-audit --no-fund --prefix . --before=2026-01-15 "$package" >/dev/null 2>&1 || {
  echo "cannot be had: $package"
  exit 77
}

cat >config <<'CONFIG'
[profile web]
credential_process = mint --key 'pkcs11:object=web ;type=private' --region eu-west-1
CONFIG

cat >read.mjs <<'JAVASCRIPT'
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
const files = await loadSharedConfigFiles({ configFilepath: "config", filepath: "none" });
console.log("JavaScript:", files.configFile.web.credential_process);
JAVASCRIPT
cat >read.py <<'PYTHON'
import botocore.configloader

profile = botocore.configloader.load_config("config")["profiles"]["web"]
print("botocore:", profile["credential_process"])
PYTHON

{
  node read.mjs
  PYTHONPATH=$folder/root/usr/lib/python3/dist-packages /usr/bin/python3 read.py
} | tee seen
expected="JavaScript: mint --key 'pkcs11:object=web
botocore: mint --key 'pkcs11:object=web ;type=private' --region eu-west-1"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: one line, two commands"
