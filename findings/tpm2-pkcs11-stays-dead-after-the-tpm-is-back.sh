#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-pkcs11 1.9.0: if the TPM restarts, the module stays dead in that process, although the TPM is
# back. It goes on with the session and the objects that it had loaded, which are gone. The open
# session still finds its key, and C_SignInit succeeds; only C_Sign fails, with CKR_GENERAL_ERROR. In
# a new session C_Login fails with the same code. C_Finalize and C_Initialize heal it.
#
# One would expect a new login to load them again, and CKR_DEVICE_REMOVED or CKR_DEVICE_ERROR before
# that. The code does not tell the loss from a fault of the key.
#
# Runs Debian 12's packages from a temporary folder, with a private software TPM that is restarted
# with its state. Exits with 0 if the module behaves as described, 1 if it does not, and 77 if the
# packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
tpm=
stop_tpm() {
  [ -z "$tpm" ] || kill -KILL "$tpm" 2>/dev/null || true
  [ -z "$tpm" ] || wait "$tpm" 2>/dev/null || true
  tpm=
}
trap 'stop_tpm; rm -rf "$folder"' EXIT
cd "$folder"
for package in libtpm2-pkcs11-1=1.9.0-0.1+deb12u1 swtpm=0.7.1-1.3 swtpm-libs=0.7.1-1.3 \
  libtpms0=0.9.2-3.1+deb12u1 opensc=0.23.0-0.3+deb12u2 \
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
export TPM2_PKCS11_STORE=$folder/store TPM2_PKCS11_TCTI=swtpm:path=$folder/socket
export TSS2_LOG=all+NONE TPM2_PKCS11_LOG_LEVEL=0
module=$libraries/libtpm2_pkcs11.so.1

start_tpm() {
  rm -f socket socket.ctrl
  swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init,startup-clear \
    --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
    >swtpm.log 2>&1 &
  tpm=$!
  local tries=100
  until [ -S "$folder/socket.ctrl" ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done
}

mkdir state store
start_tpm
tool() { pkcs11-tool --module "$module" "$@" >/dev/null 2>&1; }
tool --init-token --slot-index 0 --label test --so-pin 12345678
tool --token-label test --login --login-type so --so-pin 12345678 --init-pin --pin 87654321
tool --token-label test --login --pin 87654321 --keypairgen --key-type EC:prime256v1 --label web

# Signs, waits for a line, and signs again in several ways.
cat >sign.py <<'PYTHON'
import ctypes
import sys

U = ctypes.c_ulong
NAMES = {0: "CKR_OK", 5: "CKR_GENERAL_ERROR", 0x100: "CKR_USER_ALREADY_LOGGED_IN"}
lib = ctypes.CDLL(sys.argv[1])
table = ctypes.c_void_p()
assert lib.C_GetFunctionList(ctypes.byref(table)) == 0
# CK_FUNCTION_LIST: a version, padded to a pointer's size, and the functions in the standard's order.
functions = (ctypes.c_void_p * 69).from_address(table.value)


def call(index, *arguments):
    return ctypes.CFUNCTYPE(U)(functions[index])(*arguments)


INITIALIZE, FINALIZE, SLOTS, OPEN, CLOSE_ALL, LOGIN = 1, 2, 5, 13, 15, 19
FIND_INIT, FIND, FIND_FINAL, SIGN_INIT, SIGN = 27, 28, 29, 43, 44


class Attribute(ctypes.Structure):
    _fields_ = [("type", U), ("value", ctypes.c_void_p), ("size", U)]


class Mechanism(ctypes.Structure):
    _fields_ = [("type", U), ("value", ctypes.c_void_p), ("size", U)]


def show(step, code):
    print(f"{step}: {NAMES.get(code, hex(code))}", flush=True)


def start():
    assert call(INITIALIZE, None) == 0
    slots, count = (U * 8)(), U(8)
    assert call(SLOTS, ctypes.c_ubyte(1), slots, ctypes.byref(count)) == 0
    return slots[0]


def sign(session, key):
    mechanism = Mechanism(0x1041, None, 0)  # CKM_ECDSA
    show("C_SignInit", call(SIGN_INIT, session, ctypes.byref(mechanism), key))
    signature, size = (ctypes.c_ubyte * 256)(), U(256)
    show("C_Sign", call(SIGN, session, b"d" * 32, U(32), signature, ctypes.byref(size)))


def log_in(slot):
    session = U()
    show("C_OpenSession", call(OPEN, U(slot), U(4), None, None, ctypes.byref(session)))
    show("C_Login", call(LOGIN, session, U(1), b"87654321", U(8)))
    return session


def find_key(session):
    key, found, private = U(), U(), U(3)
    wanted = Attribute(0, ctypes.cast(ctypes.byref(private), ctypes.c_void_p), ctypes.sizeof(U))
    assert call(FIND_INIT, session, ctypes.byref(wanted), U(1)) == 0
    assert call(FIND, session, ctypes.byref(key), U(1), ctypes.byref(found)) == 0
    assert call(FIND_FINAL, session) == 0
    print("keys found:", found.value, flush=True)
    return key


slot = start()
session = log_in(slot)
sign(session, find_key(session))
print("the TPM restarts", flush=True)
sys.stdin.readline()
sign(session, find_key(session))
print("another session", flush=True)
assert call(CLOSE_ALL, U(slot)) == 0
log_in(slot)
print("C_Finalize and C_Initialize", flush=True)
assert call(FINALIZE, None) == 0
session = log_in(start())
sign(session, find_key(session))
PYTHON

mkfifo lines
/usr/bin/python3 sign.py "$module" <lines >seen 2>errors &
signer=$!
exec 3>lines
tries=200
until grep -q restarts seen || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done
stop_tpm
start_tpm
echo >&3
wait "$signer" || true
cat seen errors
expected="C_OpenSession: CKR_OK
C_Login: CKR_OK
keys found: 1
C_SignInit: CKR_OK
C_Sign: CKR_OK
the TPM restarts
keys found: 1
C_SignInit: CKR_OK
C_Sign: CKR_GENERAL_ERROR
another session
C_OpenSession: CKR_OK
C_Login: CKR_GENERAL_ERROR
C_Finalize and C_Initialize
C_OpenSession: CKR_OK
C_Login: CKR_OK
keys found: 1
C_SignInit: CKR_OK
C_Sign: CKR_OK"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: only C_Initialize heals it"
