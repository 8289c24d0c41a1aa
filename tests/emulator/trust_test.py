#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Untrusted certificates, and chains with more than the service needs."""

import base64
import datetime
import re
import string
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from create_session import judge
from judge_case import JudgeCase, request_of
from mini_client import DAY, Identity

RSASSA_PSS = bytes.fromhex("300b06092a864886f70d01010a")  # the AlgorithmIdentifier


class CertificateTest(JudgeCase):
    def test_certificates_that_are_none(self):
        right = self.leaf.header
        der = base64.b64decode(right)
        more = base64.b64encode(der + b"\0").decode()
        for wrong in ("", "AAAA", right[:-1], right[:40] + " " + right[40:], right.replace("M", "-", 1), more):
            with self.subTest(wrong[:50]):
                draft = self.draft()
                draft.headers["X-Amz-X509"] = wrong
                message = "The certificate in X-Amz-X509 could not be read."
                self.assert_refused(draft.sign(), message, "X-Amz-X509 holds no certificate")

    def test_base64_with_stray_bits(self):
        candidates = (Identity("x" * length, self.intermediate) for length in range(1, 60))
        leaf = next(each for each in candidates if each.header.endswith("="))
        draft = self.draft(leaf)
        last = draft.headers["X-Amz-X509"].rstrip("=")[-1]
        draft.headers["X-Amz-X509"] = re.sub(f"{re.escape(last)}(=+)$", rf"{after(last)}\1", leaf.header)
        message = "The certificate in X-Amz-X509 could not be read."
        self.assert_refused(draft.sign(), message, "not canonical base64")

    def test_certificate_of_more_than_sixteen_kilobytes(self):
        names = x509.SubjectAlternativeName([x509.DNSName(f"{number}." + "x" * 50) for number in range(300)])
        draft = self.draft(Identity("leaf", self.intermediate, extensions=[names])).sign()
        message = "The certificate in X-Amz-X509 could not be read."
        self.assert_refused(draft, message, r"\d+ bytes, more than 16384")

    def test_chains_that_are_none(self):
        for wrong in ("", ",", f"{self.intermediate.header}, {self.root.header}", f"{self.intermediate.header},"):
            with self.subTest(wrong[-50:]):
                draft = self.draft()
                draft.headers["X-Amz-X509-Chain"] = wrong
                message = "The certificate in X-Amz-X509-Chain could not be read."
                self.assert_refused(draft.sign(), message, "X-Amz-X509-Chain holds no certificate")

    def test_leaf_constraints(self):
        for reason, leaf in (
            ("it expired at", Identity("leaf", self.intermediate, begin=self.now - 2 * DAY, end=self.now - DAY)),
            ("it is not valid before", Identity("leaf", self.intermediate, begin=self.now + DAY / 2)),
            ("it is a CA certificate", Identity("leaf", self.intermediate, ca=True, digital_signature=True)),
            ("keyUsage lacks digitalSignature", Identity("leaf", self.intermediate, digital_signature=False)),
            (
                "keyUsage lacks digitalSignature",
                Identity("leaf", self.intermediate, digital_signature=False, cert_sign=True),
            ),
            ("signed with sha224, weaker", Identity("leaf", self.intermediate, hash_algorithm=hashes.SHA224())),
            ("not an X.509 v3 certificate", version_one(self.leaf, self.intermediate)),
            (
                "signed with an algorithm that cannot be judged here",
                rebuilt(self.leaf, self.intermediate, algorithm=RSASSA_PSS),
            ),
            (
                "signed with an algorithm that cannot be judged here",
                Identity("leaf", self.intermediate, signer_key=Ed25519PrivateKey.generate(), hash_algorithm=None),
            ),
            (
                "critical extension 2.5.29.36 is not understood",
                Identity("leaf", self.intermediate, extensions=[x509.PolicyConstraints(0, None)]),
            ),
        ):
            with self.subTest(reason):
                self.assert_insufficient(self.draft(leaf).sign(), f"the leaf '.*' is refused: .*{reason}")

    def test_a_curve_that_is_written_out(self):
        fields = list(der_items(next(der_items(self.leaf.certificate.tbs_certificate_bytes))[2]))
        algorithm, point = [whole for _, whole, _ in der_items(fields[6][2])]
        name = next(der_items(next(der_items(algorithm))[2]))[1]
        key = der(0x30, der(0x30, name + der(0x30, b"\x02\x01\x01")) + point)
        self.assert_insufficient(
            self.draft(rebuilt(self.leaf, self.intermediate, key=key)).sign(), "explicit EC parameters"
        )

    def test_validity_is_judged_at_the_given_time(self):
        draft = self.draft(Identity("leaf", self.intermediate, begin=self.now - DAY, end=self.now)).sign()
        later = self.now + datetime.timedelta(seconds=2)
        self.assertEqual(judge(request_of(draft.wire()), self.service(), later).status, 403)

    def test_hashes_stronger_than_sha256(self):
        for algorithm in (hashes.SHA384(), hashes.SHA512()):
            with self.subTest(algorithm.name):
                self.assert_granted(self.draft(Identity("leaf", self.intermediate, hash_algorithm=algorithm)).sign())

    def test_missing_intermediate(self):
        self.assert_untrusted(
            self.draft(chain=()).sign(), "^no certificate of 'CN=intermediate', the issuer of 'CN=leaf'$"
        )

    def test_another_root_of_the_same_name(self):
        other = Identity("root", ca=True)
        self.assert_untrusted(
            self.draft().sign(),
            "^the issuer 'CN=root' is refused: its key did not sign 'CN=intermediate'$",
            anchors=[other.certificate],
        )

    def test_chain_that_ends_in_its_own_root(self):
        root = Identity("own root", ca=True)
        intermediate = Identity("own intermediate", root, ca=True)
        leaf = Identity("leaf", intermediate)
        draft = self.draft(leaf, (intermediate, root)).sign()
        self.assert_untrusted(draft, "no certificate of 'CN=own root', the issuer of 'CN=own root'")

    def test_issuer_constraints(self):
        for reason, issuer in (
            ("not a CA", Identity("sub", self.root, cert_sign=True)),
            ("keyUsage lacks keyCertSign", Identity("sub", self.root, ca=True, cert_sign=False)),
            (
                "keyUsage lacks keyCertSign",
                Identity("sub", self.root, ca=True, cert_sign=False, digital_signature=True),
            ),
            ("it expired at", Identity("sub", self.root, ca=True, begin=self.now - 2 * DAY, end=self.now - DAY)),
            ("weaker than SHA-256", Identity("sub", self.root, ca=True, hash_algorithm=hashes.SHA224())),
            ("not a CA .*, its keyUsage lacks", version_one(Identity("sub", self.root, ca=True), self.root)),
            ("its key did not sign", Identity("sub", self.root, ca=True, signer_key=self.intermediate.key)),
        ):
            with self.subTest(reason):
                leaf = Identity("leaf", issuer)
                self.assert_untrusted(self.draft(leaf, (issuer,)).sign(), f"is refused: .*{reason}")

    def test_anchor_constraints(self):
        anchor = Identity("root", ca=True, begin=self.now - 2 * DAY, end=self.now - DAY)
        draft = self.draft(Identity("leaf", anchor), ()).sign()
        self.assert_untrusted(draft, "the issuer 'CN=root' is refused: it expired", anchors=[anchor.certificate])

    def test_path_length(self):
        root = Identity("root", ca=True, path_length=0)
        intermediate = Identity("intermediate", root, ca=True)
        draft = self.draft(Identity("leaf", intermediate), (intermediate,)).sign()
        self.assert_untrusted(draft, "its path length is 0", anchors=[root.certificate])
        self.assert_granted(self.draft(Identity("leaf", root), ()).sign(), anchors=[root.certificate])

    def test_five_intermediates_and_not_six(self):
        chain = [self.root]
        for number in range(6):
            chain.insert(0, Identity(f"ca {number}", chain[0], ca=True))
        self.assert_granted(self.draft(Identity("leaf", chain[1]), chain[1:-1]).sign())
        draft = self.draft(Identity("leaf", chain[0]), chain[:-1]).sign()
        message = "X-Amz-X509-Chain must have at most 5 certificates."
        self.assert_invalid_input(draft, message, "6 certificates in X-Amz-X509-Chain")
        self.assertEqual(self.judge(draft).facts["chain_length"], 6)

    def test_rsa_authorities(self):
        root = Identity("root", ca=True, key=rsa.generate_private_key(65537, 2048))
        self.assert_granted(self.draft(Identity("leaf", root), ()).sign(), anchors=[root.certificate])

    def test_anchor_may_be_an_intermediate(self):
        self.assert_granted(self.draft(chain=()).sign(), anchors=[self.intermediate.certificate])

    def test_notes_on_what_need_not_be_sent(self):
        upper = Identity("upper", self.root, ca=True)
        lower = Identity("lower", upper, ca=True)
        leaf, other = Identity("leaf", lower), Identity("other", self.root, ca=True)
        order = "chain is not in order, the leaf's issuer first and then upward"
        for chain, notes in (
            ((lower, upper), []),
            ((leaf, lower, upper), ["chain certificate 1 is the leaf: 'CN=leaf'"]),
            ((lower, upper, self.root), ["chain certificate 3 is a root: 'CN=root'"]),
            ((lower, other, upper), ["chain certificate 2 is unrelated to the leaf: 'CN=other'"]),
            ((lower, upper, lower), ["chain certificate 3 is a repetition: 'CN=lower'"]),
            ((upper, lower), [order]),
        ):
            with self.subTest(notes):
                self.assert_granted(self.draft(leaf, chain).sign(), notes)
        anchored = {"anchors": [upper.certificate]}
        notes = ["chain certificate 2 is a trust anchor: 'CN=upper'"]
        self.assert_granted(self.draft(leaf, (lower, upper)).sign(), notes, **anchored)


