#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-pkcs11 1.9.0: C_GenerateKeyPair refuses an RSA pair that shall not encrypt and decrypt, with
# CKR_GENERAL_ERROR. It refuses CKA_ENCRYPT false in the public half, and CKA_DECRYPT false in the
# private half if the public half has CKA_VERIFY true.
#
# One would expect the two uses of a key to be told apart, as SoftHSM does. Only the private half's
# CKA_DECRYPT may be false, if nothing is said of the public half. The pair then encrypts what it
# cannot decrypt.
#
# Runs Debian 12's packages from a temporary folder, with a private software TPM. Exits with 0 if the
# module behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
tpm=
trap '[ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
for package in libtpm2-pkcs11-1=1.9.0-0.1+deb12u1 swtpm=0.7.1-1.3 swtpm-libs=0.7.1-1.3 \
  libtpms0=0.9.2-3.1+deb12u1 tpm2-tools=5.4-1 opensc=0.23.0-0.3+deb12u2 \
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
export TPM2TOOLS_TCTI=$TPM2_PKCS11_TCTI TSS2_LOG=all+NONE TPM2_PKCS11_LOG_LEVEL=0
module=$libraries/libtpm2_pkcs11.so.1

mkdir state store
swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init,startup-clear \
  --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
  >swtpm.log 2>&1 &
tpm=$!
tries=100
until [ -S socket.ctrl ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

tool() { pkcs11-tool --module "$module" "$@" 2>&1; }
tool --init-token --slot-index 0 --label test --so-pin 12345678 >/dev/null
tool --token-label test --login --login-type so --so-pin 12345678 --init-pin --pin 87654321 >/dev/null

cat >generate.py <<'PYTHON'
import ctypes
import sys

U = ctypes.c_ulong
TOKEN, ENCRYPT, DECRYPT, SIGN, VERIFY, MODULUS_BITS = 0x1, 0x104, 0x105, 0x108, 0x10A, 0x121
module = ctypes.CDLL(sys.argv[1])


class Attribute(ctypes.Structure):
    _fields_ = [("type", U), ("value", ctypes.c_char_p), ("size", U)]


class Mechanism(ctypes.Structure):
    _fields_ = [("type", U), ("value", ctypes.c_void_p), ("size", U)]


def call(function, *arguments):
    code = getattr(module, function)(*arguments)
    assert code == 0, (function, hex(code))


def template(attributes):
    items = [Attribute(kind, value, len(value)) for kind, value in attributes.items()]
    return (Attribute * len(items))(*items), U(len(items))


def use(session, key, kind):
    value = ctypes.create_string_buffer(1)
    attribute = Attribute(kind, ctypes.cast(value, ctypes.c_char_p), 1)
    call("C_GetAttributeValue", session, key, ctypes.byref(attribute), U(1))
    return value.raw == b"\1"


def generate(public, private):
    """Makes a pair with these attributes; returns what came of it."""
    call("C_Initialize", None)
    slots, count, session = (U * 8)(), U(8), U()
    call("C_GetSlotList", ctypes.c_ubyte(1), slots, ctypes.byref(count))
    call("C_OpenSession", U(slots[0]), U(6), None, None, ctypes.byref(session))
    call("C_Login", session, U(1), b"87654321", U(8))
    public = {TOKEN: b"\1", MODULUS_BITS: (2048).to_bytes(ctypes.sizeof(U), sys.byteorder), **public}
    private = {TOKEN: b"\1", SIGN: b"\1", **private}
    keys = U(), U()
    mechanism = Mechanism(0, None, 0)  # CKM_RSA_PKCS_KEY_PAIR_GEN
    code = module.C_GenerateKeyPair(
        session, ctypes.byref(mechanism), *template(public), *template(private), *map(ctypes.byref, keys)
    )
    outcome = hex(code)
    if code == 0:
        outcome = f"encrypts {use(session, keys[0], ENCRYPT)}, decrypts {use(session, keys[1], DECRYPT)}"
    call("C_Finalize", None)
    return outcome


NAMES = {"encrypt": ENCRYPT, "decrypt": DECRYPT, "verify": VERIFY}
halves = {}, {}
for word in sys.argv[2:]:  # such as verify=1 or decrypt=0
    name, value = word.split("=")
    halves[name == "decrypt"][NAMES[name]] = bytes([int(value)])
print(" ".join(sys.argv[2:]) or "neither", generate(*halves), sep=": ")
PYTHON

generate() {
  /usr/bin/python3 generate.py "$module" "$@" 2>>errors
  tpm2_flushcontext --transient-object  # what an error leaves behind
}
{
  generate
  generate decrypt=0
  generate verify=1 decrypt=0
  generate encrypt=0 decrypt=0
  generate verify=1 encrypt=0 decrypt=0
} | tee seen
expected="neither: encrypts True, decrypts True
decrypt=0: encrypts True, decrypts False
verify=1 decrypt=0: 0x5
encrypt=0 decrypt=0: 0x5
verify=1 encrypt=0 decrypt=0: 0x5"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  cat errors
  exit 1
}
echo "as described: no pair that only signs and verifies"
