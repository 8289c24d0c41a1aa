#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The certificates that are sent: the leaf, and the issuers that a service may need."""

import base64
import datetime
import json
import unittest

from cryptography import x509

from support import pki, program
from support.cases import each, expand
from support.system_test import MintTest


class ChainTest(MintTest):
    """A PKI with two levels of intermediates and one leaf; the service trusts the root."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.root.make_intermediate("policy CA")
        cls.issuing = cls.policy.make_intermediate("issuing CA")
        cls.key = pki.make_key()
        cls.leaf = cls.issuing.issue(cls.key.public_key())
        cls.chain = [cls.issuing.certificate, cls.policy.certificate]

    def setUp(self):
        super().setUp()
        self.write("web.key", pki.pkcs8_pem(self.key))

    def mint_from(self, certificate_file, *flags):
        """Mints with a --certificate file of these contents; returns the issuers that were sent."""
        self.write("web.pem", certificate_file)
        self.mint("--certificate", "web.pem", "--private-key", "web.key", *flags)
        return self.sent_issuers()

    def sent_leaf(self):
        return decode(self.last_request()["headers"]["x-amz-x509"])

    def sent_issuers(self):
        header = self.last_request()["headers"].get("x-amz-x509-chain")
        return [decode(part) for part in header.split(",")] if header is not None else []


def decode(text):
    return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))


class Chain(ChainTest):
    def test_no_chain_for_a_leaf_of_the_trust_anchor(self):
        leaf = self.root.issue(self.key.public_key())
        self.assertEqual(self.mint_from(pki.pem(leaf)), [])
        self.assertEqual(self.sent_leaf(), leaf)

    def test_intermediates_file(self):
        self.write("chain.pem", pki.pem(*self.chain))
        sent = self.mint_from(pki.pem(self.leaf), "--intermediates", "chain.pem")
        self.assertEqual(sent, self.chain)

    def test_fullchain_file(self):
        self.assertEqual(self.mint_from(pki.pem(self.leaf, *self.chain)), self.chain)
        self.assertEqual(self.sent_leaf(), self.leaf)

    def test_one_part_in_each_file(self):
        self.write("chain.pem", pki.pem(self.policy.certificate))
        fullchain = pki.pem(self.leaf, self.issuing.certificate)
        self.assertEqual(self.mint_from(fullchain, "--intermediates", "chain.pem"), self.chain)

    def test_it_is_signed(self):
        self.mint_from(pki.pem(self.leaf, *self.chain))
        self.assertIn("x-amz-x509-chain", self.last_request()["signed_headers"])

    def test_from_the_leaf_upward_whatever_the_order_of_the_file(self):
        self.write("chain.pem", pki.pem(*reversed(self.chain)))
        sent = self.mint_from(pki.pem(self.leaf), "--intermediates", "chain.pem")
        self.assertEqual(sent, self.chain)

    def test_the_root_stays_at_home(self):
        fullchain = pki.pem(self.leaf, *self.chain, self.root.certificate)
        self.assertEqual(self.mint_from(fullchain), self.chain)

    def test_unrelated_certificates_stay_at_home(self):
        stranger = pki.make_root("another root").make_intermediate("another CA")
        fullchain = pki.pem(self.leaf, stranger.certificate, *self.chain)
        self.assertEqual(self.mint_from(fullchain), self.chain)

    def test_the_leaf_is_not_sent_again(self):
        self.write("chain.pem", pki.pem(self.leaf, *self.chain))
        sent = self.mint_from(pki.pem(self.leaf), "--intermediates", "chain.pem")
        self.assertEqual(sent, self.chain)

    def test_repeated_certificates_are_sent_once(self):
        sent = self.mint_from(pki.pem(self.leaf, *self.chain, *self.chain))
        self.assertEqual(sent, self.chain)

    def test_der_files(self):
        leaf = self.policy.issue(self.key.public_key())
        self.write("chain.der", pki.der(self.policy.certificate))
        sent = self.mint_from(pki.der(leaf), "--intermediates", "chain.der")
        self.assertEqual(sent, [self.policy.certificate])

    def test_a_namesake_with_another_key_is_passed_over(self):
        namesake = self.policy.make_intermediate("issuing CA")
        fullchain = pki.pem(self.leaf, namesake.certificate, *self.chain)
        self.assertEqual(self.mint_from(fullchain), self.chain)

    def test_of_a_renewed_intermediate_the_valid_one(self):
        expired = self.policy.issue(
            self.issuing.key.public_key(),
            "issuing CA",
            ca=True,
            usage={"key_cert_sign"},
            not_before=-90 * pki.DAY,
            not_after=-pki.DAY,
        )
        self.assertEqual(self.mint_from(pki.pem(self.leaf, expired, *self.chain)), self.chain)

    def test_five_issuers_are_sent(self):
        leaf, issuers = self.leaf_below(5)
        self.assertEqual(self.mint_from(pki.pem(leaf, *issuers)), issuers)

    def test_of_six_issuers_the_first_five_are_sent(self):
        leaf, issuers = self.leaf_below(6)
        self.write("web.pem", pki.pem(leaf, *issuers))
        flags = ("--certificate", "web.pem", "--private-key", "web.key")
        self.mint_fails(program.SERVICE, "Untrusted signing certificate", *flags)
        self.assertEqual(self.sent_issuers(), issuers[:5])

    def test_a_missing_issuer_is_the_services_to_find(self):
        self.write("web.pem", pki.pem(self.leaf, self.policy.certificate))
        flags = ("--certificate", "web.pem", "--private-key", "web.key")
        self.mint_fails(
            program.SERVICE, "Untrusted signing certificate", *flags, hint="--intermediates"
        )
        self.assertEqual(self.sent_issuers(), [])

    def leaf_below(self, count):
        """A leaf and the `count` intermediates above it, the leaf's issuer first."""
        issuer, issuers = self.root, []
        for number in range(count):
            issuer = issuer.make_intermediate(f"level {number}")
            issuers.insert(0, issuer.certificate)
        return issuer.issue(self.key.public_key()), issuers


