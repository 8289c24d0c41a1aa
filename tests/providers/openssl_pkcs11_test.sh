#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests credmint-pkcs11 as a loadable module in the openssl command: requests, certificates and
# signatures with keys on a SoftHSM token. Prints TAP. Every command must exit with its own status,
# although SoftHSM makes some programs crash at exit.
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
"${tool[@]}" --keypairgen --key-type rsa:2048 --label hashing --id 03 \
  --allowed-mechanisms SHA256-RSA-PKCS,SHA256-RSA-PKCS-PSS >/dev/null 2>&1
"${tool[@]}" --keypairgen --key-type EC:edwards25519 --label ed --id 04 >/dev/null 2>&1
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

# shellcheck disable=SC2317  # called through check
lacks_flags() { # FILE
  ! grep -q -e '[^-]--[a-z]' "$1"
}

# Has OpenSC read the public key with which signatures are checked.
# shellcheck disable=SC2317  # called through check
read_public_key() { # LABEL
  "${tool[@]}" --read-object --type pubkey --label "$1" --output-file object >/dev/null 2>&1
  openssl pkey -pubin -in object -pubout -out "$1.pub"
}

# shellcheck disable=SC2317  # called through check
prints() { # TEXT COMMAND...
  local text=$1
  shift
  "$@" >printed && grep -q -- "$text" printed
}

# Makes a TLS 1.3 connection to a server whose key is on the token. Prints the client's output.
# shellcheck disable=SC2317  # called through check
connect() { # LABEL
  local server port=''
  : >server  # removes the port of the previous server
  openssl s_server -www -naccept 1 -accept 0 "${provider[@]}" -pass pass:1234 -cert "$1.pem" \
    -key "pkcs11:token=prod;object=$1" >server 2>&1 &
  server=$!
  while [ -z "$port" ] && kill -0 "$server" 2>/dev/null; do
    port=$(sed -n 's/^ACCEPT.*:\([0-9]*\)$/\1/p' server)
  done
  openssl s_client -connect "localhost:$port" -tls1_3 -CAfile "$1.pem" -verify_return_error \
    </dev/null 2>&1 || return
  wait "$server"
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
pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)
for key in rsa hashing; do # `hashing` signs only if the token hashes
  uri="pkcs11:token=prod;object=$key"
  check "$key: public key, read by OpenSC" read_public_key "$key"
  check "$key: dgst -sign" openssl dgst -sha256 "${provider[@]}" "${pin[@]}" -sign "$uri" \
    -out signature message
  check "$key: dgst -verify" openssl dgst -sha256 -verify "$key.pub" -signature signature message
  check "$key: PSS: dgst -sign" openssl dgst -sha256 "${provider[@]}" "${pin[@]}" -sign "$uri" \
    "${pss[@]}" -out signature message
  check "$key: PSS: dgst -verify" openssl dgst -sha256 -verify "$key.pub" "${pss[@]}" \
    -signature signature message
  check "$key: PSS: request" openssl req -new "${provider[@]}" "${pin[@]}" -key "$uri" "${pss[@]}" \
    -subj /CN=leaf -out "$key.csr"
  check "$key: PSS: its signature" openssl req -in "$key.csr" -verify -noout
  check "$key: PSS: its salt" prints 'Salt Length: 0x20' openssl req -in "$key.csr" -noout -text
  check "$key: PSS: self-signed certificate" openssl req -x509 "${provider[@]}" "${pin[@]}" \
    -key "$uri" "${pss[@]}" -subj /CN=x -days 1 -out "$key.pem"
  check "$key: PSS: its signature" openssl verify -check_ss_sig -CAfile "$key.pem" "$key.pem"
  check "$key: PSS: certificate for another" openssl x509 -req -in "$key.csr" "${provider[@]}" \
    "${pin[@]}" -CA "$key.pem" -CAkey "$uri" -sigopt rsa_padding_mode:pss -out issued.pem
  check "$key: PSS: its signature" openssl verify -CAfile "$key.pem" issued.pem
  check "$key: PSS: cms -sign" openssl cms -sign "${provider[@]}" "${pin[@]}" \
    -signer "$key.pem" -inkey "$uri" -keyopt rsa_padding_mode:pss -in message -out message.cms
  check "$key: PSS: cms -verify" openssl cms -verify -in message.cms -CAfile "$key.pem" \
    -purpose any
  check "$key: PSS: its algorithm" prints 'rsassaPss' openssl cms -cmsout -print -in message.cms
  # OpenSSL 3.0 prints RSA-PSS, 3.5 prints rsa_pss_rsae_sha256.
  check "$key: TLS 1.3 server" prints 'Peer signature type: \(RSA-PSS\|rsa_pss_\)' connect "$key"
done

uri='pkcs11:token=prod;object=rsa'
openssl dgst -sha256 -binary -out digest message
max=(-pkeyopt rsa_padding_mode:pss -pkeyopt digest:sha256 -pkeyopt rsa_pss_saltlen:max)
check "PSS: the longest salt" openssl pkeyutl -sign "${provider[@]}" "${pin[@]}" -inkey "$uri" \
  "${max[@]}" -in digest -out signature
check "PSS: is 222 bytes long" openssl pkeyutl -verify -pubin -inkey rsa.pub "${max[@]}" \
  -pkeyopt rsa_pss_saltlen:222 -in digest -sigfile signature
