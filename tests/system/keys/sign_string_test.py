#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sign-string tests a key without AWS. It signs a known text, so anyone can verify the result."""

import json
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from support import pki, program, sign_string, token, tpm
from support.cases import each, expand
from support.system_test import SystemTest, make_folder

KINDS = ("RSA2048", "RSA3072", "P256", "P384", "P521")
DIGESTS = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}


def verify(public_key, signature, digest="SHA256"):
    """Raises InvalidSignature if it is not a signature of the known text."""
    text = sign_string.message_for(public_key)
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, text, padding.PKCS1v15(), DIGESTS[digest])
    else:
        public_key.verify(signature, text, ec.ECDSA(DIGESTS[digest]))


class SignStringTest(SystemTest):
    def sign(self, *flags, **more):
        return self.succeed("sign-string", *flags, **more)

    def sign_binary(self, *flags, **more):
        return self.sign(*flags, "--format", "bin", **more)


@expand
class WithKeyFiles(SignStringTest):
    @classmethod
    def setUpClass(cls):
        cls.keys = {kind: pki.make_key(kind) for kind in KINDS}

    def write_key(self, kind):
        self.write("web.key", pki.pkcs8_pem(self.keys[kind]))
        return self.keys[kind].public_key()

    @each(*KINDS)
    def test_sign_with(self, kind):
        public_key = self.write_key(kind)
        verify(public_key, self.sign_binary("--private-key", "web.key"))

    @each(*DIGESTS)
    def test_digest_for_rsa(self, digest):
        public_key = self.write_key("RSA2048")
        signature = self.sign_binary("--private-key", "web.key", "--digest", digest)
        verify(public_key, signature, digest)

    @each(*DIGESTS)
    def test_digest_for_ec(self, digest):
        public_key = self.write_key("P256")
        signature = self.sign_binary("--private-key", "web.key", "--digest", digest)
        verify(public_key, signature, digest)

    def test_digest_in_small_letters(self):
        public_key = self.write_key("P256")
        signature = self.sign_binary("--private-key", "web.key", "--digest", "sha384")
        verify(public_key, signature, "SHA384")

    def test_json_is_the_default(self):
        public_key = self.write_key("RSA2048")
        verify(public_key, bytes.fromhex(json.loads(self.sign("--private-key", "web.key"))))

    def test_json(self):
        public_key = self.write_key("RSA2048")
        signature = json.loads(self.sign("--private-key", "web.key", "--format", "json"))
        verify(public_key, bytes.fromhex(signature))

    def test_text(self):
        public_key = self.write_key("RSA2048")
        text = self.sign("--private-key", "web.key", "--format", "text").decode()
        self.assertRegex(text.strip(), r"\A[0-9a-f]{512}\Z")
        verify(public_key, bytes.fromhex(text))

    def test_rsa_gives_the_same_signature_each_time(self):
        self.write_key("RSA2048")
        self.assertEqual(
            self.sign("--private-key", "web.key"), self.sign("--private-key", "web.key")
        )

    def test_a_certificate_is_not_needed_but_may_be_given(self):
        public_key = self.write_key("P256")
        self.write("web.pem", pki.pem(pki.make_root().issue(public_key)))
        flags = ("--private-key", "web.key", "--certificate", "web.pem")
        verify(public_key, self.sign_binary(*flags))

    def test_the_key_beside_the_certificate_needs_no_name(self):
        public_key = self.write_key("P256")
        leaf = pki.make_root().issue(public_key)
        self.write("web.p12", pki.pkcs12_file(self.keys["P256"], leaf))
        verify(public_key, self.sign_binary("--certificate", "web.p12"))

    def test_no_key_at_all(self):
        self.fail_with(program.USAGE, "--private-key is missing", "sign-string", hint="pkcs11:")

    def test_algorithm_that_the_service_does_not_take(self):
        self.write("web.key", pki.pkcs8_pem(ed25519.Ed25519PrivateKey.generate()))
        self.fail_with(
            program.KEY,
            "takes RSA, EC and ML-DSA keys, not ED25519",
            *("sign-string", "--private-key", "web.key"),
        )

    @each(format="--format=xml", digest="--digest=MD5")
    def test_unknown(self, flag):
        self.write_key("P256")
        self.fail_with(
            program.USAGE, flag.partition("=")[0], "sign-string", "--private-key", "web.key", flag
        )


