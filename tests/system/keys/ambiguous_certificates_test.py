#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A reference that matches two certificates with different keys is refused, not guessed."""

import re
import unittest
import uuid

from cryptography.hazmat.primitives.asymmetric import ec

from support import pki, program, token
from support.system_test import MintTest, make_folder

KEY_URI = "pkcs11:token=test;object=web"


class TwoOfOneLabel(MintTest):
    """A token with two keys, and a certificate for each, all with the label "web"."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaves = []
        for number in (1, 2):
            public_key = cls.original.generate("EC:prime256v1", "web", f"0{number}")
            leaf = cls.root.issue(
                public_key, "web", serial=0x50 + number, not_after=number * 9 * pki.DAY
            )
            cls.original.write_certificate(leaf, "web", f"0{number}")
            cls.leaves.append(leaf)

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / uuid.uuid4().hex)
        self.env = dict(self.token.env)
        self.pin_flags = ("--pkcs11-lib", token.MODULE, "--passin", f"pass:{self.secret(token.PIN)}")

    def refuse(self, *flags):
        """Mints, which must fail with a message that names the IDs of both keys.

        The hint names the serial numbers of both certificates.
        """
        result = self.mint_fails_locally(
            program.KEY,
            re.compile(r"2 private keys on token 'test' match: .*;id=%01.*;id=%02"),
            *(*flags, *self.pin_flags),
            hint=re.compile(r"--cert-selector: CN=web \(serial 51\).*\(serial 52\).*id=%NN"),
        )
        return result

    def choose(self, *flags):
        """Mints; returns the serial number of the leaf in the request."""
        self.mint(*flags, *self.pin_flags)
        return int(self.last_request()["serial"])

    def test_both_named_by_the_label(self):
        self.refuse("--certificate", KEY_URI, "--private-key", KEY_URI)

    def test_the_certificate_alone_named(self):
        self.refuse("--certificate", KEY_URI)

    def test_nothing_named_but_the_token(self):
        self.refuse("--certificate", "pkcs11:token=test")

    def test_a_bundle_with_both_certificates(self):
        self.write("web.pem", pki.pem(*self.leaves))
        self.refuse("--certificate", "web.pem", "--private-key", KEY_URI)

    def test_the_selector_decides(self):
        for serial in (0x51, 0x52):
            selector = f"Key=x509Serial,Value={serial:x}"
            for flags in ((), ("--private-key", KEY_URI)):
                chosen = self.choose("--certificate", KEY_URI, *flags, "--cert-selector", selector)
                self.assertEqual(chosen, serial)

    def test_the_key_reference_decides(self):
        for number in (1, 2):
            key = f"{KEY_URI};id=%0{number}"
            chosen = self.choose("--certificate", KEY_URI, "--private-key", key)
            self.assertEqual(chosen, 0x50 + number)

    def test_the_certificate_reference_decides(self):
        for number in (1, 2):
            certificate = f"{KEY_URI};id=%0{number}"
            for flags in ((), ("--private-key", KEY_URI)):
                self.assertEqual(self.choose("--certificate", certificate, *flags), 0x50 + number)

    def test_the_latest_expiring_is_a_choice(self):
        flags = ("--certificate", KEY_URI, "--private-key", KEY_URI)
        self.assertEqual(self.choose(*flags, "--use-latest-expiring-certificate"), 0x52)

    def test_a_certificate_of_a_foreign_key_makes_nothing_ambiguous(self):
        foreign = self.root.issue(ec.generate_private_key(ec.SECP256R1()).public_key(), "web")
        self.write("web.pem", pki.pem(foreign, self.leaves[1]))
        self.assertEqual(self.choose("--certificate", "web.pem", "--private-key", KEY_URI), 0x52)


if __name__ == "__main__":
    unittest.main()
