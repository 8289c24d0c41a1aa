#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Linux (seen with 6.18), sock_diag(7) and /proc/net/tcp: when a program has closed its end of a TCP
# connection, that end belongs to user 0, root. It is so from FIN-WAIT-2 on, for up to a minute,
# although the other end may still be open.
#
# One would expect the user to stay, or none to be given. A program that counts the connections of
# each user finds closed ones of all users with root.
#
# Runs Debian 12's iproute2 from a temporary folder, and a program as an ordinary user.
# Exits with 0 if the kernel behaves as described, 1 if it does not, and 77 if the package cannot be
# downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download iproute2=6.1.0-3 >/dev/null 2>&1 || {
  echo "cannot be had: iproute2=6.1.0-3"
  exit 77
}
dpkg -x iproute2*.deb root
ss=$folder/root/bin/ss

cat >close.py <<'PYTHON'
import os
import re
import socket
import subprocess
import sys

server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
accepted, _ = server.accept()


def show(end, filter_):
    """What the kernel says of one end of the connection."""
    command = [sys.argv[1], "--no-header", "-tane", "state", "connected", filter_]
    line = "FIN-WAIT-1"
    while line.startswith("FIN-WAIT-1"):  # until the other end has confirmed
        line = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    user = re.search(r"uid:(\d+)", line)  # ss leaves out 0
    mine = user and int(user[1]) == os.getuid()
    print(f"{end}: {line.split()[0]}, {'my user' if mine else 'root'}")


for step in "both open", "client's end closed":
    print(step)
    show("  client's end", f"dport = :{port}")
    show("  server's end", f"sport = :{port}")
    client.close()
PYTHON
chmod -R a+rX "$folder"

user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid 65534 --clear-groups)
"${user[@]}" /usr/bin/python3 close.py "$ss" | tee seen
expected="both open
  client's end: ESTAB, my user
  server's end: ESTAB, my user
client's end closed
  client's end: FIN-WAIT-2, root
  server's end: CLOSE-WAIT, my user"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed in Linux $(uname -r)"
  exit 1
}
echo "as described: the closed end seems to be root's"
