#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# rclone 1.60.1 (AWS SDK for Go, version 1): a credential_process whose program is in double quotes
# runs without its arguments. The same line without the quotes runs with them. Nothing is reported.
#
# One would expect quotes around a path to be harmless. AWS's documentation asks for them around a path
# with blanks, and botocore runs such a line as meant. The SDK's reader of the file takes the quoted
# text for the whole value, and drops the rest of the line.
#
# Runs Debian 12's rclone from a temporary folder, with a server of its own for S3. Exits with 0 if
# rclone behaves as described, 1 if it does not, and 77 if the package cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download rclone=1.60.1+dfsg-2+b5 >/dev/null 2>&1 || {
  echo "cannot be had: rclone=1.60.1+dfsg-2+b5"
  exit 77
}
dpkg -x rclone*.deb root

cat >program <<'SHELL'
#!/bin/sh
echo "$# arguments" >>runs
echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"s","SessionToken":"t"}'
SHELL
chmod +x program
cat >config <<CONFIG
[profile plain]
credential_process = $folder/program one two
[profile quoted]
credential_process = "$folder/program" one two
CONFIG

cat >s3.py <<'PYTHON'
import http.server


class Empty(http.server.BaseHTTPRequestHandler):
    """A bucket without objects."""

    def do_GET(self):
        body = b"<ListBucketResult></ListBucketResult>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
with open("port", "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
PYTHON
/usr/bin/python3 s3.py &
server=$!
tries=100
until [ -s port ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

for profile in plain quoted; do
  env -i HOME="$folder" PATH="$PATH" AWS_CONFIG_FILE="$folder/config" AWS_SDK_LOAD_CONFIG=1 \
    AWS_SHARED_CREDENTIALS_FILE="$folder/none" AWS_PROFILE=$profile \
    root/usr/bin/rclone lsf --config="" --retries=1 --s3-provider=Other --s3-env-auth \
    --s3-endpoint="http://127.0.0.1:$(cat port)" :s3:bucket
  echo "$profile: $(cat runs)"
  rm runs
done | tee seen
expected="plain: 2 arguments
quoted: 0 arguments"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the quoted program lost its arguments"
