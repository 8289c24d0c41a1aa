#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# botocore 1.29.27: credentials of the metadata service with five minutes left are believed to last at
# least 12 minutes longer than they do. Their expiry is replaced by a later one, partly random,
# in case the service is late. Here they have not expired, and the service answers.
#
# One would expect the expiry that the service names to hold, and new credentials to be asked for
# before it. If the server lets its credentials run down, clients go on to use expired ones. With
# container credentials botocore changes nothing.
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

cat >expiry.py <<'PYTHON'
import datetime
import http.server
import json
import os
import threading

import botocore.session

EXPIRY = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(minutes=5)
CREDENTIALS = {"Code": "Success", "AccessKeyId": "a", "SecretAccessKey": "s", "Token": "t"}
CREDENTIALS["Expiration"] = EXPIRY.strftime("%Y-%m-%dT%H:%M:%SZ")


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith("/token"):
            body = "token"
        elif self.path.endswith("/security-credentials/"):
            body = "role"
        else:
            body = json.dumps(CREDENTIALS)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_PUT = do_GET

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
for name, variable in (
    ("container credentials", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ("metadata service", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
):
    os.environ[variable] = url
    credentials = botocore.session.Session().get_credentials()
    credentials.get_frozen_credentials()
    believed = credentials._expiry_time - EXPIRY
    print(f"{name}: {'later by 12 minutes or more' if believed.seconds >= 12 * 60 else believed}")
    del os.environ[variable]
PYTHON

env -i PATH="$PATH" HOME="$folder" PYTHONPATH="$folder/root/usr/lib/python3/dist-packages" \
  /usr/bin/python3 expiry.py | tee seen
expected="container credentials: 0:00:00
metadata service: later by 12 minutes or more"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the client believes in a later expiry"
