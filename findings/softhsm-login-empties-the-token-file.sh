#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SoftHSM 2.6.1: C_Login rewrites the token's file, although no user data changes. SoftHSM truncates
# the file under a lock, releases the lock, and then writes the file. A process that reads the file
# in between sees a token without a name, or no token.
#
# One would expect a login to read only, and a lock to cover the whole rewrite. If several programs
# use one SoftHSM token, they must look again for a token that seems to be missing.
#
# Runs Debian 12's softhsm2 and opensc from a temporary folder. Exits with 0 if SoftHSM behaves as
# described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in libsofthsm2=2.6.1-2.1 softhsm2=2.6.1-2.1 opensc=0.23.0-0.3+deb12u2 \
  opensc-pkcs11=0.23.0-0.3+deb12u2 libeac3=1.1.2+ds+git20220117+453c3d6b03a0-1.1 \
  strace=6.1-0.1; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
export LD_LIBRARY_PATH=$libraries PATH=$folder/root/usr/bin:$PATH
module=$folder/root/usr/lib/softhsm/libsofthsm2.so

mkdir tokens
echo "directories.tokendir = $folder/tokens" >softhsm2.conf
export SOFTHSM2_CONF=$folder/softhsm2.conf
softhsm2-util --module "$module" --init-token --free --label shop --pin 1234 --so-pin 5678 >/dev/null
pkcs11-tool --module "$module" --login --pin 1234 --keypairgen --key-type EC:prime256v1 --id 01 \
  --label web >/dev/null 2>&1

strace -f -y -e trace=fcntl,write,ftruncate -o trace \
  pkcs11-tool --module "$module" --login --pin 1234 --list-objects --type privkey >/dev/null 2>&1

echo "what one login does with the token's file, from the moment that it is locked for writing:"
steps=$(sed -E 's#^[0-9]+ +##' trace | grep -F token.object | grep -A 4 -m 1 -F F_WRLCK |
  sed -E "s#<[^>]*/token.object>#<token.object>#; s#, \"[^)]*##; s#, l_whence[^}]*##")
echo "$steps"

echo "what 40 lists of tokens see while another process logs in again and again (chance, for show):"
(
  for _ in $(seq 40); do
    pkcs11-tool --module "$module" --login --pin 1234 --list-objects --type privkey >/dev/null 2>&1 || true
  done
) &
logins=$!
missing=0
for _ in $(seq 40); do
  pkcs11-tool --module "$module" --list-token-slots 2>/dev/null | grep -q 'token label *: shop' ||
    missing=$((missing + 1))
done
wait "$logins"
echo "token missing in $missing of 40"

calls=$(echo "$steps" | grep -oE 'F_WRLCK|ftruncate|F_UNLCK|write' | tr '\n' ' ')
[ "$calls" = "F_WRLCK ftruncate F_UNLCK write " ] || {
  echo "changed: $calls"
  exit 1
}
echo "as described: cut under the lock, written without it"
