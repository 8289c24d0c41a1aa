#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TPM 2.0 (libtpms 0.9.2): TPM2_PolicyPCR binds a policy session to the TPM's count of PCR changes,
# not only to the PCRs that it names. Suppose that the policy names PCR 7, and PCR 10 is extended
# between PolicyPCR and the use of the key. The use then fails with TPM_RC_PCR_CHANGED (0x128),
# although PCR 7 has not changed. Extending PCR 16 has no such effect, because it is not counted.
#
# One would expect a policy over PCR 7 to depend on PCR 7 only. Where IMA measures files, PCR 10
# changes all the time, and a policy session must be restarted now and then. (Part 3,
# TPM2_PolicyPCR: pcrUpdateCounter.)
#
# Runs Debian 12's swtpm and tpm2-tools from a temporary folder, with a private TPM. Exits with 0 if
# the TPM behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
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
export TPM2TOOLS_TCTI=swtpm:path=$folder/socket TSS2_LOG=all+NONE

mkdir state
swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init,startup-clear \
  --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
  >swtpm.log 2>&1 &
tpm=$!
tries=100
until [ -S socket.ctrl ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done

tpm2_startauthsession --session=trial
tpm2_policypcr --quiet --session=trial --pcr-list=sha256:7 --policy=policy
tpm2_flushcontext trial
tpm2_createprimary --quiet --hierarchy=o --key-algorithm=ecc --policy=policy --key-context=key.ctx \
  --attributes='fixedtpm|fixedparent|sensitivedataorigin|sign|noda'
tpm2_flushcontext --transient-object
head -c 32 /dev/zero >digest

# Signs under the policy. Runs the given command between PolicyPCR and the use of the key.
sign_after() {
  tpm2_startauthsession --policy-session --session=session
  tpm2_policypcr --quiet --session=session --pcr-list=sha256:7
  "$@"
  local result=signed
  tpm2_sign --key-context=key.ctx --auth=session:session --hash-algorithm=sha256 --digest \
    --signature=signature digest 2>sign.log || result=$(grep -o '0x[0-9A-F]*' sign.log | head -n 1)
  tpm2_flushcontext --transient-object
  tpm2_flushcontext session
  echo "$result"
}

quiet=$(sign_after true)
echo "nothing extended: $quiet"
counted=$(sign_after tpm2_pcrextend 10:sha256="$(printf '%064d' 1)")
echo "PCR 10 extended, policy over PCR 7: $counted"
again=$(sign_after true)
echo "the policy begun anew: $again"
uncounted=$(sign_after tpm2_pcrextend 16:sha256="$(printf '%064d' 1)")
echo "PCR 16 extended, policy over PCR 7: $uncounted"

[ "$quiet $counted $again $uncounted" = "signed 0x128 signed signed" ] || {
  echo "changed: $quiet $counted $again $uncounted"
  exit 1
}
echo "as described: a PCR that the policy does not name ended it"
