# SPDX-License-Identifier: Apache-2.0
"""The base of tests of the judgement: a small PKI, and assertions on verdicts."""

import datetime
import io
import unittest

from cryptography.hazmat.primitives.asymmetric import rsa

from create_session import Service, judge
from http_wire import RequestReader
from mini_client import PROFILE, TRUST_ANCHOR, Draft, Identity


def request_of(raw):
    return RequestReader(io.BytesIO(raw).read1).read()


class JudgeCase(unittest.TestCase):
    """Has an independent client make the requests. The usual path is leaf, intermediate, anchor."""

    @classmethod
    def setUpClass(cls):
        cls.now = datetime.datetime.now(datetime.timezone.utc)
        cls.root = Identity("root", ca=True)
        cls.intermediate = Identity("intermediate", cls.root, ca=True)
        cls.leaf = Identity("leaf", cls.intermediate)
        cls.rsa_leaf = Identity("rsa leaf", cls.intermediate, key=rsa.generate_private_key(65537, 2048))

    def service(self, **changes):
        settings = {"anchors": [self.root.certificate], "trust_anchor_arn": TRUST_ANCHOR, "profile_arn": PROFILE}
        return Service(**(settings | changes))

    def draft(self, identity=None, chain=None, **more):
        chain = (self.intermediate,) if chain is None else chain
        return Draft(identity or self.leaf, chain, now=self.now, **more)

    def judge(self, draft, **service):
        return judge(request_of(draft.wire()), self.service(**service), self.now)

    def assert_granted(self, draft, notes=(), **service):
        verdict = self.judge(draft, **service)
        self.assertEqual((verdict.status, verdict.reason), (201, "accepted"))
        self.assertEqual(verdict.facts["chain_notes"], list(notes))
        return verdict.output

    def assert_refused(self, draft, message, reason, status=403, code="AccessDeniedException", **service):
        verdict = self.judge(draft, **service)
        self.assertEqual((verdict.status, verdict.code, verdict.message), (status, code, message), verdict.reason)
        self.assertRegex(verdict.reason, reason)
        self.assertIsNone(verdict.output)

    def assert_invalid_signature(self, draft, reason="does not verify", **service):
        self.assert_refused(draft, "Invalid signature", reason, **service)

    def assert_malformed(self, draft, reason):
        self.assert_refused(draft, "The Authorization header is malformed.", reason)

    def assert_insufficient(self, draft, reason):
        self.assert_refused(draft, "Untrusted certificate. Insufficient certificate", reason)

    def assert_untrusted(self, draft, reason, **service):
        self.assert_refused(draft, "Untrusted signing certificate", reason, **service)

    def assert_invalid_input(self, draft, message, reason=".", code="ValidationException", **service):
        self.assert_refused(draft, message, reason, status=400, code=code, **service)
