#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# restic 0.14.0: if the server of its container credentials answers 503, restic goes on without any.
# It sends its requests to S3 unsigned, and reports what S3 says to a stranger: "Access Denied".
#
# One would expect a failure, since the variable names the only place where credentials come from. The
# message leads to the bucket's policy, and says nothing of the server that was asked.
#
# Runs Debian 12's restic from a temporary folder, with a server of its own for both. Exits with 0 if
# restic behaves as described, 1 if it does not, and 77 if the package cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download restic=0.14.0-1+b5 >/dev/null 2>&1 || {
  echo "cannot be had: restic=0.14.0-1+b5"
  exit 77
}
dpkg -x restic*.deb root

cat >service.py <<'PYTHON'
import http.server


class Service(http.server.BaseHTTPRequestHandler):
    """Has no credentials, and a bucket that strangers may not read."""

    def do_GET(self):
        credentials = self.path == "/credentials"
        signature = "signed" if "Authorization" in self.headers else "unsigned"
        with open("requests", "a") as file:
            file.write(f"{self.path if credentials else 'S3: ' + signature}\n")
        body = b"{}" if credentials else b"<Error><Code>AccessDenied</Code></Error>"
        self.send_response(503 if credentials else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
with open("port", "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
PYTHON
/usr/bin/python3 service.py &
server=$!
tries=100
until [ -s port ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

url=127.0.0.1:$(cat port)
env -i HOME="$folder" PATH="$PATH" RESTIC_PASSWORD=any AWS_EC2_METADATA_DISABLED=true \
  AWS_CONTAINER_CREDENTIALS_FULL_URI="http://$url/credentials" \
  root/usr/bin/restic --no-cache -r "s3:http://$url/bucket" snapshots >said 2>&1 || true
{
  sort -u requests
  grep -io 'access denied' said | head -n 1
} | tee seen
expected="/credentials
S3: unsigned
Access Denied"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  cat said
  exit 1
}
echo "as described: without credentials it asks as a stranger"
