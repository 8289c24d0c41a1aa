#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# systemd 252: a unit often has SystemCallFilter=@system-service and then ~@privileged. The pair denies
# chown(). @system-service has the group @chown, but so has @privileged, described as "All system
# calls which need super-user capabilities". The second line takes it away again.
#
# One would expect the pair to leave what an ordinary user may do. Any user may give a file of its own
# to a group of its own, without a capability. A service that does so fails in its unit only, and works
# from a shell.
#
# Runs Debian 12's systemd-analyze from a temporary folder; the second part is done by the caller, or
# by an ordinary user for root. Exits with 0 if it is as described, 1 if it is not, and 77 if the
# packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu/systemd

# Lists the system calls of a group, with those of the groups in it.
calls() {
  local name
  LD_LIBRARY_PATH=$libraries root/usr/bin/systemd-analyze syscall-filter "$1" |
    sed -n 's/^ *\([@a-z0-9_]*\)$/\1/p' | tail -n +2 | while read -r name; do
    if [[ $name == @* ]]; then calls "$name"; else echo "$name"; fi
  done
}
calls @system-service | sort -u >service
calls @privileged | sort -u >privileged

cat >give <<'SHELL'
touch open/file
for group in $(id -G); do chgrp "$group" open/file || exit 1; done
echo "an ordinary user gives its file to each of its groups: allowed"
SHELL
chmod a+rx .
mkdir --mode=777 open
user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid=65534 --regid=65534 "--groups=65534,4242")
{
  echo "in both: $(comm -12 service privileged | grep chown | paste -sd' ')"
  "${user[@]}" sh give
} | tee seen
expected="in both: chown chown32 fchown fchown32 fchownat lchown lchown32
an ordinary user gives its file to each of its groups: allowed"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: ~@privileged denies what needs no privilege"
