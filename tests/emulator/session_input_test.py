#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Members that are missing, misspelt, out of range, or name an unregistered resource."""

import json
import re
import unittest
import urllib.parse

from create_session import judge
from judge_case import JudgeCase, request_of
from mini_client import PROFILE, REGION, ROLE, TRUST_ANCHOR, default_members

OTHER_REGION = "eu-central-1"


class InputTest(JudgeCase):
    def draft_with(self, **changes):
        return self.draft(members=default_members(**changes)).sign()

    def test_constraints(self):
        long_arn = ROLE + "x" * 1011
        for changes, field, value, constraint in (
            ({"durationSeconds": 899}, "durationSeconds", "'899'", "value greater than or equal to 900"),
            ({"durationSeconds": 43201}, "durationSeconds", "'43201'", "value less than or equal to 43200"),
            ({"profileArn": ""}, "profileArn", "''", "length greater than or equal to 1"),
            ({"roleArn": long_arn}, "roleArn", repr(long_arn), "length less than or equal to 1011"),
            ({"roleSessionName": "x"}, "roleSessionName", "'x'", "length greater than or equal to 2"),
            ({"roleSessionName": "x" * 65}, "roleSessionName", repr("x" * 65), "length less than or equal to 64"),
        ):
            with self.subTest(changes):
                text = f"Value {value} at '{field}' failed to satisfy constraint: Member must have {constraint}"
                self.assert_invalid_input(self.draft_with(**changes), f"1 validation error detected: {text}")

    def test_patterns_and_types(self):
        for changes, expected in (
            ({"profileArn": ROLE}, "satisfy regular expression pattern"),
            ({"roleArn": "arn:aws:iam::111122223333:user/u"}, "satisfy regular expression pattern"),
            ({"roleSessionName": 12}, "be a string"),
            ({"roleSessionName": "a b"}, "satisfy regular expression pattern"),
            ({"roleSessionName": "na\u00efve"}, "satisfy regular expression pattern"),
            ({"trustAnchorArn": 1}, "be a string"),
            ({"trustAnchorArn": None}, "not be null"),
            ({"durationSeconds": "3600"}, "be an integer"),
            ({"durationSeconds": 3600.0}, "be an integer"),
            ({"durationSeconds": True}, "be an integer"),
        ):
            with self.subTest(changes):
                verdict = self.judge(self.draft_with(**changes))
                self.assertEqual((verdict.status, verdict.code), (400, "ValidationException"))
                self.assertRegex(verdict.message, f"^1 validation error detected: .* Member must {expected}")

    def test_violations_are_reported_together(self):
        verdict = self.judge(self.draft_with(roleArn="x", durationSeconds=1))
        self.assertRegex(verdict.message, "^2 validation errors detected: Value 'x' at 'roleArn' .*; Value '1' at ")

    def test_bodies_that_cannot_be_read(self):
        text = json.dumps(default_members())
        for body in ("{", "[]", text[:-1] + ', "roleArn": "x"}', text.replace("3600", "NaN"), text + "x"):
            with self.subTest(body[-20:]):
                draft = self.draft()
                draft.body = body
                message = "The request body could not be read."
                self.assert_invalid_input(draft.sign(), message, code="SerializationException")

    def test_misspelt_member(self):
        draft = self.draft_with(roleSesionName="x")
        message = "Unknown member in the request body."
        self.assert_invalid_input(draft, message, r"body members \['roleSesionName'\] do not exist")

    def test_query_parameters(self):
        for query, canonical, message in (
            (f"roleArn={ROLE}", urllib.parse.urlencode({"roleArn": ROLE}), "roleArn is given twice."),
            ("durationSeconds=900", "durationSeconds=900", "Unknown query parameter."),
        ):
            with self.subTest(query):
                draft = self.draft()
                draft.query, draft.canonical_query = query, canonical
                self.assert_invalid_input(draft.sign(), message)

    def test_content_type(self):
        code = "UnsupportedMediaTypeException"
        for wrong in ("text/plain", "application/json, application/json", ""):
            with self.subTest(wrong):
                draft = self.draft()
                draft.headers["Content-Type"] = wrong
                message = "Unsupported Content-Type."
                self.assert_refused(draft.sign(), message, "^Content-Type is", status=415, code=code)

    def test_repeated_content_type(self):
        draft = self.draft()
        draft.headers["Content-Type"] = "application/json,application/json"
        repeated = b"Content-Type: application/json\r\nContent-Type: application/json"
        wire = draft.sign().wire().replace(b"Content-Type: application/json,application/json", repeated)
        self.assertEqual(judge(request_of(wire), self.service(), self.now).status, 415)

    def test_resources_that_are_not_registered(self):
        code = "ResourceNotFoundException"
        for member, arn, message in (
            ("trustAnchorArn", TRUST_ANCHOR[:-1] + "3", "Trust anchor not found."),
            ("profileArn", PROFILE[:-1] + "3", "Profile not found."),
        ):
            with self.subTest(member):
                self.assert_refused(self.draft_with(**{member: arn}), message, re.escape(arn), status=404, code=code)

    def test_profile_in_another_region_or_account(self):
        message = "The trust anchor and the profile must be in the same account and Region."
        for arn, place in (
            (PROFILE.replace(REGION, OTHER_REGION), "profile in eu-central-1/111122223333"),
            (PROFILE.replace("111122223333", "444455556666"), "profile in us-east-1/444455556666"),
        ):
            with self.subTest(place):
                self.assert_invalid_input(self.draft_with(profileArn=arn), message, place)

    def test_role_that_the_profile_does_not_list(self):
        listed = {"role_arns": frozenset({ROLE})}
        self.assert_granted(self.draft().sign(), **listed)
        other = ROLE + "-other"
        draft = self.draft_with(roleArn=other)
        self.assert_refused(draft, f"Unable to assume role for {other}", "does not list the role", **listed)


if __name__ == "__main__":
    unittest.main()
