#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# p11-kit 0.24.1: a module that is used through `remote:` or p11-kit's server offers fewer mechanisms
# than the module itself: 36 of SoftHSM's 70. CKM_EDDSA and CKM_SHA256_RSA_PKCS_PSS
# are among those that do not; CKM_ECDSA and CKM_RSA_PKCS_PSS do.
#
# One would expect a transport to pass what the token has, or to report what it leaves out. It passes
# only the mechanisms that are on a list of its own, silently. A program that looks for its mechanism
# then says that the token lacks it.
#
# Runs Debian 12's packages from a temporary folder, as an ordinary user. Exits with 0 if p11-kit
# behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in libp11-kit0=0.24.1-2 p11-kit=0.24.1-2 libsofthsm2=2.6.1-2.1; do
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
echo "remote: |$folder/root/usr/libexec/p11-kit/p11-kit-remote $softhsm" \
  >config/pkcs11/modules/remote.module

cat >mechanisms.py <<'PYTHON'
import ctypes
import sys

WANTED = {0x1041: "CKM_ECDSA", 0x1057: "CKM_EDDSA", 0xD: "CKM_RSA_PKCS_PSS", 0x43: "CKM_SHA256_RSA_PKCS_PSS"}
INITIALIZE, FINALIZE, SLOTS, MECHANISMS = 1, 2, 5, 8
U = ctypes.c_ulong
table = ctypes.c_void_p()
assert ctypes.CDLL(sys.argv[1]).C_GetFunctionList(ctypes.byref(table)) == 0
# CK_FUNCTION_LIST: a version, padded to a pointer's size, and the functions in the standard's order.
functions = (ctypes.c_void_p * 69).from_address(table.value)


def call(index, *arguments):
    assert ctypes.CFUNCTYPE(U)(functions[index])(*arguments) == 0


def listed(index, *arguments):
    found, count = (U * 200)(), U(200)
    call(index, *arguments, found, ctypes.byref(count))
    return found[: count.value]


call(INITIALIZE, None)
mechanisms = listed(MECHANISMS, U(listed(SLOTS, ctypes.c_ubyte(0))[0]))
print(len(mechanisms), *(name for number, name in WANTED.items() if number in mechanisms))
call(FINALIZE, None)
PYTHON
chmod -R a+rwX "$folder"

user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid 65534 --clear-groups)  # root has no user configuration
export LD_LIBRARY_PATH=$libraries XDG_CONFIG_HOME=$folder/config SOFTHSM2_CONF=$folder/softhsm2.conf
{
  echo "SoftHSM: $("${user[@]}" /usr/bin/python3 mechanisms.py "$softhsm")"
  echo "by remote: $("${user[@]}" /usr/bin/python3 mechanisms.py libp11-kit.so.0)"
} | tee seen
expected="SoftHSM: 70 CKM_ECDSA CKM_EDDSA CKM_RSA_PKCS_PSS CKM_SHA256_RSA_PKCS_PSS
by remote: 36 CKM_ECDSA CKM_RSA_PKCS_PSS"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: half of the mechanisms are hidden"