class TrustAnchorBelowTheRoot(ChainTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.start_service(cls.policy.certificate)

    def test_mint(self):
        self.assertEqual(
            self.mint_from(pki.pem(self.leaf, self.issuing.certificate)),
            [self.issuing.certificate],
        )


class WhichLeaf(ChainTest):
    """A file may have several certificates for the machine's key, and some for other keys."""

    def setUp(self):
        super().setUp()
        public_key = self.key.public_key()
        self.old = self.root.issue(public_key, "old", serial=0x0A1B, not_after=5 * pki.DAY)
        self.new = self.root.issue(public_key, "new", serial=0x0A1C, not_after=90 * pki.DAY)
        self.both = pki.pem(self.old, self.new)

    def choose(self, *flags):
        """Mints with both certificates in a file; returns the common name of the chosen leaf."""
        self.mint_from(self.both, *flags)
        return self.sent_leaf().subject.rfc4514_string().partition("=")[2]

    def test_the_one_with_the_public_key(self):
        other = self.root.issue(pki.make_key().public_key(), "other")
        self.mint_from(pki.pem(other, self.new))
        self.assertEqual(self.sent_leaf(), self.new)

    def test_the_one_with_the_public_key_though_it_stands_behind_its_chain(self):
        self.assertEqual(self.mint_from(pki.pem(*self.chain, self.leaf)), self.chain)
        self.assertEqual(self.sent_leaf(), self.leaf)

    def test_the_first_of_several(self):
        self.assertEqual(self.choose(), "old")

    def test_the_latest_expiring(self):
        self.assertEqual(self.choose("--use-latest-expiring-certificate"), "new")

    def test_the_latest_expiring_is_a_leaf_although_its_issuers_live_longer(self):
        issuer = self.root.make_intermediate("long-lived CA", not_after=900 * pki.DAY)
        leaf = issuer.issue(self.key.public_key(), "leaf")
        fullchain = pki.pem(leaf, issuer.certificate)
        sent = self.mint_from(fullchain, "--use-latest-expiring-certificate")
        self.assertEqual(sent, [issuer.certificate])

    def test_by_subject(self):
        self.assertEqual(self.choose("--cert-selector", "Key=x509Subject,Value=CN=new"), "new")

    def test_by_serial(self):
        self.assertEqual(self.choose("--cert-selector", "Key=x509Serial,Value=0A1C"), "new")

    def test_by_issuer_and_subject(self):
        selector = "Key=x509Issuer,Value=CN=test root Key=x509Subject,Value=CN=new"
        self.assertEqual(self.choose("--cert-selector", selector), "new")

    def test_by_json(self):
        selector = json.dumps([{"Key": "x509Subject", "Value": "CN=new"}])
        self.assertEqual(self.choose("--cert-selector", selector), "new")

    def test_by_a_file_of_json(self):
        self.write("selector.json", json.dumps([{"Key": "x509Serial", "Value": "0a:1c"}]))
        selector = f"file://{self.folder}/selector.json"
        self.assertEqual(self.choose("--cert-selector", selector), "new")

    def test_a_selected_leaf_keeps_the_chain_of_its_file(self):
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=web")
        sent = self.mint_from(pki.pem(self.leaf, *self.chain), *selector)
        self.assertEqual(sent, self.chain)

    def test_a_selector_that_selects_nothing(self):
        self.write("web.pem", self.both)
        flags = ("--certificate", "web.pem", "--private-key", "web.key")
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=nobody")
        self.mint_fails_locally(program.CERTIFICATE, "no certificate matches the selector", *flags, *selector)


@expand
class MalformedSelectors(ChainTest):
    @each(
        empty=" ",
        no_value="Key=x509Subject",
        unknown_key="Key=x509Colour,Value=red",
        twice="Key=x509Serial,Value=1 Key=x509Serial,Value=2",
        broken_json='[{"Key": "x509Subject", "Value": ',
        json_of_another_shape='[{"key": "x509Subject", "value": "CN=web"}]',
        json_with_a_number='[{"Key": "x509Serial", "Value": 7}]',
        serial_that_is_no_number="Key=x509Serial,Value=xyz",
    )
    def test_selector(self, selector):
        self.write("web.pem", pki.pem(self.leaf))
        flags = ("--certificate", "web.pem", "--private-key", "web.key")
        self.mint_fails_locally(
            program.USAGE, "--cert-selector", *flags, "--cert-selector", selector
        )

    def test_file_that_is_not_there(self):
        self.write("web.pem", pki.pem(self.leaf))
        flags = ("--certificate", "web.pem", "--private-key", "web.key")
        selector = ("--cert-selector", "file:///nonexistent/selector.json")
        self.mint_fails_locally(program.LOCAL_IO, "/nonexistent/selector.json", *flags, *selector)


class Renewal(ChainTest):
    def test_the_next_run_uses_the_new_certificate(self):
        for serial in (1001, 1002):
            self.mint_from(pki.pem(self.root.issue(self.key.public_key(), serial=serial)))
            self.assertEqual(self.last_request()["serial"], str(serial))


class Validity(ChainTest):
    def test_the_last_hour(self):
        leaf = self.root.issue(self.key.public_key(), not_after=datetime.timedelta(hours=1))
        self.mint_from(pki.pem(leaf))

    def test_a_certificate_without_extended_key_usage_or_names_is_enough(self):
        self.mint_from(pki.pem(self.root.issue(self.key.public_key(), "")))


if __name__ == "__main__":
    unittest.main()
