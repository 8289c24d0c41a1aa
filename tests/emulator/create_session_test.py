#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Valid requests, and the sessions that they get."""

import datetime
import unittest
import urllib.parse

from cryptography.hazmat.primitives.asymmetric import ec

from create_session import judge
from judge_case import JudgeCase, request_of
from mini_client import ROLE, Identity, default_members


class GrantTest(JudgeCase):
    def test_output_has_the_documented_shape(self):
        output = self.assert_granted(self.draft().sign())
        (element,) = output["credentialSet"]
        credentials, user = element["credentials"], element["assumedRoleUser"]
        self.assertRegex(credentials["accessKeyId"], r"\AASIA[A-Z2-7]{16}\Z")
        self.assertRegex(credentials["secretAccessKey"], r"\A[A-Za-z0-9+/]{40}\Z")
        self.assertGreater(len(credentials["sessionToken"]), 500)
        expiration = self.now + datetime.timedelta(hours=1)
        self.assertEqual(credentials["expiration"], expiration.strftime("%Y-%m-%dT%H:%M:%SZ"))
        session_name = f"{self.leaf.certificate.serial_number:x}"
        self.assertEqual(user["arn"], f"arn:aws:sts::111122223333:assumed-role/demo/{session_name}")
        self.assertRegex(user["assumedRoleId"], rf"\AAROA[A-Z2-7]{{16}}:{session_name}\Z")
        self.assertEqual((element["roleArn"], element["sourceIdentity"]), (ROLE, "CN=leaf"))
        subject = r"\Aarn:aws:rolesanywhere:us-east-1:111122223333:subject/[0-9a-f-]{36}\Z"
        self.assertRegex(output["subjectArn"], subject)

    def test_credentials_differ_and_subject_stays(self):
        first, second = (self.assert_granted(self.draft().sign()) for _ in range(2))
        self.assertEqual(first["subjectArn"], second["subjectArn"])
        self.assertNotEqual(first["credentialSet"][0]["credentials"], second["credentialSet"][0]["credentials"])

    def test_keys(self):
        self.assert_granted(self.draft(self.rsa_leaf).sign())
        for curve in (ec.SECP384R1(), ec.SECP521R1()):
            with self.subTest(curve.name):
                leaf = Identity("leaf", self.intermediate, key=ec.generate_private_key(curve))
                self.assert_granted(self.draft(leaf).sign())

    def test_serial_of_twenty_octets(self):
        leaf = Identity("leaf", self.intermediate, serial=2**159 - 1)
        self.assertEqual(len(str(leaf.certificate.serial_number)), 48)
        self.assert_granted(self.draft(leaf).sign())

    def test_leaf_issued_by_the_anchor_needs_no_chain(self):
        self.assert_granted(self.draft(Identity("leaf", self.root), chain=()).sign())

    def test_source_identity(self):
        for name, serial, expected in (
            ("n" * 61, 1, "CN=" + "n" * 61),
            ("n" * 62, 1, "n" * 62),
            (None, 291, "ID=0123"),
        ):
            with self.subTest(expected):
                output = self.assert_granted(self.draft(Identity(name, self.intermediate, serial=serial)).sign())
                self.assertEqual(output["credentialSet"][0]["sourceIdentity"], expected)

    def test_duration_and_lifetime(self):
        def expiration(**service):
            draft = self.draft(members=default_members(durationSeconds=900)).sign()
            return self.assert_granted(draft, **service)["credentialSet"][0]["credentials"]["expiration"]

        for service, seconds in (({}, 900), ({"lifetime": 5}, 5), ({"lifetime": -5}, -5)):
            with self.subTest(service):
                expected = self.now + datetime.timedelta(seconds=seconds)
                self.assertEqual(expiration(**service), expected.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def test_arns_in_the_query(self):
        arns = {name: value for name, value in default_members().items() if name != "durationSeconds"}
        for body in ('{"durationSeconds": 3600}', "{}", ""):
            with self.subTest(body):
                draft = self.draft()
                draft.body = body
                draft.query = urllib.parse.urlencode(list(reversed(arns.items())), safe=":/")
                draft.canonical_query = urllib.parse.urlencode(sorted(arns.items()))
                self.assert_granted(draft.sign())

    def test_content_type_may_be_missing(self):
        draft = self.draft()
        del draft.headers["Content-Type"]
        self.assert_granted(draft.sign())

    def test_role_session_name(self):
        draft = self.draft(members=default_members(roleSessionName="build=7")).sign()
        output = self.assert_granted(draft, accept_role_session_name=True)
        self.assertTrue(output["credentialSet"][0]["assumedRoleUser"]["arn"].endswith("/demo/build=7"))
        self.assert_refused(draft, "Not authorized to set roleSessionName.", "does not accept one")

    def test_header_values_are_trimmed_and_collapsed(self):
        draft = self.draft()
        draft.headers["X-Note"] = "a b"
        draft.sign()
        draft.headers["X-Note"] = "\t a   b  "
        self.assert_granted(draft)

    def test_repeated_headers_are_joined_in_order(self):
        draft = self.draft()
        draft.headers["X-Note"] = "b,a"
        wire = draft.sign().wire()
        for lines, status in ((b"X-Note: b\r\nx-note: a", 201), (b"X-Note: a\r\nX-Note: b", 403)):
            verdict = judge(request_of(wire.replace(b"X-Note: b,a", lines)), self.service(), self.now)
            self.assertEqual(verdict.status, status)


if __name__ == "__main__":
    unittest.main()
