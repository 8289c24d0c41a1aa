#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Responses without credentials, from the service or from another server at the endpoint."""

import datetime
import json
import re
import unittest

from support import emulator, pki, program
from support.cases import each, expand
from support.ports import answering_port
from support.system_test import MintTest


class FaultTest(MintTest):
    """Each test starts its own service with a script of faults."""

    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    def setUp(self):
        super().setUp()
        self.identity = self.write_identity(self.key, self.leaf)

    def refused(self, status, message, *scripts, flags=(), hint=None, attempts=1, **options):
        """Mints with these faults, which must fail after `attempts` requests."""
        self.start_own_service(fail=scripts, **options)
        result = self.mint_fails(status, message, *self.identity, *flags, hint=hint)
        self.assertEqual(len(self.service.requests()), attempts)
        self.assert_proper_requests()
        return result

    def minted_after(self, *scripts, flags=(), attempts, **options):
        """Mints with these faults, which must succeed with the last of `attempts` requests."""
        self.start_own_service(fail=scripts, **options)
        _, records = self.mint_with_records(*self.identity, *flags)
        self.assertEqual(len(records), attempts)
        self.assert_proper_requests()

    def assert_proper_requests(self):
        """Checks that each request was valid and that none is a copy of an earlier one."""
        for record in self.service.requests():
            self.assertRegex(record["reason"], r"(\A|: )accepted\Z")
        signatures = [
            record["headers"]["authorization"].rpartition("Signature=")[2]
            for record in self.service.requests()
        ]
        self.assertEqual(len(set(signatures)), len(signatures))


@expand
class Refusals(FaultTest):
    HINTS = {
        "untrusted": ("Untrusted signing certificate", "--intermediates"),
        "insufficient": ("Untrusted certificate. Insufficient certificate", "digitalSignature"),
        "signature": ("Invalid signature", "key belongs to the certificate"),
        "session_name": ("Not authorized to set roleSessionName.", "acceptRoleSessionName"),
        "role": ("Unable to assume role for arn:aws:iam::1:role/x", "trust policy"),
    }

    @each(*HINTS)
    def test_403(self, case):
        text, hint = self.HINTS[case]
        script = f"403:AccessDeniedException:{text}"
        self.refused(
            program.SERVICE, f"status 403, AccessDeniedException: {text}", script, hint=hint
        )

    def test_each_has_the_id_by_which_aws_finds_the_request(self):
        result = self.refused(program.SERVICE, "(request ", "403:AccessDeniedException:no")
        self.assertRegex(result.stderr, r"no \(request [0-9a-f-]{36}\)\n")

    def test_the_end_of_the_chain_is_named(self):
        script = "403:AccessDeniedException:Untrusted signing certificate"
        hint = "CN=web was sent with 0 issuers, and the last one names CN=test root as its CA"
        self.refused(program.SERVICE, "Untrusted", script, hint=hint)

    def test_403_with_a_text_that_nobody_has_seen(self):
        script = "403:AccessDeniedException:Mondays are off."
        message = "status 403, AccessDeniedException: Mondays are off."
        self.refused(program.SERVICE, message, script)

    def test_404(self):
        script = "404:ResourceNotFoundException:Trust anchor not found."
        self.refused(program.SERVICE, "status 404", script, hint="ARNs of trust anchor and profile")

    def test_400(self):
        text = "1 validation error detected: Value '1' at 'durationSeconds' failed"
        script = f"400:ValidationException:{text}"
        self.refused(program.SERVICE, f"status 400, ValidationException: {text}", script)

    @each("400", "401", "403", "405", "413", "418")
    def test_bare(self, status):
        self.refused(program.SERVICE, f"the service answered with status {status}", status)

    def test_a_text_with_line_breaks_stays_on_one_line(self):
        self.refused(program.SERVICE, "one two", "403:AccessDeniedException:one\ntwo")

    def test_a_text_with_escape_sequences_does_not_reach_the_terminal(self):
        script = "403:AccessDeniedException:\x1b]0;title\x07"
        self.assertNotIn("\x1b", self.refused(program.SERVICE, "status 403", script).stderr)

    def test_a_text_without_end_is_cut(self):
        script = "403:AccessDeniedException:" + "x" * 100_000
        self.assertLess(len(self.refused(program.SERVICE, "xxx", script).stderr), 1000)

    def test_redirect_is_not_followed(self):
        self.refused(program.SERVICE, "status 302", "redirect", hint="no redirect is followed")