@expand
class WithATokenKey(SignStringTest):
    @classmethod
    def setUpClass(cls):
        cls.original = token.Token(make_folder(cls) / "t")
        cls.public_keys = {
            "RSA": cls.original.generate("RSA:2048", "RSA", "01"),
            "EC": cls.original.generate("EC:prime256v1", "EC", "02"),
        }

    def sign_on_token(self, kind, *flags):
        copy = self.original.copy(self.folder / "t")
        uri = f"pkcs11:token=test;object={kind}"
        pin = f"pass:{self.secret(token.PIN)}"
        return self.sign_binary(
            *("--private-key", uri, "--passin", pin, "--pkcs11-lib", token.MODULE, *flags),
            env=copy.env,
        )

    def test_algorithm_that_the_service_does_not_take(self):
        copy = self.original.copy(self.folder / "t")
        copy.generate_unread("EC:edwards25519", "ED25519", "03")
        self.fail_with(
            program.KEY,
            "takes RSA, EC and ML-DSA keys, not ED25519",
            *("sign-string", "--private-key", "pkcs11:token=test;object=ED25519"),
            *("--passin", f"pass:{self.secret(token.PIN)}", "--pkcs11-lib", token.MODULE),
            env=copy.env,
        )

    @each("RSA", "EC")
    def test_sign_with(self, kind):
        verify(self.public_keys[kind], self.sign_on_token(kind))

    @each(*DIGESTS)
    def test_digest_for_rsa(self, digest):
        verify(self.public_keys["RSA"], self.sign_on_token("RSA", "--digest", digest), digest)

    @each(*DIGESTS)
    def test_digest_for_ec(self, digest):
        verify(self.public_keys["EC"], self.sign_on_token("EC", "--digest", digest), digest)


@expand
class WithATpmKey(SignStringTest):
    @classmethod
    def setUpClass(cls):
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.public_keys = {
            "0x81000001": cls.tpm.make_persistent("0x81000001", "ecc256"),
            "0x81000002": cls.tpm.make_persistent("0x81000002", "rsa2048"),
            "0x81000003": cls.tpm.make_persistent("0x81000003", "ecc384"),
            "0x81000004": cls.tpm.make_persistent("0x81000004", "ecc384:ecdsa-sha384"),
        }

    def sign_with(self, handle, *flags):
        return self.sign_binary("--private-key", f"handle:{handle}", *flags, env=self.tpm.env)

    @each(P256="0x81000001", RSA="0x81000002", P384="0x81000003")
    def test_sign_with(self, handle):
        verify(self.public_keys[handle], self.sign_with(handle))

    @each(*DIGESTS)
    def test_digest_for_rsa(self, digest):
        signature = self.sign_with("0x81000002", "--digest", digest)
        verify(self.public_keys["0x81000002"], signature, digest)

    @each(*DIGESTS)
    def test_digest_for_ec(self, digest):
        signature = self.sign_with("0x81000003", "--digest", digest)
        verify(self.public_keys["0x81000003"], signature, digest)

    @each("SHA256", "SHA384")
    def test_digest_for_a_key_made_for_sha384(self, digest):
        """A key for SHA-384 also signs SHA-256, which the service requires, padded with zeros."""
        signature = self.sign_with("0x81000004", "--digest", digest)
        verify(self.public_keys["0x81000004"], signature, digest)


if __name__ == "__main__":
    unittest.main()
