#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tests credmint-tpm2 as a loadable module in the openssl command: requests, certificates, CMS
# messages and signatures. The keys are persistent TPM keys and TPM key files, RSA and EC, made by
# tpm2-tools and tpm2-openssl. openssl checks the results without the module.
#
# CREDMINT_MODULES has the path of the folder with credmint-tpm2.so. A missing program or module
# skips the test (status 77); in CI or with CREDMINT_REQUIRE_DEVICES, it fails the test.
set -euo pipefail

skip() {
  echo "openssl_tpm2_test: $1" >&2
  if [[ -n ${CI:-} || -n ${CREDMINT_REQUIRE_DEVICES:-} ]]; then exit 1; fi
  exit 77
}

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

for program in swtpm openssl tpm2_createprimary tpm2_create tpm2_evictcontrol tpm2_readpublic \
  tpm2_flushcontext tpm2_getcap; do
  command -v "$program" > /dev/null || skip "$program is not installed"
done
modules=${CREDMINT_MODULES:-}
[[ -n $modules && -e $modules/credmint-tpm2.so ]] ||
  skip "CREDMINT_MODULES does not name a folder with credmint-tpm2.so"

# --- a private TPM, which ends with this script ---------------------------------------------------
work=$(mktemp -d)
swtpm=
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  if [[ -n $swtpm ]]; then kill "$swtpm" 2> /dev/null || true; fi
  rm -rf "$work"
}
trap clean_up EXIT
mkdir "$work/state"
unset TPM2TOOLS_TCTI TSS2_TCTI TPM2OPENSSL_TCTI OPENSSL_CONF
setpriv --pdeathsig KILL swtpm socket --tpm2 --tpmstate "dir=$work/state" \
  --server "type=unixio,path=$work/tpm" --ctrl "type=unixio,path=$work/tpm.ctrl" \
  --flags not-need-init,startup-clear --log "file=$work/swtpm.log" &
swtpm=$!
export TPM2TOOLS_TCTI="swtpm:path=$work/tpm"
export TPM2OPENSSL_TCTI=$TPM2TOOLS_TCTI
ready=
for ((attempt = 0; attempt < 200; attempt++)); do
  kill -0 "$swtpm" 2> /dev/null || fail "swtpm does not start: $(cat "$work/swtpm.log")"
  if TSS2_LOG=all+NONE tpm2_getcap properties-fixed > /dev/null 2>&1; then
    ready=yes
    break
  fi
done
[[ -n $ready ]] || fail "swtpm does not accept connections"
cd "$work"

# --- keys -----------------------------------------------------------------------------------------
persist() {  # algorithm, handle, further options of tpm2_create
  local algorithm=$1 handle=$2
  shift 2
  tpm2_createprimary -Q -C o -G ecc -c parent.ctx
  tpm2_flushcontext -t
  tpm2_create -Q -C parent.ctx -G "$algorithm" -c key.ctx \
    -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' "$@"
  tpm2_flushcontext -t
  tpm2_evictcontrol -Q -C o -c key.ctx "$handle"
  tpm2_flushcontext -t
}

persist rsa2048 0x81000001
persist ecc256 0x81000002
persist ecc384 0x81000003
persist ecc256 0x81000004 -p sesame
persist rsa2048:rsapss-sha256:null 0x81000005
genpkey() {
  openssl genpkey -provider tpm2 -provider default "$@" 2>> genpkey.log ||
    fail "genpkey $*: $(cat genpkey.log)"
}
genpkey -algorithm RSA -pkeyopt bits:2048 -out rsa.pem
genpkey -algorithm EC -pkeyopt group:P-256 -out p256.pem
genpkey -algorithm EC -pkeyopt group:P-384 -out p384.pem
genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt user-auth:sesame -out auth.pem

public_key() {  # key reference; writes pub.pem without our module
  case $1 in
    handle:*)
      local digits=${1#handle:}
      digits=${digits#0x}
      tpm2_readpublic -Q -c "0x${digits%%\?*}" -f pem -o pub.pem
      ;;
    *) openssl pkey -provider tpm2 -provider default -in "$1" -passin pass:sesame -pubout -out pub.pem ;;
  esac
}

# --- the tests ------------------------------------------------------------------------------------
nothing_loaded() {
  local left
  left=$(tpm2_getcap handles-transient; tpm2_getcap handles-loaded-session)
  [[ -z $left ]] || fail "after $1 the TPM still holds: $left"
}

# Runs openssl with the module. Any output on stderr other than progress is a failure too.
ours() {
  local status=0
  openssl "$1" "${providers[@]}" "${@:2}" 2> stderr || status=$?
  [[ $status == 0 ]] || fail "openssl $*: status $status: $(cat stderr)"
  [[ ! -s stderr ]] || fail "openssl $*: $(cat stderr)"
  nothing_loaded "openssl $*"
}

refused() {  # expected text, command...
  local expected=$1 status=0
  shift
  openssl "$1" "${providers[@]}" "${@:2}" > stdout 2> stderr || status=$?
  [[ $status == 1 ]] || fail "openssl $*: status $status"
  grep -q -F "$expected" stderr || fail "openssl $* says: $(cat stderr)"
  nothing_loaded "openssl $*"
}

# Checks the hint of the last refusal, in the wording for programs other than credmint.
hinted() {  # expected text
  grep 'hint' stderr | grep -q -F -e "$1" || fail "no hint with '$1': $(cat stderr)"
  ! grep -q -e '[^-]--[a-z]' stderr || fail "a hint names a flag: $(cat stderr)"
}

pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)
echo 'a message' > message
count=0
for order in "credmint-tpm2 default" "default credmint-tpm2"; do
  read -r first second <<< "$order"
  providers=(-provider-path "$modules" -provider "$first" -provider "$second")
  for key in handle:0x81000001 handle:0x81000002 handle:81000003 'handle:0x81000004?pass' \
    rsa.pem p256.pem p384.pem auth.pem tss2:auth.pem; do
    public_key "${key#tss2:}"
    pass=(-passin pass:sesame)

    ours dgst -sha256 -sign "$key" "${pass[@]}" -out signature message
    openssl dgst -sha256 -verify pub.pem -signature signature message > stdout ||
      fail "the signature of $key does not verify"

    ours req -new -key "$key" "${pass[@]}" -subj '/CN=host' -out request.pem
    openssl req -in request.pem -verify -noout 2> stderr || fail "the request of $key: $(cat stderr)"
    cmp -s <(openssl req -in request.pem -noout -pubkey) <(openssl pkey -pubin -in pub.pem) ||
      fail "the request of $key has another public key"

    ours req -x509 -key "$key" "${pass[@]}" -subj '/CN=host' -out certificate.pem
    openssl verify -CAfile certificate.pem -check_ss_sig certificate.pem > stdout 2>&1 ||
      fail "the certificate of $key: $(cat stdout)"

    ours cms -sign -signer certificate.pem -inkey "$key" "${pass[@]}" -in message -out message.cms
    openssl cms -verify -in message.cms -CAfile certificate.pem -purpose any > stdout 2> stderr ||
      fail "the CMS message of $key: $(cat stderr)"
    grep -q '^a message' stdout || fail "the CMS message of $key holds: $(cat stdout)"

    ours pkey -in "$key" "${pass[@]}" -pubout -out exported.pem
    cmp -s exported.pem <(openssl pkey -pubin -in pub.pem) || fail "$key exports another public key"
    count=$((count + 5))
  done

  for key in handle:0x81000001 handle:0x81000005 rsa.pem; do
    public_key "$key"
    ours dgst -sha256 -sign "$key" "${pss[@]}" -out signature message
    openssl dgst -sha256 -verify pub.pem "${pss[@]}" -signature signature message > stdout ||
      fail "the PSS signature of $key does not verify"

    ours req -x509 -key "$key" "${pss[@]}" -subj '/CN=host' -out certificate.pem
    openssl verify -CAfile certificate.pem -check_ss_sig certificate.pem > stdout 2>&1 ||
      fail "the PSS certificate of $key: $(cat stdout)"

    ours cms -sign -signer certificate.pem -inkey "$key" -keyopt rsa_padding_mode:pss -in message \
      -out message.cms
    openssl cms -verify -in message.cms -CAfile certificate.pem -purpose any > stdout 2> stderr ||
      fail "the CMS message of $key with PSS: $(cat stderr)"
    openssl cms -cmsout -print -in message.cms > stdout
    grep -q rsassaPss stdout ||
      fail "the CMS message of $key is not signed with PSS"
    count=$((count + 3))
  done
  longest=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max)
  ours dgst -sha256 -sign rsa.pem "${longest[@]}" -out signature message
  openssl dgst -sha256 -verify pub.pem "${longest[@]}" -signature signature message > stdout ||
    fail "the PSS signature with the longest salt does not verify"
  refused 'this TPM makes no PSS signature with a salt of 222 bytes' \
    dgst -sha256 -sign handle:0x81000001 "${longest[@]}" -out signature message
  refused 'the TPM key signs only with PSS, as fixed at its creation' \
    dgst -sha256 -sign handle:0x81000005 -out signature message
  count=$((count + 3))

  refused 'there is no key at handle 0x81000099' \
    dgst -sha256 -sign handle:0x81000099 -out signature message
  hinted 'tpm2_getcap handles-persistent'
  refused 'does not name a persistent TPM handle' \
    dgst -sha256 -sign handle:0x40000001 -out signature message
  hinted 'that is a hierarchy, not a key'
  refused 'it holds no intact TSS2 PRIVATE KEY block' \
    dgst -sha256 -sign tss2:message -out signature message
  count=$((count + 5))
done

providers=(-provider-path "$modules" -provider credmint-tpm2 -provider default)
refused 'the TPM refused the auth value (2 more wrong tries lock it)' \
  dgst -sha256 -sign auth.pem -passin pass:wrong -out signature message
grep -q -F 'TPM2_PT_LOCKOUT_COUNTER: 0x1' <<< "$(tpm2_getcap properties-variable)" ||
  fail "one wrong auth value was not counted once"

refused 'TPM key 0x81000004 has an auth value and none was given' \
  dgst -sha256 -sign handle:0x81000004 -out signature message
hinted 'append ?pass to the handle, so that the program asks for it; the TPM counted this'
tpm2_dictionarylockout -c
count=$((count + 2))

# The default provider still handles software keys in the same process.
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out software.pem
ours req -x509 -key software.pem -subj '/CN=software' -out certificate.pem

# Configures everything in openssl.cnf, including the TPM.
cat > openssl.cnf << END
openssl_conf = init
[init]
providers = providers
[providers]
default = software
credmint-tpm2 = tpm2
[software]
activate = 1
[tpm2]
module = $modules/credmint-tpm2.so
activate = 1
tcti = $TPM2TOOLS_TCTI
END
env -u TPM2TOOLS_TCTI -u TPM2OPENSSL_TCTI OPENSSL_CONF="$work/openssl.cnf" \
  openssl dgst -sha256 -sign p256.pem -out signature message
public_key p256.pem
openssl dgst -sha256 -verify pub.pem -signature signature message > stdout ||
  fail "the signature made with openssl.cnf does not verify"
nothing_loaded "openssl.cnf"
count=$((count + 3))

echo "openssl_tpm2_test: $count checks passed"
