#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cross-signed issuers: one whole path is sent first, then the certificates of other paths."""

import base64
import unittest

from cryptography import x509

from support import openssl, pki, token, tpm
from support.processes import run_tool
from support.system_test import MintTest, make_folder


class CrossSignedTest(MintTest):
    """Two roots certify the issuing CA: the new one directly and for longer, the old one through a
    policy CA."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old_root = pki.make_root("old root")
        cls.policy = cls.old_root.make_intermediate("policy CA")
        cls.issuing = cls.root.make_intermediate("issuing CA", not_after=90 * pki.DAY)
        cls.by_policy = cls.certify_again(cls.policy)
        cls.by_old_root = cls.certify_again(cls.old_root)
        cls.key = pki.make_key()
        cls.leaf = cls.issuing.issue(cls.key.public_key())
        cls.old_service = cls.start_service(cls.old_root.certificate)

    @classmethod
    def certify_again(cls, issuer, **changes):
        changes.setdefault("not_after", 60 * pki.DAY)
        return issuer.issue(
            cls.issuing.key.public_key(), "issuing CA", ca=True, usage={"key_cert_sign"}, **changes
        )

    def setUp(self):
        super().setUp()
        self.write("web.key", pki.pkcs8_pem(self.key))

    def sent(self, *flags):
        """Mints with each root's service; returns the issuers, which must be the same for both."""
        sent = []
        for service in (self.service, self.old_service):
            _, records = self.mint_with_records_of(service, *flags)
            header = records[-1]["headers"]["x-amz-x509-chain"]
            sent.append([decode(part) for part in header.split(",")])
        self.assertEqual(sent[0], sent[1])
        return sent[0]

    def mint_with_records_of(self, service, *flags):
        theirs, self.service = self.service, service
        try:
            minted, records = self.mint_with_records(*flags)
        finally:
            self.service = theirs
        self.assertEqual(records[-1]["reason"], "accepted")
        return minted, records

    def check_by_openssl(self, leaf, to_root, to_old_root):
        """Checks that each root is reached by its contiguous part of the chain.

        The openssl command does not get the whole chain, because it follows only one of two issuers.
        """
        self.write("leaf.pem", pki.pem(leaf))
        for root, issuers in ((self.root, to_root), (self.old_root, to_old_root)):
            self.write("root.pem", pki.pem(root.certificate))
            self.write("sent.pem", pki.pem(*issuers))
            run_tool(
                *(openssl.OPENSSL, "verify", "-CAfile", self.folder / "root.pem"),
                *("-untrusted", self.folder / "sent.pem", self.folder / "leaf.pem"),
            )


def decode(text):
    return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))


class CrossSigned(CrossSignedTest):
    def expected(self):
        return [self.issuing.certificate, self.by_policy, self.policy.certificate]

    def test_the_issuers_of_both_roots_are_sent_the_shortest_path_first(self):
        others = (self.by_policy, self.policy.certificate, self.issuing.certificate)
        for pool in (others, tuple(reversed(others))):
            self.write("web.pem", pki.pem(self.leaf, *pool))
            sent = self.sent("--certificate", "web.pem", "--private-key", "web.key")
            self.assertEqual(sent, self.expected())
            self.check_by_openssl(self.leaf, sent[:1], sent[1:])

    def test_roots_in_the_bundle_change_nothing(self):
        self.write("web.pem", pki.pem(self.leaf))
        pool = (self.root.certificate, self.old_root.certificate, *self.expected()[::-1])
        self.write("chain.pem", pki.pem(*pool))
        flags = ("--certificate", "web.pem", "--private-key", "web.key")
        self.assertEqual(self.sent(*flags, "--intermediates", "chain.pem"), self.expected())

    def test_of_equally_long_paths_the_one_that_stays_valid_longest_is_first(self):
        self.write("web.pem", pki.pem(self.leaf, self.by_old_root, self.issuing.certificate))
        sent = self.sent("--certificate", "web.pem", "--private-key", "web.key")
        self.assertEqual(sent, [self.issuing.certificate, self.by_old_root])
        self.check_by_openssl(self.leaf, sent[:1], sent[1:])

    def test_from_a_pkcs12_file(self):
        contents = pki.pkcs12_file(self.key, self.leaf, self.expected()[::-1])
        self.write("web.p12", contents)
        sent = self.sent("--certificate", "web.p12", "--private-key", "web.p12")
        self.assertEqual(sent, self.expected())

    def test_five_certificates_at_most(self):
        more = []
        for number in range(3):
            root = pki.make_root(f"root {number}")
            more.append(self.certify_again(root, not_after=(50 - number) * pki.DAY))
        self.write("web.pem", pki.pem(self.leaf, *more, *self.expected()))
        _, records = self.mint_with_records("--certificate", "web.pem", "--private-key", "web.key")
        sent = [decode(part) for part in records[-1]["headers"]["x-amz-x509-chain"].split(",")]
        self.assertEqual(sent, [self.issuing.certificate, *more, self.by_policy])

    def test_an_issuer_that_contradicts_the_key_identifier_of_the_leaf_is_sent(self):
        authority = x509.AuthorityKeyIdentifier(
            b"\x01\x02\x03", [x509.DirectoryName(pki.name("a root of old"))], 4711
        )
        leaf = self.issuing.issue(self.key.public_key(), authority=authority)
        self.write("web.pem", pki.pem(leaf, *self.expected()))
        sent = self.sent("--certificate", "web.pem", "--private-key", "web.key")
        self.assertEqual(sent, self.expected())


class OnDevices(CrossSignedTest):
    def test_from_a_token(self):
        hsm = token.Token(make_folder(self) / "t")
        hsm.write_certificate(self.issuing.issue(hsm.generate("EC:prime256v1")), "web", "01")
        others = (self.by_policy, self.policy.certificate, self.issuing.certificate)
        for number, certificate in enumerate(others, start=2):
            hsm.write_certificate(certificate, f"ca {number}", f"0{number}")
        self.env = dict(hsm.env)
        pin = self.write("pin", self.secret(token.PIN))
        sent = self.sent(
            *("--certificate", "pkcs11:token=test;object=web", "--pkcs11-lib", token.MODULE),
            *("--passin", f"file:{pin}"),
        )
        self.assertEqual(sent, [self.issuing.certificate, self.by_policy, self.policy.certificate])

    def test_from_an_nv_index(self):
        device = tpm.Tpm(self, make_folder(self) / "t")
        leaf = self.issuing.issue(device.make_persistent("0x81000001"))
        others = (self.by_old_root, self.issuing.certificate)
        device.write_nv("0x01900002", b"".join(map(pki.der, (leaf, *others))))
        self.env = dict(device.env)
        sent = self.sent("--certificate", "nv:0x01900002", "--private-key", "handle:0x81000001")
        self.assertEqual(sent, [self.issuing.certificate, self.by_old_root])


if __name__ == "__main__":
    unittest.main()
