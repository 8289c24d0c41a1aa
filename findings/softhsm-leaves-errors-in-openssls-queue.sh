#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SoftHSM 2.6.1 and OpenSSL 3.0.22: a C_Initialize that succeeds leaves four errors in the error queue
# of OpenSSL. SoftHSM tries to load an engine that OpenSSL does not have, and goes on without it.
# The queue belongs to the thread, not to the library that fills it.
#
# One would expect a call that returns CKR_OK to leave nothing behind. A program that uses OpenSSL
# itself, and reads its queue after a failure of its own, reports "no such engine" as the reason.
#
# Runs Debian 12's packages from a temporary folder. Exits with 0 if they behave as described, 1 if
# they do not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in libsofthsm2=2.6.1-2.1 libssl3=3.0.22-1~deb12u2; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
mkdir tokens
echo "directories.tokendir = $folder/tokens" >softhsm2.conf

cat >queue.py <<'PYTHON'
import ctypes
import sys

crypto = ctypes.CDLL("libcrypto.so.3")
crypto.ERR_get_error.restype = ctypes.c_ulong
crypto.ERR_reason_error_string.restype = ctypes.c_char_p


def queue():
    while number := crypto.ERR_get_error():
        yield crypto.ERR_reason_error_string(ctypes.c_ulong(number)).decode()


module = ctypes.CDLL(sys.argv[1])
print("before:", *queue())
print("C_Initialize:", hex(module.C_Initialize(None)))
print("after:", *queue(), sep="\n  ")
PYTHON

LD_LIBRARY_PATH=$folder/root/usr/lib/$(uname -m)-linux-gnu SOFTHSM2_CONF=$folder/softhsm2.conf \
  /usr/bin/python3 queue.py root/usr/lib/softhsm/libsofthsm2.so | tee seen
expected="before:
C_Initialize: 0x0
after:
  could not load the shared library
  could not load the shared library
  dso not found
  no such engine"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the caller finds four errors that are not its own"
