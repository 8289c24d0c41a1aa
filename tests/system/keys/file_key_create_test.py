#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""key create in a plain file, judged by the openssl command and used to mint."""

import os
import re
import unittest

from cryptography.hazmat.primitives import serialization

from support import openssl, pki, program
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest

PASSPHRASE = "correct horse 4711"
TYPES = {
    "ec-p256": "ASN1 OID: prime256v1",
    "ec-p384": "ASN1 OID: secp384r1",
    "ec-p521": "ASN1 OID: secp521r1",
    "rsa-2048": "Private-Key: (2048 bit",
    "rsa-3072": "Private-Key: (3072 bit",
    "rsa-4096": "Private-Key: (4096 bit",
    "ed25519": "ED25519 Private-Key:",
}


@expand
class Create(MintTest):
    def create(self, *more, place="file:web.key", key_type="ec-p256"):
        return self.succeed("key", "create", place, "--type", key_type, *more).decode()

    def refuse(self, status, message, *more, place="file:web.key", hint=None):
        before = sorted(self.folder.iterdir())
        arguments = ("key", "create", place, "--type", "ec-p256", *more)
        self.fail_with(status, message, *arguments, hint=hint)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def contents(self):
        return (self.folder / "web.key").read_bytes()

    @each(*TYPES)
    def test_type(self, key_type):
        self.assertEqual(self.create(key_type=key_type), "web.key\n")
        shown = run_tool(openssl.OPENSSL, "pkey", "-in", self.folder / "web.key", "-text", "-check")
        self.assertIn(TYPES[key_type], shown.decode())
        self.assertRegex(self.contents(), rb"\A-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY")
        self.assertEqual((self.folder / "web.key").stat().st_mode & 0o7777, 0o600)
        self.assertEqual(os.listdir(self.folder), ["web.key"])

    @each(path="file:web.key", absolute="file:{}/web.key", uri="file://{}/web.key")
    def test_place(self, place):
        self.create(place=place.format(self.folder))
        self.assertIn(b"PRIVATE KEY", self.contents())

    def test_two_keys_differ(self):
        self.create()
        first = self.contents()
        (self.folder / "web.key").unlink()
        self.create()
        self.assertNotEqual(self.contents(), first)

    def test_a_passphrase_encrypts_it(self):
        self.write("pass", self.secret(PASSPHRASE) + "\n")
        self.create("--passin", "file:pass")
        self.assertTrue(self.contents().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"))
        serialization.load_pem_private_key(self.contents(), PASSPHRASE.encode())
        listed = run_tool(openssl.OPENSSL, "asn1parse", "-in", self.folder / "web.key").decode()
        self.assertIn("aes-256-cbc", listed)
        self.mint_with("--passin", "file:pass")

    def test_it_mints(self):
        self.create()
        self.mint_with()

    def mint_with(self, *flags):
        key = ("--private-key", "web.key", *flags)
        self.succeed("csr", *key, "--subject", "/CN=web", "--out", "web.csr")
        public = run_tool(openssl.OPENSSL, "req", "-in", self.folder / "web.csr", "-noout", "-pubkey")
        leaf = self.root.issue(serialization.load_pem_public_key(public))
        self.write("web.pem", pki.pem(leaf))
        self.mint("--certificate", "web.pem", *key)

    def test_a_file_is_never_overwritten(self):
        self.write("web.key", "something else")
        self.refuse(program.LOCAL_IO, re.compile("writing web.key: File exists"))
        self.assertEqual(self.contents(), b"something else")

    def test_nor_is_a_link(self):
        (self.folder / "web.key").symlink_to("elsewhere")
        self.refuse(program.LOCAL_IO, "writing web.key: File exists", hint="never overwritten")

    def test_a_folder_that_is_missing(self):
        self.refuse(program.LOCAL_IO, "No such file or directory", place="file:missing/web.key")

    def test_a_path_alone_may_be_a_mistyped_uri(self):
        self.refuse(program.USAGE, "web.key is not in a device", place="web.key", hint="file:PATH")

    def test_an_empty_passphrase(self):
        self.write("pass", "\n")
        self.refuse(program.USAGE, "the passphrase is empty", "--passin", "file:pass")

    @each(
        id=("--id", "01"),
        auth=("--auth", "pass:x"),
        pcr=("--pcr", "sha256:0"),
        parent=("--parent", "0x81000001"),
        owner=("--owner-passin", "pass:x"),
    )
    def test_flag_of_devices(self, flags):
        flag, value = flags
        message = f"{flag} does not apply to keys of a plain file"
        self.refuse(program.USAGE, message, flag, value)

    def test_noda(self):
        self.refuse(program.USAGE, "--noda does not apply to keys of a plain file", "--noda")


if __name__ == "__main__":
    unittest.main()
