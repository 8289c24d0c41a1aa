#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TPM 2.0 (libtpms 0.9.2): a key at a persistent handle needs a slot for loaded objects like any other.
# This TPM has room for three. If three other objects are loaded, the key at the handle cannot even be
# read: TPM_RC_OBJECT_MEMORY (0x902).
#
# One would expect a key that is stored in the TPM to be usable at any time. The TPM copies it to a
# slot for each command. So a program that leaves three objects behind blocks all keys, unless a
# resource manager is between.
#
# Runs Debian 12's swtpm and tpm2-tools from a temporary folder, with a private TPM. Exits with 0 if
# the TPM behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
tpm=
trap '[ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
for package in swtpm=0.7.1-1.3 swtpm-libs=0.7.1-1.3 libtpms0=0.9.2-3.1+deb12u1 tpm2-tools=5.4-1 \
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
export TPM2TOOLS_TCTI=swtpm:path=$folder/socket
export TSS2_LOG=all+NONE

mkdir state
swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init,startup-clear \
  --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
  >swtpm.log 2>&1 &
tpm=$!
tries=100
until [ -S socket.ctrl ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

tpm2_createprimary --quiet --hierarchy=o --key-algorithm=ecc --key-context=key.ctx
tpm2_evictcontrol --quiet --hierarchy=o --object-context=key.ctx 0x81000001
tpm2_flushcontext --transient-object

read_key() {
  if tpm2_readpublic --quiet --object-context=0x81000001 2>errors; then
    echo readable
  else
    grep -o '0x[0-9A-F]*' errors | head -n 1
  fi
}
seen=()
for loaded in 0 1 2 3; do
  [ "$loaded" = 0 ] ||
    tpm2_createprimary --quiet --hierarchy=n --key-algorithm=ecc --key-context="other$loaded.ctx"
  seen+=("$(read_key)")
  echo "$loaded other objects are loaded, the key at 0x81000001: ${seen[-1]}"
done
tpm2_flushcontext --transient-object
seen+=("$(read_key)")
echo "they are gone: ${seen[-1]}"

[ "${seen[*]}" = "readable readable readable 0x902 readable" ] || {
  echo "changed: ${seen[*]}"
  exit 1
}
echo "as described: three loaded objects shut out the persistent key"
