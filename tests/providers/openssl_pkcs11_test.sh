#!/usr/bin/env bash
# The loadable module in the openssl command, a program no one here wrote: requests, certificates
# and signatures with keys on a SoftHSM token. Prints TAP. Every command must exit with its own
# status: SoftHSM makes others crash at exit.
set -euo pipefail

modules=${CREDMINT_MODULES:?the folder of credmint-pkcs11.so}
for program in softhsm2-util pkcs11-tool openssl; do
  command -v "$program" >/dev/null && continue
  [ -z "${CI:-}${CREDMINT_REQUIRE_DEVICES:-}" ] || exit 1
  echo "1..0 # SKIP $program is not installed"
  exit 0
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir tokens
printf 'directories.tokendir = %s/tokens\n' "$work" >softhsm2.conf
export SOFTHSM2_CONF=$work/softhsm2.conf
softhsm=$(find /usr/lib -name libsofthsm2.so -print -quit)
softhsm2-util --init-token --free --label prod --pin 1234 --so-pin 5678 >/dev/null
tool=(pkcs11-tool --module "$softhsm" --token-label prod --login --pin 1234)
"${tool[@]}" --keypairgen --key-type rsa:2048 --label rsa --id 01 >/dev/null 2>&1
"${tool[@]}" --keypairgen --key-type EC:prime256v1 --label ec --id 02 >/dev/null 2>&1
echo 'a message' >message
provider=(-provider-path "$modules" -provider credmint-pkcs11 -provider default)
pin=(-passin pass:1234)

count=0
failed=0
check() { # NAME COMMAND...
  local name=$1 status=0
  shift
  count=$((count + 1))
  "$@" >output 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    echo "ok $count $name"
  else
    echo "not ok $count $name (status $status)"
    sed 's/^/# /' output
    failed=1
  fi
}

# shellcheck disable=SC2317  # called through check
fails_with() { # TEXT COMMAND...
  local text=$1 status=0
  shift
  "$@" >refusal 2>&1 || status=$?
  cat refusal
  [ "$status" -eq 1 ] && grep -q "$text" refusal
}

for key in rsa ec; do
  uri="pkcs11:token=prod;object=$key"
  check "$key: request" openssl req -new "${provider[@]}" "${pin[@]}" -key "$uri" -subj /CN=x \
    -out "$key.csr"
  check "$key: its signature" openssl req -in "$key.csr" -verify -noout
  check "$key: self-signed certificate" openssl req -x509 "${provider[@]}" "${pin[@]}" \
    -key "$uri" -subj /CN=x -days 1 -out "$key.pem"
  check "$key: its signature" openssl verify -check_ss_sig -CAfile "$key.pem" "$key.pem"
  check "$key: public key" openssl pkey "${provider[@]}" "${pin[@]}" -in "$uri" -pubout \
    -out "$key.pub"
  check "$key: dgst -sign" openssl dgst -sha256 "${provider[@]}" "${pin[@]}" -sign "$uri" \
    -out signature message
  check "$key: dgst -verify" openssl dgst -sha256 -verify "$key.pub" -signature signature message
  check "$key: dgst -sign, providers in the other order" openssl dgst -sha384 -provider default \
    -provider-path "$modules" -provider credmint-pkcs11 "${pin[@]}" -sign "$uri" -out signature \
    message
  check "$key: dgst -verify" openssl dgst -sha384 -verify "$key.pub" -signature signature message
  check "$key: cms -sign" openssl cms -sign "${provider[@]}" "${pin[@]}" -signer "$key.pem" \
    -inkey "$uri" -in message -out message.cms
  check "$key: cms -verify" openssl cms -verify -in message.cms -CAfile "$key.pem" -purpose any
  openssl x509 -in "$key.pem" -outform DER -out cert.der
  "${tool[@]}" --write-object cert.der --type cert --label "$key" --id 0f >/dev/null 2>&1
  check "$key: certificate on the token" openssl x509 "${provider[@]}" -in "$uri;type=cert" \
    -noout -subject
done
check "storeutl lists key and certificate" openssl storeutl "${provider[@]}" "${pin[@]}" -noout \
  'pkcs11:token=prod;object=rsa'
check "PIN in the URI" openssl dgst -sha256 "${provider[@]}" \
  -sign 'pkcs11:token=prod;object=ec?pin-value=1234' -out signature message
check "wrong PIN is refused" fails_with 'the token refused the PIN' openssl dgst -sha256 \
  "${provider[@]}" -passin pass:9999 -sign 'pkcs11:token=prod;object=ec' -out signature message
check "unknown attribute is refused by name" fails_with "'objekt' is unknown" openssl dgst \
  -sha256 "${provider[@]}" "${pin[@]}" -sign 'pkcs11:token=prod;objekt=ec' -out signature message
check "activated by openssl.cnf alone" env OPENSSL_CONF=/dev/stdin openssl pkey "${pin[@]}" \
  -in 'pkcs11:token=prod;object=ec' -pubout -out ec2.pub <<CONF
openssl_conf = init
[init]
providers = providers
[providers]
default = default_section
credmint-pkcs11 = credmint_section
[default_section]
activate = 1
[credmint_section]
module = $modules/credmint-pkcs11.so
pkcs11-module-path = $softhsm
activate = 1
CONF
check "the same public key" cmp ec.pub ec2.pub
echo "1..$count"
exit "$failed"
