#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tpm2-pkcs11 1.9.0 and GnuTLS 3.7.9: a URI with the token's model, as every tool shows it, finds
# nothing. The module fills the field with NULs, where PKCS#11 demands blanks. They are part of the
# model for p11tool, and its own URIs end in %00%00%00%00%00%00%00%00.
#
# One would expect `model=SW%20%20%20TPM` to find the token whose model is shown as "SW   TPM". Nothing
# in the list of tokens shows the difference.
#
# Runs Debian 12's packages from a temporary folder, with a private software TPM. Exits with 0 if they
# behave as described, 1 if they do not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
tpm=
trap '[ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
for package in libtpm2-pkcs11-1=1.9.0-0.1+deb12u1 swtpm=0.7.1-1.3 swtpm-libs=0.7.1-1.3 \
  libtpms0=0.9.2-3.1+deb12u1 gnutls-bin=3.7.9-2+deb12u7 opensc=0.23.0-0.3+deb12u2 \
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
tool --token-label test --login --pin 87654321 --keypairgen --key-type EC:prime256v1 --label web >/dev/null

keys() { p11tool --provider "$module" --login --list-keys "$1" 2>&1 | grep -c 'Label: web' || true; }
export GNUTLS_PIN=87654321
{
  echo "model: $(tool --list-slots | sed -n 's/.*token model *: //p' | head -n 1)"
  for uri in token=test 'token=test;model=SW%20%20%20TPM' \
    'token=test;model=SW%20%20%20TPM%00%00%00%00%00%00%00%00'; do
    echo "pkcs11:$uri: $(keys "pkcs11:$uri") keys"
  done
} | tee seen
expected="model: SW   TPM
pkcs11:token=test: 1 keys
pkcs11:token=test;model=SW%20%20%20TPM: 0 keys
pkcs11:token=test;model=SW%20%20%20TPM%00%00%00%00%00%00%00%00: 1 keys"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the model that is shown does not find the token"