class RealRefusals(MintTest):
    """Refusals by the service itself, without scripted faults."""

    def test_of_another_trust_anchor(self):
        arn = emulator.TRUST_ANCHOR_ARN.replace("0002", "0009")
        self.mint_fails(
            program.SERVICE,
            "status 404",
            *(*self.write_identity(), "--trust-anchor-arn", arn),
            hint="check the region and the ARNs",
        )

    def test_of_a_certificate_of_another_ca(self):
        key = pki.make_key()
        stranger = pki.make_root("another root").issue(key.public_key())
        self.mint_fails(
            program.SERVICE,
            "status 403, AccessDeniedException: Untrusted signing certificate",
            *self.write_identity(key, stranger),
            hint="--trust-anchor-arn",
        )

    def test_of_a_session_name(self):
        self.mint_fails(
            program.SERVICE,
            "Not authorized to set roleSessionName.",
            *(*self.write_identity(), "--role-session-name", "web"),
            hint="leave out --role-session-name",
        )

    def test_of_a_role(self):
        self.start_own_service(role_arns=frozenset({emulator.ROLE_ARN + "-other"}))
        self.mint_fails(
            program.SERVICE,
            f"Unable to assume role for {emulator.ROLE_ARN}",
            *self.write_identity(),
            hint="the profile's list of roles",
        )


@expand
class Retries(FaultTest):
    @each("429", "500", "502", "503", "504", "reset", "html502")
    def test_once_after(self, fault):
        self.minted_after(fault, attempts=2)

    @each("ThrottlingException", "TooManyRequestsException", "SlowDown")
    def test_after_the_code(self, code):
        self.minted_after(f"400:{code}:Rate exceeded", attempts=2)

    def test_twice(self):
        self.minted_after("503", "429", attempts=3)

    def test_three_attempts_are_all(self):
        self.refused(
            program.SERVICE,
            re.compile(r"status 503 \(attempt 3\)$"),
            "503x9",
            hint="try again later",
            attempts=3,
        )

    def test_three_resets_are_all(self):
        self.refused(program.NETWORK, re.compile(r"reset.*\(attempt 3\)$"), "resetx9", attempts=3)

    def test_a_refusal_after_a_retry_is_final(self):
        script = "403:AccessDeniedException:Untrusted signing certificate"
        self.refused(program.SERVICE, "Untrusted signing certificate", "503", script, attempts=2)

    def test_not_beyond_the_time_limit(self):
        self.start_own_service(fail=["503x9"])
        result = self.mint_fails(program.SERVICE, "status 503", *self.identity, "--timeout", "0.4")
        self.assertLess(result.seconds, 2)


class Delays(FaultTest):
    def test_stall_ends_at_the_time_limit(self):
        self.start_own_service(fail=["stall:30"])
        result = self.mint_fails(
            program.NETWORK, "no answer within", *self.identity, "--timeout", "1", hint="--timeout"
        )
        self.assertGreater(result.seconds, 0.9)
        self.assertLess(result.seconds, 3)

    def test_the_time_limit_may_have_units(self):
        self.start_own_service(fail=["stall:30"])
        result = self.mint_fails(
            program.NETWORK, "no answer within", *self.identity, "--timeout", "0.01m", hint="--timeout"
        )
        self.assertGreater(result.seconds, 0.5)
        self.assertLess(result.seconds, 3)

    def test_a_late_answer_within_the_time_limit_is_taken(self):
        self.minted_after("slow:1.5", attempts=1, flags=("--timeout", "9"))

    def test_a_late_answer_beyond_it_is_not(self):
        self.start_own_service(fail=["slow:30"])
        self.mint_fails(
            program.NETWORK,
            "no answer within",
            *self.identity,
            "--timeout",
            "0.5",
            hint="--timeout",
        )