check "PSS: verified with the key on the token" openssl pkeyutl -verify "${provider[@]}" \
  "${pin[@]}" -inkey "$uri" "${max[@]}" -in digest -sigfile signature
check "PSS: the wrong salt is refused" fails_with 'Signature Verification Failure' openssl pkeyutl \
  -verify "${provider[@]}" "${pin[@]}" -inkey "$uri" "${max[@]}" -pkeyopt rsa_pss_saltlen:32 \
  -in digest -sigfile signature
sign=(openssl dgst -sha256 "${provider[@]}" "${pin[@]}" -out signature)
check "a salt length without PSS is refused" fails_with 'a salt length is for PSS only' \
  "${sign[@]}" -sign "$uri" -sigopt rsa_pss_saltlen:digest message
check "an MGF1 digest without PSS is refused" fails_with 'an MGF1 digest is for PSS only' \
  "${sign[@]}" -sign "$uri" -sigopt rsa_mgf1_md:sha256 message
check "a salt that does not fit is refused" fails_with 'a PSS salt of 223 bytes does not fit' \
  "${sign[@]}" -sign "$uri" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:223 message
check "another padding is refused" fails_with 'this RSA padding is not supported' \
  "${sign[@]}" -sign "$uri" -sigopt rsa_padding_mode:x931 message
head -c 65536 /dev/zero >long
head -c 65537 /dev/zero >longer
check "a message in parts for a token that hashes" "${sign[@]}" \
  -sign 'pkcs11:token=prod;object=hashing' long
check "its signature" openssl dgst -sha256 -verify hashing.pub -signature signature long
check "a message that is too long to be kept" fails_with 'the message, which is not at hand' \
  "${sign[@]}" -sign 'pkcs11:token=prod;object=hashing' longer

uri='pkcs11:token=prod;object=ed'
check "ed: public key, read by OpenSC" read_public_key ed
check "ed: public key" openssl pkey "${provider[@]}" "${pin[@]}" -in "$uri" -pubout -out ed2.pub
check "ed: the same public key" cmp ed.pub ed2.pub
check "ed: pkeyutl -sign" openssl pkeyutl -sign -rawin "${provider[@]}" "${pin[@]}" -inkey "$uri" \
  -in message -out signature
check "ed: pkeyutl -verify" openssl pkeyutl -verify -rawin -pubin -inkey ed.pub -in message \
  -sigfile signature
check "ed: verified with the key on the token" openssl pkeyutl -verify -rawin "${provider[@]}" \
  "${pin[@]}" -inkey "$uri" -in message -sigfile signature
check "ed: another message is refused" fails_with 'Signature Verification Failure' openssl pkeyutl \
  -verify -rawin "${provider[@]}" "${pin[@]}" -inkey "$uri" -in long -sigfile signature
check "ed: request" openssl req -new "${provider[@]}" "${pin[@]}" -key "$uri" -subj /CN=x -out ed.csr
check "ed: its signature" openssl req -in ed.csr -verify -noout
check "ed: self-signed certificate" openssl req -new -x509 "${provider[@]}" "${pin[@]}" \
  -key "$uri" -subj /CN=x -days 1 -out ed.pem
check "ed: its signature" openssl verify -check_ss_sig -CAfile ed.pem ed.pem
check "ed: TLS 1.3 server" prints 'Peer signature type: ed25519' connect ed
# The command of OpenSSL 3.5 refuses the digest before it calls the provider.
check "ed: a digest is refused" fails_with 'Ed25519 does its own hashing\|not supported with ED25519' \
  openssl pkeyutl -sign -rawin -digest sha256 "${provider[@]}" "${pin[@]}" -inkey "$uri" -in message \
  -out signature
check "storeutl lists key and certificate" openssl storeutl "${provider[@]}" "${pin[@]}" -noout \
  'pkcs11:token=prod;object=rsa'
check "PIN in the URI" openssl dgst -sha256 "${provider[@]}" \
  -sign 'pkcs11:token=prod;object=ec?pin-value=1234' -out signature message
check "wrong PIN is refused" fails_with 'the token refused the PIN' openssl dgst -sha256 \
  "${provider[@]}" -passin pass:9999 -sign 'pkcs11:token=prod;object=ec' -out signature message
check "unknown attribute is refused by name" fails_with "'objekt' is unknown" openssl dgst \
  -sha256 "${provider[@]}" "${pin[@]}" -sign 'pkcs11:token=prod;objekt=ec' -out signature message
hint='hint:.*pkcs11-module-path in openssl.cnf'
check "a hint says what to write into openssl.cnf" fails_with "$hint" openssl pkey "${provider[@]}" \
  "${pin[@]}" -in 'pkcs11:token=prod;object=ec?module-path=/absent.so' -pubout
check "without a flag of credmint" lacks_flags refusal
check "the hint of an absent token" fails_with "$hint" openssl pkey "${provider[@]}" "${pin[@]}" \
  -in 'pkcs11:token=absent;object=ec' -pubout
check "without a flag of credmint" lacks_flags refusal
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
check "the provider tells its version" prints \
  "version: $("${CREDMINT:?the program}" version)" openssl list -providers "${provider[@]:0:4}"
check "and that it is active" prints "status: active" openssl list -providers "${provider[@]:0:4}"
echo "1..$count"
exit "$failed"
