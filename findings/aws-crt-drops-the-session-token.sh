#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# aws-crt 0.16.8 (Python): its provider for a credential_process reads the two keys and the expiry, and
# drops the SessionToken. No error is raised.
#
# One would expect the token, since a credential_process mostly gives temporary credentials. AWS
# refuses requests without it. The same library reads the token of a profile in a file.
#
# Runs Debian 12's package from a temporary folder. Needs Python 3.11. Exits with 0 if aws-crt behaves
# as described, 1 if it does not, and 77 if the package cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download python3-awscrt=0.16.8+dfsg-1 >/dev/null 2>&1 || {
  echo "cannot be had: python3-awscrt=0.16.8+dfsg-1"
  exit 77
}
dpkg -x python3-awscrt*.deb root

cat >process <<'SHELL'
#!/bin/sh
echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"s","SessionToken":"t","Expiration":"2050-01-01T00:00:00Z"}'
SHELL
chmod +x process
cat >config <<CONFIG
[profile process]
credential_process = $folder/process
CONFIG
cat >credentials <<'CONFIG'
[file]
aws_access_key_id = a
aws_secret_access_key = s
aws_session_token = t
CONFIG

cat >ask.py <<'PYTHON'
from awscrt import auth, io

group = io.EventLoopGroup(1)
bootstrap = io.ClientBootstrap(group, io.DefaultHostResolver(group))
for name, provider in (
    ("process", auth.AwsCredentialsProvider.new_process("process")),
    ("file", auth.AwsCredentialsProvider.new_profile(bootstrap, profile_name="file")),
):
    found = provider.get_credentials().result(30)
    print(f"{name}: key {found.access_key_id}, secret {found.secret_access_key}, token {found.session_token}")
PYTHON
env -i PATH="$PATH" HOME="$folder" AWS_CONFIG_FILE="$folder/config" \
  AWS_SHARED_CREDENTIALS_FILE="$folder/credentials" \
  PYTHONPATH="$folder/root/usr/lib/python3/dist-packages" /usr/bin/python3 ask.py | tee seen
expected="process: key a, secret s, token None
file: key a, secret s, token t"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the token is lost on its way from the process"
