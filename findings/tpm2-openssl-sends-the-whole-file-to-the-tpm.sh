#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-openssl 1.1.1: with the property query `?provider=tpm2`, which its key needs in `openssl dgst`,
# the TPM computes the digest, too. A file of 100 kB takes 98 commands (TPM2_SequenceUpdate), because
# a kilobyte fits into one.
#
# One would expect a provider to hash on the host and to send 32 bytes to the TPM. On a chip, where a
# command takes milliseconds, the time depends on the file's size rather than on the signature.
#
# Runs Debian 12's packages from a temporary folder, with a private software TPM. Exits with 0 if the
# provider behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
tpm=
trap '[ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
for package in openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2 tpm2-openssl=1.1.1-1 \
  libtss2-tcti-pcap0=3.2.1-3 swtpm=0.7.1-1.3 swtpm-libs=0.7.1-1.3 libtpms0=0.9.2-3.1+deb12u1 \
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
export TPM2OPENSSL_TCTI=pcap:swtpm:path=$folder/socket TCTI_PCAP_FILE=$folder/commands
export TSS2_LOG=all+NONE

mkdir state
swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init,startup-clear \
  --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
  >swtpm.log 2>&1 &
tpm=$!
tries=100
until [ -S socket.ctrl ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

with_tpm=(-provider tpm2 -provider default -propquery '?provider=tpm2')
openssl genpkey "${with_tpm[@]}" -algorithm EC -pkeyopt group:P-256 -out key.pem
openssl pkey "${with_tpm[@]}" -in key.pem -pubout -out key.pub

cat >count.py <<'PYTHON'
import re

SEQUENCE_UPDATE = b"\x00\x00\x01\x5c"
with open("commands", "rb") as capture:
    # A command: tag (with or without sessions), length, code.
    found = re.findall(rb"\x80[\x01\x02]\x00\x00..(\x00\x00\x01.)", capture.read(), re.DOTALL)
print(found.count(SEQUENCE_UPDATE))
PYTHON

seen=()
for size in 1000 10000 100000; do
  printf "%0${size}d" 0 >file
  rm -f commands
  openssl dgst "${with_tpm[@]}" -sha256 -sign key.pem -out signature file
  openssl dgst -sha256 -verify key.pub -signature signature file >/dev/null
  seen+=("$(/usr/bin/python3 count.py)")
  echo "a file of $size bytes: ${seen[-1]} TPM2_SequenceUpdate"
done

[ "${seen[*]}" = "1 10 98" ] || {
  echo "changed: ${seen[*]}"
  exit 1
}
echo "as described: the file went to the TPM"
