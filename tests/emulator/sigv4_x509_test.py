#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong signatures, and valid ones in a wrong form."""

import datetime
import re
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import sigv4_x509
from create_session import judge
from judge_case import JudgeCase, request_of
from mini_client import ROLE, Identity

OTHER_REGION = "eu-central-1"


class SignatureTest(JudgeCase):
    def test_changed_after_signing(self):
        changes = {
            "body": lambda draft: setattr(draft, "body", draft.body.replace("3600", "3601")),
            "date": lambda draft: draft.headers.update(
                {"X-Amz-Date": (self.now + datetime.timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")}
            ),
            "host": lambda draft: draft.headers.update(Host="localhost:443"),
            "content type": lambda draft: draft.headers.update({"Content-Type": "application/x-amz-json-1.0"}),
            "chain": lambda draft: draft.headers.update({"X-Amz-X509-Chain": self.root.header}),
            "query": lambda draft: setattr(draft, "query", f"roleArn={ROLE}"),
            "path": lambda draft: setattr(draft, "path", "/x/sessions"),
        }
        for name, change in changes.items():
            with self.subTest(name):
                draft = self.draft().sign()
                change(draft)
                self.assert_invalid_signature(draft)

    def test_signed_by_another_key(self):
        draft = self.draft()
        draft.identity = Identity("other", self.intermediate)
        self.assert_invalid_signature(draft.sign())

    def test_signed_over_another_hash(self):
        draft = self.draft().sign()
        wrong = self.leaf.key.sign(draft.string_to_sign().encode(), ec.ECDSA(hashes.SHA384())).hex()
        draft.authorization = re.sub("Signature=.*", f"Signature={wrong}", draft.authorization)
        self.assert_invalid_signature(draft)

    def test_serial(self):
        serial = self.leaf.certificate.serial_number
        for wrong in (str(serial + 1), f"{serial:x}", f"0{serial}", ""):
            with self.subTest(wrong):
                draft = self.draft()
                draft.serial = wrong
                self.assert_invalid_signature(draft.sign(), "Credential names the serial")

    def test_algorithm_of_another_key_type(self):
        for identity, algorithm in ((self.leaf, sigv4_x509.RSA), (self.rsa_leaf, sigv4_x509.ECDSA)):
            with self.subTest(algorithm):
                draft = self.draft(identity)
                draft.algorithm = algorithm
                self.assert_invalid_signature(draft.sign(), "does not fit the key type")

    def test_algorithm_names(self):
        draft = self.draft()
        draft.algorithm = "AWS4-X509-MLDSA"
        self.assert_invalid_signature(draft.sign(), "ML-DSA signatures cannot be judged")
        for algorithm in ("AWS4-HMAC-SHA256", "aws4-x509-ecdsa-sha256", ""):
            with self.subTest(algorithm):
                draft.algorithm = algorithm
                self.assert_refused(draft.sign(), "Unsupported signing algorithm.", "unknown algorithm")

    def test_header_that_must_be_signed_is_not(self):
        for name in ("Content-Type", "Host", "X-Amz-X509", "X-Amz-X509-Chain"):
            with self.subTest(name):
                draft = self.draft()
                draft.unsigned_headers = {name: draft.headers.pop(name)}
                self.assert_invalid_signature(draft.sign(), f"must be signed are not: {name.lower()}$")

    def test_date_is_not_signed(self):
        draft = self.draft().sign()
        draft.authorization = draft.authorization.replace("x-amz-date;", "")
        self.assert_invalid_signature(draft, "must be signed are not: x-amz-date$")

    def test_unsigned_amz_header(self):
        draft = self.draft().sign()
        draft.unsigned_headers["X-Amz-Other"] = "1"
        self.assert_invalid_signature(draft, "must be signed are not: x-amz-other$")

    def test_signed_header_that_was_not_sent(self):
        draft = self.draft()
        draft.headers["X-Note"] = "a"
        draft.sign()
        draft.headers["X-Note"] = None
        self.assert_invalid_signature(draft, "missing from the request: x-note$")

    def test_payload_hash_header(self):
        draft = self.draft()
        draft.headers["X-Amz-Content-Sha256"] = "0" * 64
        self.assert_invalid_signature(draft.sign(), "X-Amz-Content-Sha256 is not the hash")

    def test_spelling_of_authorization(self):
        draft = self.draft().sign()
        right = draft.authorization
        signature = right.rpartition("=")[2]
        for wrong, reason in (
            (right.replace("content-type;", "content-type,"), "SignedHeaders is not a list"),
            (right.replace("content-type;", "authorization;content-type;"), "contains authorization itself"),
            (right.replace("content-type;host", "host;content-type"), "not sorted"),
            (right.replace("content-type;", "content-type;content-type;"), "names a header twice"),
            (right.replace("content-type", "Content-Type"), "SignedHeaders is not a list"),
            (right.replace(signature, signature.upper()), "not lower-case hexadecimal"),
            (right.replace(signature, signature[:-1]), "not lower-case hexadecimal"),
            (right.replace(signature, ""), "not lower-case hexadecimal"),
            (right.replace(", ", ","), "has the parameters"),
            (right.replace(", Signature", ", signature"), "has the parameters"),
            (right + ", Credential=1", "has the parameters"),
            (right.replace("aws4_request", "aws5_request"), "scope ends with"),
            (right.replace("/rolesanywhere", ""), "Credential is not SERIAL"),
        ):
            with self.subTest(wrong[:120]):
                draft.authorization = wrong
                self.assert_malformed(draft, reason)

    def test_no_authorization(self):
        message = "The request must have exactly one authorization header."
        self.assert_refused(self.draft(), message, "0 authorization headers")

    def test_repeated_certificate_header(self):
        wire = self.draft().sign().wire().replace(b"X-Amz-X509:", b"x-amz-x509: AAAA\r\nX-Amz-X509:")
        verdict = judge(request_of(wire), self.service(), self.now)
        self.assertEqual((verdict.status, verdict.reason), (403, "2 x-amz-x509 headers in the request"))

    def test_scope(self):
        draft = self.draft(region=OTHER_REGION).sign()
        message = "Credential should be scoped to a valid region, not 'eu-central-1'."
        self.assert_refused(draft, message, "this service is in 'us-east-1'")
        draft = self.draft()
        draft.scope = draft.scope.replace("rolesanywhere", "sts")
        message = "Credential should be scoped to correct service: 'rolesanywhere'."
        self.assert_refused(draft.sign(), message, "scope names the service 'sts'")
        draft = self.draft()
        draft.scope = "19991231" + draft.scope[8:]
        message = "Date in Credential scope does not match YYYYMMDD from X-Amz-Date."
        self.assert_refused(draft.sign(), message, "scope date 19991231 is not that of")

    def test_date_formats(self):
        short = f"{self.now:%Y%m%dT%H%M}5Z"
        for wrong in (self.now.isoformat(), "20260231T120000Z", "20260101T120000", short, ""):
            with self.subTest(wrong):
                draft = self.draft()
                draft.headers["X-Amz-Date"] = wrong
                message = "Date must be in ISO-8601 'basic format'."
                self.assert_refused(draft.sign(), message, f"X-Amz-Date is {re.escape(repr(wrong))}")

    def test_clock_skew(self):
        for minutes, text in ((-16, "Signature expired: "), (16, "Signature not yet current: ")):
            with self.subTest(minutes):
                self.now = type(self).now + datetime.timedelta(minutes=minutes)
                draft = self.draft().sign()
                self.now = type(self).now
                verdict = self.judge(draft)
                self.assertEqual((verdict.status, verdict.message[: len(text)]), (403, text))


if __name__ == "__main__":
    unittest.main()
