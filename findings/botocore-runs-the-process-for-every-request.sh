#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# botocore 1.29.27: while the credentials of a credential_process have less than 15 minutes left, the
# process is run again for every request that needs them. It is run even if its last answer was as
# short. With 16 minutes left, six requests run it once; with 14 minutes, seven times.
#
# One would expect credentials that are valid to be used until shortly before they expire. Sessions of
# 15 minutes, the shortest that AWS gives, never have more than that left. Each request of one program
# then makes a session of its own.
#
# Runs Debian 12's packages from a temporary folder, without AWS. Exits with 0 if botocore behaves as
# described, 1 if it does not, and 77 if the packages cannot be downloaded.
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

cat >process <<'SHELL'
#!/bin/sh
echo run >>runs
expiration=$(date -u -d "+$1 minutes" +%Y-%m-%dT%H:%M:%SZ)
echo "{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Expiration\":\"$expiration\"}"
SHELL
chmod +x process
for minutes in 16 14; do
  printf '[profile %s]\ncredential_process = %s/process %s\n' "$minutes" "$folder" "$minutes"
done >config

cat >ask.py <<'PYTHON'
import os
import sys

import botocore.session

credentials = botocore.session.Session(profile=sys.argv[1]).get_credentials()
for _ in range(6):
    credentials.get_frozen_credentials()  # as the signature of each request does
with open("runs") as runs:
    print(f"{sys.argv[1]} minutes left, six requests: the process ran", len(runs.readlines()), "times")
os.remove("runs")
PYTHON

for minutes in 16 14; do
  env -i PATH="$PATH" AWS_CONFIG_FILE="$folder/config" AWS_SHARED_CREDENTIALS_FILE="$folder/none" \
    PYTHONPATH="$folder/root/usr/lib/python3/dist-packages" /usr/bin/python3 ask.py "$minutes"
done | tee seen
expected="16 minutes left, six requests: the process ran 1 times
14 minutes left, six requests: the process ran 7 times"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: below 15 minutes each request runs the process"
