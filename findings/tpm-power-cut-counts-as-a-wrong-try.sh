#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TPM 2.0 (libtpms 0.9.2): a power loss without TPM2_Shutdown counts as a wrong try if a key under
# dictionary-attack protection was used before. It does so even if every auth value was right.
# Three such losses lock a TPM whose limit is three. A key with `noda` has no such effect.
#
# One would expect the counter to count refused values. By the specification the TPM assumes that a
# power loss may hide one (Part 1, dictionary attack protection, "failed shutdown").
#
# Runs Debian 12's swtpm and tpm2-tools from a temporary folder, with a private TPM. Exits with 0 if
# the TPM behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
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

# Starts the TPM, as at power-on.
power_on() {
  swtpm socket --tpm2 --tpmstate dir="$folder/state" --flags not-need-init \
    --server type=unixio,path="$folder/socket" --ctrl type=unixio,path="$folder/socket.ctrl" \
    >swtpm.log 2>&1 &
  tpm=$!
  local tries=100
  until [ -S "$folder/socket.ctrl" ] || [ $((tries -= 1)) -eq 0 ]; do sleep 0.05; done
  # After a power loss there is no saved state to resume from.
  tpm2_startup --clear
}
cut_power() {
  stop_tpm
  rm -f socket socket.ctrl
}
counter() { tpm2_getcap properties-variable | sed -n 's/.*TPM2_PT_LOCKOUT_COUNTER: *//p'; }

mkdir state
power_on
tpm2_dictionarylockout --setup-parameters --max-tries=3 --recovery-time=1000 --lockout-recovery-time=1000
tpm2_createprimary --quiet --hierarchy=o --key-algorithm=ecc --key-context=parent.ctx
tpm2_flushcontext --transient-object
for kind in protected noda; do
  attributes='fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
  [ "$kind" = protected ] || attributes="$attributes|noda"
  tpm2_create --quiet --parent-context=parent.ctx --key-algorithm=ecc --key-auth=right \
    --attributes="$attributes" --public=$kind.pub --private=$kind.priv
  tpm2_flushcontext --transient-object
  tpm2_load --quiet --parent-context=parent.ctx --public=$kind.pub --private=$kind.priv \
    --key-context=$kind.ctx
  tpm2_flushcontext --transient-object
  tpm2_evictcontrol --quiet --hierarchy=o --object-context=$kind.ctx --output=$kind.handle \
    "0x8100000$([ "$kind" = protected ] && echo 1 || echo 2)"
  tpm2_flushcontext --transient-object
done
head -c 32 /dev/zero >digest
sign() { tpm2_sign --key-context="$1" --auth=right --hash-algorithm=sha256 --digest --signature=signature digest; }

tpm2_shutdown --clear
cut_power
power_on
echo "after an orderly shutdown: $(counter)"
start=$(counter)
sign 0x81000002
cut_power
power_on
after_noda=$(counter)
echo "noda key used with the right value, power cut: $after_noda"
seen=()
for _ in 1 2 3; do
  sign 0x81000001 || seen+=(refused)
  cut_power
  power_on
  seen+=("$(counter)")
  echo "protected key used with the right value, power cut: ${seen[-1]}"
done
refused=no
sign 0x81000001 2>sign.log || refused=yes
echo "and now the right value is refused: $refused ($(grep -o '0x[0-9A-F]*' sign.log | head -n 1))"

[ "$start $after_noda ${seen[*]} $refused" = "0x0 0x0 0x1 0x2 0x3 yes" ] || {
  echo "changed: $start $after_noda ${seen[*]} $refused"
  exit 1
}
echo "as described: each power cut counted, three locked the TPM"
