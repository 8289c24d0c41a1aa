#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys in devices that `openssl` prints and writes, by the ENCODERs of our provider modules, and
what it says when they shall decrypt.

The public half comes from pkcs11-tool or tpm2-tools, and plain openssl describes it.
"""

import unittest

from support import openssl, pki, token, tpm
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import provider_modules
from support.system_test import SystemTest, make_folder

LINE = b"Private-Key: in a device, which does not give it out\n"
TYPES = {"ec": "EC:prime256v1", "rsa": "rsa:2048"}


class OutputTest(SystemTest):
    flags = ()  # which providers there are, and which are asked

    def openssl(self, command, *arguments):
        arguments = (command, *self.flags, *arguments)
        return run_tool(openssl.OPENSSL, *arguments, env=self.env, cwd=self.folder)

    def assert_shown(self, command, key, public_key):
        """In all forms that OpenSSL has for a public key and for people."""
        pem = pki.public_pem(public_key)
        text = openssl.rewrite(pem, "pkey", "-pubin", "-noout", "-text")
        der = openssl.rewrite(pem, "pkey", "-pubin", "-outform", "DER")
        self.assertEqual(self.openssl("pkey", "-in", key, "-noout", "-text"), LINE + text)
        self.assertEqual(self.openssl(command, "-in", key, "-noout", "-text"), LINE + text)
        self.assertEqual(self.openssl("pkey", "-in", key, "-noout", "-text_pub"), text)
        self.assertEqual(self.openssl("pkey", "-in", key, "-pubout"), pem)
        self.assertEqual(self.openssl("pkey", "-in", key, "-pubout", "-outform", "DER"), der)

    def assert_not_written(self, message, *arguments):
        with self.assertRaises(AssertionError) as failed:
            self.openssl(*arguments)
        self.assertIn(message, str(failed.exception))


@expand
class OnAToken(OutputTest):
    @classmethod
    def setUpClass(cls):
        cls.card = token.Token(make_folder(cls) / "t")
        cls.public = {name: cls.card.generate(kind, name) for name, kind in TYPES.items()}

    def setUp(self):
        super().setUp()
        self.secret(token.PIN)
        self.pin = self.write("pin", token.PIN)
        settings = {"pkcs11-module-path": token.MODULE}
        configured = openssl.configuration(self.folder, {"credmint-pkcs11": settings})
        self.env = self.card.copy(self.folder / "t").env | configured

    def uri(self, name):
        return f"pkcs11:token=test;object={name}?pin-source=file:{self.pin}"

    @each(*TYPES)
    def test_key(self, name):
        self.assert_shown(name, self.uri(name), self.public[name])

    def test_nothing_is_decrypted(self):
        """The message says so. Encrypting to a certificate of such a key is none of our business."""
        self.write("root.pem", pki.pem(pki.make_root().issue(self.public["rsa"])))
        self.write("plain", "hello")
        self.openssl("cms", "-encrypt", "-in", "plain", "-out", "cms", "root.pem")
        message = "the keys of this provider sign, and decrypt nothing"
        key = ("-inkey", self.uri("rsa"))
        recipient = ("-recip", "root.pem", "-debug_decrypt")
        self.assert_not_written(message, "cms", "-decrypt", "-in", "cms", *key, *recipient)
        self.assert_not_written(message, "pkeyutl", "-decrypt", "-in", "plain", *key)

    def test_others_decrypt(self):
        """Nothing of ours has the name by which OpenSSL looks for what their keys need."""
        listed = self.openssl("list", "-asymcipher-algorithms").decode().splitlines()
        ours = [line.strip() for line in listed if line.endswith("@ credmint-pkcs11")]
        self.assertEqual(ours, ["CREDMINT-RSA @ credmint-pkcs11"])

    def test_ed25519(self):
        self.card.generate_unread("EC:edwards25519", "ed")
        self.env["SOFTHSM2_CONF"] = self.card.env["SOFTHSM2_CONF"]
        public = self.openssl("pkey", "-in", self.uri("ed"), "-pubout")
        text = openssl.rewrite(public, "pkey", "-pubin", "-noout", "-text")
        self.assertIn(b"ED25519 Public-Key:", text)
        self.assertEqual(self.openssl("pkey", "-in", self.uri("ed"), "-noout", "-text"), LINE + text)


@expand
class InATpm(OutputTest):
    flags = ("-provider", "credmint-tpm2")

    @classmethod
    def setUpClass(cls):
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")

    def setUp(self):
        super().setUp()
        self.env = {**self.tpm.env, "OPENSSL_MODULES": str(provider_modules())}

    @each(ec=("ecc256", "0x81000011"), rsa=("rsa2048", "0x81000012"))
    def test_persistent(self, case):
        """OpenSSL's own provider is not loaded."""
        algorithm, handle = case
        public_key = self.tpm.make_persistent(handle, algorithm)
        command = "rsa" if algorithm.startswith("rsa") else "ec"
        self.assert_shown(command, f"handle:{handle}", public_key)
        message = "a key in a device cannot be written to a file"
        self.assert_not_written(message, "pkey", "-in", f"handle:{handle}")

    def test_key_file(self):
        self.flags += ("-provider", "default")  # which opens files
        contents, public_key = self.tpm.make_key_file(tpm.EC_P256)
        self.write("key.tss2", contents)
        self.assert_shown("ec", "key.tss2", public_key)
        self.assertEqual(self.openssl("pkey", "-in", "key.tss2"), contents)
        self.assertEqual(self.openssl("ec", "-in", "key.tss2"), contents)


if __name__ == "__main__":
    unittest.main()
