#!/usr/bin/python3
"""read-certificate-data shows a certificate in the form of aws_signing_helper."""

import base64
import json
import re
import unittest
import uuid

from cryptography.hazmat.primitives import hashes

from support import pki, program, token
from support.cases import each, expand
from support.system_test import SystemTest, make_folder


@expand
class OfFiles(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()

    def read(self, contents, *flags):
        self.write("web.pem", contents)
        command = ("read-certificate-data", "--certificate", "web.pem", *flags)
        return json.loads(self.succeed(*command))

    def expected(self, certificate, key_type):
        return {
            "keyType": key_type,
            "certificateData": base64.b64encode(pki.der(certificate)).decode(),
            "serialNumber": str(certificate.serial_number),
            "supportedAlgorithms": [f"{key_type}SHA{bits}" for bits in (256, 384, 512)],
        }

    @each("RSA2048", "P256", "P521")
    def test_of(self, kind):
        leaf = self.root.issue(pki.make_key(kind).public_key())
        key_type = "RSA" if kind.startswith("RSA") else "EC"
        self.assertEqual(self.read(pki.pem(leaf)), self.expected(leaf, key_type))

    def test_of_der(self):
        leaf = self.root.issue(pki.make_key().public_key())
        self.assertEqual(self.read(pki.der(leaf)), self.expected(leaf, "EC"))

    def test_of_the_first_of_a_fullchain(self):
        leaf = self.root.issue(pki.make_key().public_key())
        shown = self.read(pki.pem(leaf, self.root.certificate))
        self.assertEqual(shown, self.expected(leaf, "EC"))

    def test_of_a_pkcs12_file(self):
        key = pki.make_key()
        leaf = self.root.issue(key.public_key())
        contents = pki.pkcs12_file(key, leaf, [self.root.certificate], "a passphrase")
        shown = self.read(contents, "--passin", "pass:" + self.secret("a passphrase"))
        self.assertEqual(shown, self.expected(leaf, "EC"))

    def test_of_a_file_that_holds_the_key_too(self):
        key = pki.make_key()
        leaf = self.root.issue(key.public_key())
        shown = self.read(pki.pkcs8_pem(key) + pki.pem(leaf))
        self.assertEqual(shown, self.expected(leaf, "EC"))

    @each(
        smallest=1, longest=2**159 - 1, with_its_top_bit_set=0x80, larger_than_64_bits=2**64 + 1
    )
    def test_serial_number(self, serial):
        leaf = self.root.issue(pki.make_key().public_key(), serial=serial)
        self.assertEqual(self.read(pki.pem(leaf))["serialNumber"], str(serial))

    def test_of_an_expired_one(self):
        leaf = self.root.issue(
            pki.make_key().public_key(), not_before=-9 * pki.DAY, not_after=-pki.DAY
        )
        self.assertEqual(self.read(pki.pem(leaf)), self.expected(leaf, "EC"))

    def test_of_a_ca(self):
        self.assertEqual(
            self.read(pki.pem(self.root.certificate)), self.expected(self.root.certificate, "EC")
        )

    def test_of_the_selected_one(self):
        leaves = [self.root.issue(pki.make_key().public_key(), name) for name in ("one", "two")]
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=two")
        self.assertEqual(self.read(pki.pem(*leaves), *selector), self.expected(leaves[1], "EC"))

    def test_of_nothing(self):
        self.fail_with(
            program.USAGE, "--certificate is missing", "read-certificate-data", hint="pkcs11:"
        )

    def test_of_a_file_without_certificate(self):
        self.write("web.key", pki.pkcs8_pem(pki.make_key()))
        self.fail_with(
            program.CERTIFICATE,
            re.compile("web.key: .*certificate"),
            *("read-certificate-data", "--certificate", "web.key"),
        )


class OfTokens(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()
        cls.leaves = [
            cls.root.issue(pki.make_key().public_key(), name, serial=serial)
            for serial, name in enumerate(("one", "two"), start=0x70)
        ]
        cls.original = token.Token(make_folder(cls) / "t")
        for number, leaf in enumerate(cls.leaves, start=1):
            cls.original.write_certificate(leaf, f"leaf {number}", f"0{number}")

    def read(self, uri, *flags):
        """Reads without a PIN: certificates are public objects."""
        copy = self.original.copy(self.folder / uuid.uuid4().hex)
        command = ("read-certificate-data", "--certificate", uri, "--pkcs11-lib", token.MODULE)
        return self.succeed(*command, *flags, env=copy.env).decode()

    def line(self, number, leaf):
        fingerprint = leaf.fingerprint(hashes.SHA1()).hex()
        return f'{number}) {fingerprint} "{leaf.subject.rfc4514_string()}"\n'

    def read_matches(self, uri, *flags):
        """The numbered lines, and the URI below each."""
        title, *lines = self.read(uri, *flags).splitlines(keepends=True)
        self.assertEqual(title, "Matching identities\n")
        uris = [line.removeprefix("\tURI: ").rstrip("\n") for line in lines[1::2]]
        return lines[::2], uris

    def test_a_numbered_list(self):
        matches, _ = self.read_matches("pkcs11:token=test")
        expected = {self.line("N", leaf) for leaf in self.leaves}
        self.assertEqual({"N" + line[1:] for line in matches}, expected)
        self.assertEqual([line[0] for line in matches], ["1", "2"])

    def test_each_has_a_uri_that_means_it_alone(self):
        matches, uris = self.read_matches("pkcs11:token=test")
        for match, uri in zip(matches, uris, strict=True):
            self.assertEqual(self.read_matches(uri), (["1" + match[1:]], [uri]))

    def test_one_by_its_label(self):
        matches, _ = self.read_matches("pkcs11:token=test;object=leaf%202")
        self.assertEqual(matches, [self.line(1, self.leaves[1])])

    def test_one_by_a_selector(self):
        matches, _ = self.read_matches(
            "pkcs11:token=test", "--cert-selector", "Key=x509Serial,Value=70"
        )
        self.assertEqual(matches, [self.line(1, self.leaves[0])])


if __name__ == "__main__":
    unittest.main()