@expand
class Answers(FaultTest):
    """Responses with a success status but without usable contents."""

    HINT = re.compile("something other than the service may have|in the service's place")

    MESSAGES = {
        "garbage": "a web page came instead of the service's answer, with status 200: Welcome",
        "nojson": "the answer is not JSON",
        "empty": "the answer holds no credentials",
        "nullcreds": "the answer has no accessKeyId",
    }

    @each(*MESSAGES)
    def test_that_is(self, fault):
        self.refused(program.SERVICE, self.MESSAGES[fault], fault, hint=self.HINT)

    def test_too_long(self):
        self.refused(program.SERVICE, "longer than 1048576 bytes", "big")

    def test_already_expired(self):
        self.refused(program.SERVICE, "the credentials expired at", lifetime=-60, hint="clock")

    def test_expiration_with_a_fraction_is_printed_without(self):
        self.start_own_service(fail=["fraction"])
        minted, _ = self.mint_with_records(*self.identity)
        self.assertRegex(minted["Expiration"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


@expand
class OtherServers(MintTest):
    """Another server answers at the endpoint."""

    @each(
        no_http=(program.SERVICE, b"220 mail.example.com ESMTP\r\n"),
        http_0_9=(program.SERVICE, b"<html>"),
        nothing=(program.NETWORK, b""),
        headers_without_end=(program.SERVICE, b"HTTP/1.1 201 Created\r\nContent-Type: text"),
        body_cut_off=(program.NETWORK, b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"),
        no_content=(program.SERVICE, b"HTTP/1.1 204 No Content\r\n\r\n"),
        empty_success=(program.SERVICE, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
        login_page=(
            program.SERVICE,
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        ),
        broken_json_error=(
            program.SERVICE,
            b'HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n{"message": \xff',
        ),
        endless_header=(
            program.SERVICE,
            b"HTTP/1.1 201 Created\r\n" + b"X-Filler: " + b"x" * 200_000 + b"\r\n\r\n",
        ),
        many_headers=(
            program.SERVICE,
            b"HTTP/1.1 201 Created\r\n" + b"X-Filler: xxxxxxx\r\n" * 20_000 + b"\r\n",
        ),
    )
    def test_answer(self, expected_and_answer):
        expected, answer = expected_and_answer
        endpoint = f"http://localhost:{answering_port(self, answer)}"
        flags = (*self.write_identity(), "--endpoint", endpoint, "--timeout", "2")
        self.mint_fails(expected, "creating a session: ", *flags)

    def test_an_account_in_no_arn_leaves_the_account_out(self):
        """AccountId is optional for the SDKs, but must not be empty."""
        answer = json.dumps(
            {
                "credentialSet": [
                    {
                        "credentials": {
                            "accessKeyId": "ASIAEXAMPLE",
                            "secretAccessKey": "secret",
                            "sessionToken": "token",
                            "expiration": (pki.now() + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                        }
                    }
                ]
            }
        ).encode()
        head = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(answer)
        endpoint = f"http://localhost:{answering_port(self, head + answer)}"
        flags = (*self.write_identity(), "--endpoint", endpoint)
        minted = json.loads(self.succeed(*self.arguments(*flags)))
        self.assertNotIn("AccountId", minted)


@expand
class Clocks(FaultTest):
    @each(ahead=4000, behind=-3000)
    def test_of_the_service(self, seconds):
        """The first response has the service's time, with which the second request is signed."""
        self.start_own_service(clock_offset=seconds)
        _, records = self.mint_with_records(*self.identity)
        self.assertEqual([record["status"] for record in records], [403, 201])
        dates = [record["headers"]["x-amz-date"] for record in records]
        self.assertNotEqual(*dates)

    def test_within_tolerance_costs_nothing(self):
        self.start_own_service(clock_offset=300)
        _, records = self.mint_with_records(*self.identity)
        self.assertEqual(len(records), 1)

    def test_are_corrected_once_only(self):
        self.start_own_service(fail=["skew:4000", "skew:-9000"])
        self.mint_fails(program.SERVICE, "status 403", *self.identity, hint="clock")
        self.assertEqual(len(self.service.requests()), 2)

    def test_of_another_century_is_not_believed(self):
        """A response's date must not make the key sign for any date."""
        self.start_own_service(fail=["skew:2335000000"])
        self.mint_fails(
            program.SERVICE,
            "status 403",
            *self.identity,
            hint="set this machine's clock: it is 27025 days behind the service's, and at most 24 hours",
        )
        (record,) = self.service.requests()
        self.assertEqual(record["headers"]["x-amz-date"][:4], str(pki.now().year))

    def test_by_which_the_credentials_have_expired_is_an_error(self):
        self.start_own_service(clock_offset=-7200)
        self.mint_fails(
            program.SERVICE,
            "by this machine's clock it is",
            *self.identity,
            hint="set this machine's clock: it is 2 hours ahead of the service's",
        )

    @each(next_year=31536000, a_little_more_than_asked_for=3600 + 900 + 60)
    def test_no_service_gives_an_expiration(self, seconds):
        self.start_own_service(fail=[f"expires:{seconds}"])
        self.mint_fails(program.SERVICE, "the service grants none beyond", *self.identity)

    def test_what_is_a_little_longer_than_asked_for_is_taken(self):
        self.start_own_service(fail=[f"expires:{3600 + 900 - 60}"])
        self.mint_with_records(*self.identity)

    def test_a_refusal_for_another_reason_is_not_taken_for_a_wrong_clock(self):
        script = "403:AccessDeniedException:Untrusted signing certificate"
        self.refused(program.SERVICE, "Untrusted signing certificate", script)


if __name__ == "__main__":
    unittest.main()
