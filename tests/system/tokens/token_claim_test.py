#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""key attest for keys on a token: a claim, which verify-attestation never takes for a proof."""

import base64
import json
import re
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from support import endorsement, openssl, pki, program, token
from support.card_test import WithCard
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import SystemTest, make_folder
from support.terminal import ENTER, Terminal

URI = "pkcs11:token=test;object=web"
NONCE = "00112233445566778899AABBCCDDEEFF"
OTHER_NONCE = "01112233445566778899AABBCCDDEEFF"
CLAIM = "not proven: it is what a token claims, and nothing proves it"


@expand
class Claims(WithCard, SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.original = token.Token(make_folder(cls) / "t")

    def create(self, key_type="ec-p256"):
        self.succeed("key", "create", URI, "--type", key_type, *self.flags)

    def attest(self, uri=URI):
        (self.folder / "attestation").unlink(missing_ok=True)
        self.succeed("key", "attest", uri, "--nonce", NONCE, "--out", "attestation", *self.flags)
        return json.loads((self.folder / "attestation").read_text())

    def verify(self, *flags, nonce=NONCE):
        command = ("key", "verify-attestation", "attestation", "--nonce", nonce)
        return self.run_program(*command, *flags, env={"SOFTHSM2_CONF": "/dev/null"})

    def verify_claim(self, *flags):
        """Verifies, which must end as a claim; returns what is printed."""
        result = self.verify(*flags)
        self.assertEqual(result.status, program.NOT_PROVEN, str(result))
        self.assertTrue(result.stderr.startswith(f"credmint: {CLAIM}\nhint: "), str(result))
        return result.stdout.decode()

    def refuse(self, message, *flags, **more):
        self.check_failure(self.verify(*flags, **more), program.ATTESTATION, message)

    @each("ec-p256", "ec-p384", "rsa-2048", "ed25519")
    def test_what_the_token_says(self, key_type):
        self.create(key_type)
        claim = self.attest()
        self.assertEqual((claim["format"], claim["version"]), ("credmint-key-attestation", 1))
        mechanism = {"rsa": "0x00000000", "ec-": "0x00001040", "ed2": "0x00001055"}[key_type[:3]]
        self.assertEqual(claim["attributes"].pop("keyGenMechanism"), mechanism)
        self.assertEqual(
            claim["attributes"],
            {
                "sensitive": True,
                "alwaysSensitive": True,
                "extractable": False,
                "neverExtractable": True,
                "local": True,
                "modifiable": True,
                "private": True,
                "sign": True,
            },
        )
        # pkcs11-tool says the same.
        shown = self.card.describe_objects()
        private = re.search(r"^Private Key Object.*\n(?:  .*\n?)+", shown, re.M)
        access = "  Access:     sensitive, always sensitive, never extractable, local\n"
        self.assertIn(access, private[0])
        self.assertEqual(claim["token"]["label"], "test")
        self.assertEqual(claim["token"]["manufacturer"], "SoftHSM project")
        text = self.verify_claim()
        self.assertRegex(text, r"\Averdict +NOT PROVEN: it is what the token claims")
        self.assertRegex(text, r"\ntoken +label=test, manufacturer=SoftHSM project, ")
        self.assertRegex(text, r"\nattributes +sensitive=true, alwaysSensitive=true, ")

    @each("ec-p256", "rsa-2048")
    def test_openssl_checks_the_signature(self, key_type):
        self.create(key_type)
        claim = self.attest()
        der = base64.b64decode(claim["publicKey"])
        pem = serialization.load_der_public_key(der).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        signed = f"credmint-key-attestation 1 claim\n{NONCE.lower()}\n"
        checked = run_tool(
            *(openssl.OPENSSL, "dgst", "-sha256", "-verify", self.write("key.pem", pem)),
            *("-signature", self.write("signature", base64.b64decode(claim["signature"]))),
            self.write("signed", signed),
        )
        self.assertEqual(checked, b"Verified OK\n")
        self.assertTrue(self.verify_claim().endswith(pem.decode()))

    def test_json(self):
        self.create()
        claim = self.attest()
        shown = json.loads(self.verify_claim("--json"))
        self.assertEqual(shown["verdict"], "claim")
        self.assertEqual(shown["key"], "EC prime256v1")
        self.assertEqual(shown["token"], claim["token"])
        self.assertEqual(shown["attributes"]["sensitive"], "true")

    def test_the_request_of_the_key(self):
        self.create()
        self.attest()
        self.succeed(
            *("csr", "--private-key", URI, "--subject", "/CN=web", "--out", "web.csr", *self.flags)
        )
        self.verify_claim("--csr", "web.csr")
        other = pki.make_key()
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(pki.name("web"))
            .sign(other, pki.hashes.SHA256())
        )
        self.write("other.csr", request.public_bytes(serialization.Encoding.PEM))
        self.refuse("the certificate request is for another key", "--csr", "other.csr")

    def test_another_nonce(self):
        self.create()
        self.attest()
        self.refuse("the key of the claim did not sign this nonce", nonce=OTHER_NONCE)

    def test_changed(self):
        self.create()
        claim = self.attest()
        other = pki.make_key().public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        signature = bytearray(base64.b64decode(claim["signature"]))
        signature[-1] ^= 1
        for name, value, message in (
            ("publicKey", base64.b64encode(other).decode(), "did not sign this nonce"),
            ("publicKey", "AAAA", "the public key of the claim cannot be read"),
            ("signature", base64.b64encode(signature).decode(), "did not sign this nonce"),
            ("token", {"label": 1}, "its member 'token' is missing or cannot be read"),
            ("attributes", [], "its member 'attributes' is missing or cannot be read"),
        ):
            self.write("attestation", json.dumps({**claim, name: value}))
            self.refuse(message)

    def test_names_of_control_characters(self):
        self.create()
        claim = self.attest()
        claim["token"]["label"] = "\x1b[2Jproven\n"
        self.write("attestation", json.dumps(claim))
        text = self.verify_claim()
        self.assertNotIn("\x1b", text)

    def test_a_claim_is_no_tpm(self):
        self.create()
        claim = self.attest()
        self.write("attestation", json.dumps({**claim, "kind": "tpm"}))
        self.refuse("its member 'ekCertificates' is missing")

    def test_no_challenge(self):
        self.create()
        self.attest()
        self.write("challenge.key", bytes(32))
        self.check_failure(
            self.verify("--make-challenge", "c", "--challenge-key", "challenge.key"),
            program.USAGE,
            "a token answers no challenge",
        )
        self.write("c", endorsement.challenge(b"\0\0\0"))
        self.fail_with(
            *(program.USAGE, "the PKCS#11 module answers no challenge"),
            *("key", "attest", URI, "--challenge", "c", *self.flags),
        )

    def test_pin_in_the_uri(self):
        self.create()
        self.flags = ("--pkcs11-lib", token.MODULE)
        self.attest(f"{URI}?pin-value={token.PIN}")
        self.verify_claim()

    def test_pin_on_stdin(self):
        self.create()
        arguments = ("key", "attest", URI, "--nonce", NONCE, "--out", "attestation")
        flags = ("--pkcs11-lib", token.MODULE, "--passin", "stdin")
        self.succeed(*arguments, *flags, stdin=token.PIN.encode())
        self.verify_claim()

    def test_pin_typed_once_at_the_terminal(self):
        self.create()
        arguments = ("key", "attest", URI, "--nonce", NONCE, "--out", "attestation")
        person = Terminal(
            self, (*arguments, "--pkcs11-lib", token.MODULE), self.folder, self.env
        )
        person.wait_for("PIN for token 'test': ")
        person.type(token.PIN + ENTER)
        self.assertEqual(person.finish().status, program.SUCCESS)
        self.verify_claim()

    def test_a_wrong_pin(self):
        self.create()
        self.write("pin", "0000")
        self.fail_with(
            *(program.KEY, "refused the PIN", "key", "attest", URI, "--nonce", NONCE, *self.flags)
        )

    def test_no_such_key(self):
        self.fail_with(
            *(program.KEY, "no private key", "key", "attest", URI, "--nonce", NONCE, *self.flags)
        )


if __name__ == "__main__":
    unittest.main()
