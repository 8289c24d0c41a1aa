#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-tss 3.2.1: two calls of Esys_TR_FromTPMPublic for one persistent object give the same ESYS_TR,
# and nobody counts them. After one user has closed it, the other one's is unknown: every call with it
# fails with 0x70018 (TSS2_ESYS_RC_BAD_TR).
#
# One would expect two opens to need two closes, as with file descriptors. A program that uses the
# key at 0x81000001 twice, for example to sign and to salt a session, must count by itself.
#
# Runs Debian 12's packages from a temporary folder, with a private software TPM. Exits with 0 if
# tpm2-tss behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
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

cat >twice.py <<'PYTHON'
import ctypes
import sys

NONE = ctypes.c_uint32(0xFFF)
esys = ctypes.CDLL("libtss2-esys.so.0")
tcti, context = ctypes.c_void_p(), ctypes.c_void_p()
loader = ctypes.CDLL("libtss2-tctildr.so.0")
assert loader.Tss2_TctiLdr_Initialize(sys.argv[1].encode(), ctypes.byref(tcti)) == 0
assert esys.Esys_Initialize(ctypes.byref(context), tcti, None) == 0


def open_key():
    key = ctypes.c_uint32()
    handle = ctypes.c_uint32(0x81000001)
    assert esys.Esys_TR_FromTPMPublic(context, handle, NONE, NONE, NONE, ctypes.byref(key)) == 0
    return key


def use(key):
    return hex(esys.Esys_TR_GetName(context, key, ctypes.byref(ctypes.c_void_p())))


first, second = open_key(), open_key()
print("the same ESYS_TR:", first.value == second.value)
print("use of the second:", use(second))
print("close of the first:", hex(esys.Esys_TR_Close(context, ctypes.byref(first))))
print("use of the second:", use(second))
PYTHON

/usr/bin/python3 twice.py "swtpm:path=$folder/socket" | tee seen
expected="the same ESYS_TR: True
use of the second: 0x0
close of the first: 0x0
use of the second: 0x70018"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: one close took the object from both"