def after(character):
    """The next character in the base64 alphabet."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    return alphabet[alphabet.index(character) + 1]


def rebuilt(identity, issuer, without=(), algorithm=None, key=None):
    """The certificate of `identity`, changed and signed again.

    Fields with the tags `without` are removed; `algorithm` and `key` replace those fields.
    """
    fields = list(der_items(next(der_items(identity.certificate.tbs_certificate_bytes))[2]))
    algorithm = algorithm or fields[2][1]
    fields[2] = (0x30, algorithm, None)
    fields[6] = (0x30, key or fields[6][1], None)
    tbs = der(0x30, b"".join(whole for tag, whole, _ in fields if tag not in without))
    signature = issuer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    certificate = x509.load_der_x509_certificate(der(0x30, tbs + algorithm + der(0x03, b"\0" + signature)))
    return Identity.load(certificate, identity.key)


def version_one(identity, issuer):
    """The certificate with version 1, and therefore without extensions."""
    return rebuilt(identity, issuer, without=(0xA0, 0xA3))


def der_items(data):
    """(tag, whole encoding, content) of each DER element in `data`."""
    while data:
        size, start = data[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
        yield data[0], data[: start + size], data[start : start + size]
        data = data[start + size :]


def der(tag, content):
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = bytes([size]) if size < 0x80 else bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + length + content


if __name__ == "__main__":
    unittest.main()
