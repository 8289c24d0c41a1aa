#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The emulator judges test vectors that other code made, at a fixed time.

CREDMINT_VECTORS has the path of their folder if it is not the one beside this folder.
"""

import datetime
import json
import os
import pathlib
import unittest

import sigv4_x509
import trust
from create_session import Service, judge
from judge_case import request_of
from mini_client import PROFILE, TRUST_ANCHOR

VECTORS = pathlib.Path(
    os.environ.get("CREDMINT_VECTORS") or pathlib.Path(__file__).resolve().parent.parent / "vectors" / "sigv4-x509"
)


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.timezone.utc)


class VectorTest(unittest.TestCase):
    """Tests the emulator: other code made the vectors."""

    NOW = utc(2026, 1, 1, 12)

    def setUp(self):
        self.service = Service(trust.load_pem(VECTORS / "ca.pem"), TRUST_ANCHOR, PROFILE)

    def wire(self, vector):
        head, _, _ = (VECTORS / f"{vector}.canonical.txt").read_text().partition("\n\ncontent-type;")
        headers = dict(line.split(":", 1) for line in head.split("\n")[3:])
        body = (VECTORS / f"{vector}.body.json").read_text()
        headers["authorization"] = (VECTORS / f"{vector}.authorization.txt").read_text()
        headers["content-length"] = str(len(body))
        lines = ["POST /sessions HTTP/1.1", *(f"{name.title()}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", body]).encode()

    def test_every_stage_is_the_vectors(self):
        for vector in ("rsa", "ec"):
            with self.subTest(vector):
                request = request_of(self.wire(vector))
                authorization = sigv4_x509.parse_authorization(request)
                canonical = sigv4_x509.canonical_request(request, authorization.signed_headers)
                self.assertEqual(canonical, (VECTORS / f"{vector}.canonical.txt").read_bytes())
                self.assertEqual(
                    sigv4_x509.string_to_sign(authorization, "20260101T120000Z", canonical),
                    (VECTORS / f"{vector}.string-to-sign.txt").read_bytes(),
                )

    def test_vectors_are_granted_at_their_time(self):
        for vector in ("rsa", "ec"):
            with self.subTest(vector):
                verdict = judge(request_of(self.wire(vector)), self.service, self.NOW)
                self.assertEqual((verdict.status, verdict.reason), (201, "accepted"))
                summary = json.loads((VECTORS / "summary.json").read_text())[vector]
                self.assertEqual(
                    verdict.facts,
                    {
                        "signed_headers": ["content-type", "host", "x-amz-date", "x-amz-x509", "x-amz-x509-chain"],
                        "chain_length": 1,
                        "chain_notes": [],
                        "serial": summary["serial_decimal"],
                        "region": "us-east-1",
                    },
                )

    def test_vectors_have_fifteen_minutes(self):
        request = request_of(self.wire("ec"))
        for seconds, status in ((-901, 403), (-900, 201), (900, 201), (901, 403)):
            with self.subTest(seconds):
                now = self.NOW + datetime.timedelta(seconds=seconds)
                self.assertEqual(judge(request, self.service, now).status, status)

    def test_expired_message_names_the_times(self):
        verdict = judge(request_of(self.wire("ec")), self.service, utc(2026, 1, 1, 12, 30))
        self.assertEqual(
            verdict.message,
            "Signature expired: 20260101T120000Z is now earlier than 20260101T121500Z (20260101T123000Z - 15 min.)",
        )


if __name__ == "__main__":
    unittest.main()
