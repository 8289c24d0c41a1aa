#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# p11-kit 0.24.1's proxy: every call of C_GetFunctionList gives another table of functions, and each
# table is a module of its own. After C_Initialize by the first table, the second one still answers
# CKR_CRYPTOKI_NOT_INITIALIZED.
#
# One would expect one table for a loaded library, as SoftHSM and OpenSC have it. Two parts of a
# program that both ask for the table then share the module. Behind the proxy they do not, so the
# table must be asked for once and handed on.
#
# Runs Debian 12's packages from a temporary folder, as an ordinary user. Exits with 0 if p11-kit
# behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in libp11-kit0=0.24.1-2 libsofthsm2=2.6.1-2.1; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu
softhsm=$folder/root/usr/lib/softhsm/libsofthsm2.so

mkdir -p config/pkcs11/modules tokens
echo "directories.tokendir = $folder/tokens" >softhsm2.conf
echo "user-config: only" >config/pkcs11/pkcs11.conf
echo "module: $softhsm" >config/pkcs11/modules/softhsm.module

cat >tables.py <<'PYTHON'
import ctypes
import sys

NAMES = {0: "CKR_OK", 0x190: "CKR_CRYPTOKI_NOT_INITIALIZED"}
INITIALIZE, SLOTS = 1, 5  # in CK_FUNCTION_LIST, behind a version that is padded to a pointer's size
library = ctypes.CDLL(sys.argv[1])


def table():
    found = ctypes.c_void_p()
    assert library.C_GetFunctionList(ctypes.byref(found)) == 0
    return (ctypes.c_void_p * 69).from_address(found.value)


def call(functions, index, *arguments):
    code = ctypes.CFUNCTYPE(ctypes.c_ulong)(functions[index])(*arguments)
    return NAMES.get(code, hex(code))


def slots(functions):
    return call(functions, SLOTS, ctypes.c_ubyte(0), None, ctypes.byref(ctypes.c_ulong()))


first, second = table(), table()
print("  the same table:", ctypes.addressof(first) == ctypes.addressof(second))
print("  C_Initialize by the first table:", call(first, INITIALIZE, None))
print("  C_GetSlotList by the first table:", slots(first))
print("  C_GetSlotList by the second table:", slots(second))
PYTHON
chmod -R a+rwX "$folder"

user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid 65534 --clear-groups)  # root has no user configuration
export LD_LIBRARY_PATH=$libraries XDG_CONFIG_HOME=$folder/config SOFTHSM2_CONF=$folder/softhsm2.conf
{
  echo "SoftHSM:"
  "${user[@]}" /usr/bin/python3 tables.py "$softhsm"
  echo "SoftHSM behind p11-kit's proxy:"
  "${user[@]}" /usr/bin/python3 tables.py libp11-kit.so.0  # p11-kit-proxy.so is a link to it
} | tee seen
expected="SoftHSM:
  the same table: True
  C_Initialize by the first table: CKR_OK
  C_GetSlotList by the first table: CKR_OK
  C_GetSlotList by the second table: CKR_OK
SoftHSM behind p11-kit's proxy:
  the same table: False
  C_Initialize by the first table: CKR_OK
  C_GetSlotList by the first table: CKR_OK
  C_GetSlotList by the second table: CKR_CRYPTOKI_NOT_INITIALIZED"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the second table knows nothing of the first"
