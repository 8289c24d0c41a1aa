#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-pkcs11 1.9.0: while its TPM is in dictionary-attack lockout, the right PIN is answered with
# CKR_PIN_LOCKED. The token's flags do not say CKF_USER_PIN_LOCKED, and after the TPM's time the same
# PIN works again.
#
# One would expect CKR_PIN_LOCKED to be final until the security officer sets a new PIN, and the flag
# to go with it. Here it may mean "later", and only the missing flag tells.
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

# Prints the answer to a login by this PIN.
login() {
  tool --token-label test --login --pin "$1" --list-objects >said || true
  grep -o 'CKR_[A-Z_]*' said || echo CKR_OK
}
flags() { tool --list-slots | sed -n 's/.*token flags *: //p' | head -n 1; }

tpm2_dictionarylockout --setup-parameters --max-tries=1 --recovery-time=3 --lockout-recovery-time=1000
{
  echo "flags: $(flags)"
  echo "right PIN: $(login 87654321)"
  echo "another PIN, which the TPM counts: $(login 11111111)"
  echo "right PIN: $(login 87654321)"
  echo "flags: $(flags)"
  sleep 5
  echo "right PIN, later: $(login 87654321)"
} | tee seen
expected="flags: login required, rng, token initialized, PIN initialized
right PIN: CKR_OK
another PIN, which the TPM counts: CKR_PIN_INCORRECT
right PIN: CKR_PIN_LOCKED
flags: login required, rng, token initialized, PIN initialized
right PIN, later: CKR_OK"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the lock is not in the flags, and it ends"
