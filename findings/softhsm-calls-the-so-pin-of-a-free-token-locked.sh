#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SoftHSM 2.6.1: the token of a free slot has the flags CKF_SO_PIN_LOCKED and
# CKF_SO_PIN_TO_BE_CHANGED, although it has no SO PIN yet. C_InitToken works there, as PKCS#11 v2.40
# (section 5.5) demands for a new token: the PIN that it is given becomes the SO PIN.
#
# One would expect flags without CKF_TOKEN_INITIALIZED to claim nothing. A careful program looks at
# CKF_SO_PIN_LOCKED first, so as not to burn a try. It would refuse to initialise any new token.
#
# Runs Debian 12's package from a temporary folder. Exits with 0 if SoftHSM behaves as described, 1
# if it does not, and 77 if the package cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download libsofthsm2=2.6.1-2.1 >/dev/null 2>&1 || {
  echo "cannot be had: libsofthsm2=2.6.1-2.1"
  exit 77
}
dpkg -x libsofthsm2*.deb root
mkdir tokens
echo "directories.tokendir = $folder/tokens" >softhsm2.conf

cat >flags.py <<'PYTHON'
import ctypes
import sys

LOCKED, TO_BE_CHANGED, INITIALIZED = 0x400000, 0x800000, 0x400


class TokenInfo(ctypes.Structure):
    _fields_ = [
        ("names", ctypes.c_char * 96),
        ("flags", ctypes.c_ulong),
        ("numbers", ctypes.c_ulong * 10),
        ("rest", ctypes.c_char * 20),
    ]


module = ctypes.CDLL(sys.argv[1])
module.C_Initialize(None)


def state(slot):
    info = TokenInfo()
    module.C_GetTokenInfo(ctypes.c_ulong(slot), ctypes.byref(info))
    names = (("initialised", INITIALIZED), ("SO PIN locked", LOCKED), ("to be changed", TO_BE_CHANGED))
    return ", ".join(f"{name} {bool(info.flags & flag)}" for name, flag in names)


print("free slot:", state(0))
pin, label = b"any-PIN-at-all", b"new".ljust(32)
result = module.C_InitToken(ctypes.c_ulong(0), pin, ctypes.c_ulong(len(pin)), label)
print("C_InitToken:", hex(result))
print("after it:", state(0))
PYTHON

SOFTHSM2_CONF=$folder/softhsm2.conf /usr/bin/python3 flags.py root/usr/lib/softhsm/libsofthsm2.so | tee seen
expected="free slot: initialised False, SO PIN locked True, to be changed True
C_InitToken: 0x0
after it: initialised True, SO PIN locked False, to be changed False"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: a new token claims a locked SO PIN, which it does not have"
