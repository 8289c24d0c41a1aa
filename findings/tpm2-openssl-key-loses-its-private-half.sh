#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-openssl 1.1.1 with OpenSSL 3.0.22: `openssl dgst -sign` fails with "missing private key" for a
# key in the TPM, in whatever order the providers are named. `openssl pkeyutl` and `openssl req` sign
# with the same key, but only if tpm2 is the first one. With `-propquery ?provider=tpm2` all three do.
#
# One would expect a key to be used by the provider that has it. The provider hands out the public
# half when OpenSSL asks for both, so the default provider gets a copy of the key, and prefers it.
#
# Runs Debian 12's packages from a temporary folder, with a private software TPM. Exits with 0 if they
# behave as described, 1 if they do not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
tpm=
trap '[ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
for package in openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2 tpm2-openssl=1.1.1-1 \
  swtpm=0.7.1-1.3 swtpm-libs=0.7.1-1.3 libtpms0=0.9.2-3.1+deb12u1 \
  libtss2-esys-3.0.2-0=3.2.1-3 libtss2-mu0=3.2.1-3 libtss2-sys1=3.2.1-3 libtss2-rc0=3.2.1-3 \
  libtss2-tctildr0=3.2.1-3 libtss2-tcti-swtpm0=3.2.1-3 libtss2-fapi1=3.2.1-3; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH=$libraries:$libraries/swtpm PATH=$folder/root/usr/bin:$PATH
export OPENSSL_MODULES=$libraries/ossl-modules OPENSSL_CONF=/dev/null
export TPM2OPENSSL_TCTI=swtpm:path=$folder/socket
export TSS2_LOG=all+NONE

mkdir state
swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init,startup-clear \
  --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
  >swtpm.log 2>&1 &
tpm=$!
tries=100
until [ -S socket.ctrl ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

openssl genpkey -provider tpm2 -provider default -propquery '?provider=tpm2' -algorithm EC \
  -pkeyopt group:P-256 -out key.pem
printf '%032d' 0 >digest

# Whether a command signs.
try() {
  if "$@" >/dev/null 2>errors; then
    echo signs
  else
    grep -o 'missing private key' errors | head -n 1
  fi
}
# Tries three commands with these options.
sign() {
  echo "$*"
  echo "  dgst: $(try openssl dgst "$@" -sha256 -sign key.pem -out signature digest)"
  echo "  pkeyutl: $(try openssl pkeyutl "$@" -sign -inkey key.pem -in digest -out signature)"
  echo "  req: $(try openssl req "$@" -new -key key.pem -subj /CN=web -config /dev/null)"
}
{
  sign -provider tpm2 -provider default
  sign -provider default -provider tpm2
  sign -provider default -provider tpm2 -propquery '?provider=tpm2'
} | tee seen
expected="-provider tpm2 -provider default
  dgst: missing private key
  pkeyutl: signs
  req: signs
-provider default -provider tpm2
  dgst: missing private key
  pkeyutl: missing private key
  req: missing private key
-provider default -provider tpm2 -propquery ?provider=tpm2
  dgst: signs
  pkeyutl: signs
  req: signs"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the default provider got the key"
