#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-tss 3.2.1 with OpenSSL 3: each command that an HMAC session authorises makes five new library
# contexts of OpenSSL (OSSL_LIB_CTX_new). Ten commands without a session make none.
#
# One would expect a context for a connection, or one for the process. In each context OpenSSL looks up
# its algorithms again. With a fast TPM, the session takes far more time on the host than in the TPM.
#
# Runs Debian 12's packages from a temporary folder, with a private software TPM. Needs a C compiler.
# Exits with 0 if tpm2-tss behaves as described, 1 if it does not, and 77 if the packages cannot be
# downloaded.
set -euo pipefail

folder=$(mktemp -d)
tpm=
trap '[ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
for package in libssl3=3.0.22-1~deb12u2 swtpm=0.7.1-1.3 swtpm-libs=0.7.1-1.3 libtpms0=0.9.2-3.1+deb12u1 \
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
export TSS2_LOG=all+NONE

mkdir state
swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init,startup-clear \
  --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
  >swtpm.log 2>&1 &
tpm=$!
tries=100
until [ -S socket.ctrl ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

cat >count.c <<'C'
#include <dlfcn.h>

int contexts;

void* OSSL_LIB_CTX_new(void) {
  void* library = dlopen("libcrypto.so.3", RTLD_LAZY);
  void* (*make)(void) = (void* (*)(void))dlsym(library, "OSSL_LIB_CTX_new");
  ++contexts;
  return make();
}
C
cc -shared -fPIC -o count.so count.c

cat >session.py <<'PYTHON'
import ctypes
import sys

U = ctypes.c_uint32
NONE, CONTINUE_AND_AUDIT = U(0xFFF), 0x81
HMAC, SHA256, NO_CIPHER = 0, 0x0B, (ctypes.c_uint16 * 3)(0x10)  # TPM2_SE, TPM2_ALG, TPMT_SYM_DEF
contexts = ctypes.c_int.in_dll(ctypes.CDLL(None), "contexts")
esys = ctypes.CDLL("libtss2-esys.so.0")
tcti, context = ctypes.c_void_p(), ctypes.c_void_p()
loader = ctypes.CDLL("libtss2-tctildr.so.0")
assert loader.Tss2_TctiLdr_Initialize(sys.argv[1].encode(), ctypes.byref(tcti)) == 0
assert esys.Esys_Initialize(ctypes.byref(context), tcti, None) == 0


def contexts_of_ten_commands(session):
    before = contexts.value
    for _ in range(10):
        drawn = ctypes.c_void_p()
        assert esys.Esys_GetRandom(context, session, NONE, NONE, 8, ctypes.byref(drawn)) == 0
        esys.Esys_Free(drawn)
    return contexts.value - before


session = U()
print("ten commands without a session:", contexts_of_ten_commands(NONE))
started = esys.Esys_StartAuthSession(
    context, NONE, NONE, NONE, NONE, NONE, None, HMAC, NO_CIPHER, SHA256, ctypes.byref(session)
)
assert started == 0
assert esys.Esys_TRSess_SetAttributes(context, session, CONTINUE_AND_AUDIT, 0xFF) == 0
print("ten commands with an HMAC session:", contexts_of_ten_commands(session))
PYTHON

LD_PRELOAD=$folder/count.so /usr/bin/python3 session.py "swtpm:path=$folder/socket" | tee seen
expected="ten commands without a session: 0
ten commands with an HMAC session: 50"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: five contexts for each command"
