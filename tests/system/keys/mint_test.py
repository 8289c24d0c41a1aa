#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credential-process gets credentials with a key file."""

import datetime
import json
import os
import unittest

from support import emulator, pki, program
from support.cases import each, expand
from support.system_test import MintTest, SystemTest


class WhatIsPrinted(MintTest):
    def test_one_json_object_and_nothing_else(self):
        stdout = self.succeed(*self.arguments(*self.write_identity()))
        self.assertRegex(stdout, rb"\A\{[^\n]*\}\n\Z")
        minted = json.loads(stdout)
        self.assertIs(type(minted["Version"]), int)
        self.assertEqual(minted["Version"], 1)
        self.assertEqual(minted["AccountId"], emulator.ACCOUNT)
        for member in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"):
            self.assertIs(type(minted[member]), str)
            self.assertTrue(minted[member])

    def test_members_in_the_order_of_the_documentation(self):
        minted = self.mint(*self.write_identity())
        self.assertEqual(
            list(minted),
            [
                "Version",
                "AccessKeyId",
                "SecretAccessKey",
                "SessionToken",
                "Expiration",
                "AccountId",
            ],
        )

    def test_the_expiration_is_the_services_in_whole_seconds(self):
        minted = self.mint(*self.write_identity(), "--session-duration", "7200")
        self.assertRegex(minted["Expiration"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
        expiration = datetime.datetime.fromisoformat(minted["Expiration"].replace("Z", "+00:00"))
        lifetime = expiration - pki.now()
        self.assertAlmostEqual(lifetime.total_seconds(), 7200, delta=20)

    def test_every_run_mints_anew(self):
        identity = self.write_identity()
        first, second = self.mint(*identity), self.mint(*identity)
        self.assertNotEqual(first["AccessKeyId"], second["AccessKeyId"])

    def test_the_account_is_that_of_the_role(self):
        minted = self.mint(*self.write_identity())
        self.assertEqual(minted["AccountId"], emulator.ROLE_ARN.split(":")[4])

    def test_a_full_stdout_is_a_local_failure(self):
        with open("/dev/full", "wb") as full:
            result = self.run_program(*self.arguments(*self.write_identity()), stdout=full)
        self.check_failure(result, program.LOCAL_IO, "stdout")

    def test_a_closed_stdout_is_a_local_failure(self):
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "wb") as pipe:
            result = self.run_program(*self.arguments(*self.write_identity()), stdout=pipe)
        self.check_failure(result, program.LOCAL_IO, "stdout")


@expand
class WhatIsAskedFor(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.start_service(accept_role_session_name=True)

    def body(self):
        return json.loads(self.last_request()["body"])

    def test_the_three_arns_and_an_hour(self):
        self.mint(*self.write_identity())
        self.assertEqual(
            self.body(),
            {
                "durationSeconds": 3600,
                "profileArn": emulator.PROFILE_ARN,
                "roleArn": emulator.ROLE_ARN,
                "trustAnchorArn": emulator.TRUST_ANCHOR_ARN,
            },
        )

    @each("900", "43200")
    def test_a_duration_of(self, seconds):
        self.mint(*self.write_identity(), "--session-duration", seconds)
        self.assertEqual(self.body()["durationSeconds"], int(seconds))

    @each(hour=("1h", 3600), minutes=("90m", 5400), seconds=("3601s", 3601), mixed=("1h30m5s", 5405))
    def test_a_duration_with_units_in(self, case):
        typed, seconds = case
        self.mint(*self.write_identity(), "--session-duration", typed)
        self.assertEqual(self.body()["durationSeconds"], seconds)

    def test_a_session_name(self):
        self.mint(*self.write_identity(), "--role-session-name", "web-1@example.com")
        self.assertEqual(self.body()["roleSessionName"], "web-1@example.com")

    def test_a_role_with_a_path(self):
        role = f"arn:aws:iam::{emulator.ACCOUNT}:role/servers/eu/demo"
        self.mint(*self.write_identity(), "--role-arn", role)
        self.assertEqual(self.body()["roleArn"], role)

    def test_the_region_is_that_of_the_trust_anchor(self):
        self.mint(*self.write_identity())
        self.assertEqual(self.last_request()["region"], "us-east-1")

    def test_everything_that_matters_is_signed(self):
        self.mint(*self.write_identity())
        self.assertEqual(
            self.last_request()["signed_headers"],
            ["content-type", "host", "x-amz-date", "x-amz-x509"],
        )

    def test_the_program_says_who_it_is(self):
        self.mint(*self.write_identity())
        version = self.succeed("version").decode().strip()
        self.assertEqual(self.last_request()["headers"]["user-agent"], f"credmint/{version}")

    def test_the_longest_serial_number(self):
        key = pki.make_key()
        serial = 2**159 - 1
        self.mint(*self.write_identity(key, self.root.issue(key.public_key(), serial=serial)))
        self.assertEqual(self.last_request()["serial"], str(serial))

    def test_a_subject_outside_ascii(self):
        key = pki.make_key()
        certificate = self.root.issue(key.public_key(), 'Müller, 東京 + "x"')
        self.mint(*self.write_identity(key, certificate))


class WhatDebugShows(MintTest):
    def debug(self, *flags):
        result = self.run_program(*self.arguments(*self.write_identity(), "--debug", *flags))
        self.assertEqual(result.status, program.SUCCESS, str(result))
        minted = json.loads(result.stdout)
        self.assertNotIn(minted["SecretAccessKey"], result.stderr)
        self.assertNotIn(minted["SessionToken"], result.stderr)
        return minted, result.stderr

    def test_what_is_done_but_no_secret(self):
        minted, stderr = self.debug()
        self.assertIn(minted["AccessKeyId"], stderr)
        self.assertIn("/sessions", stderr)

    def test_as_json_one_object_per_line(self):
        _, stderr = self.debug("--log-format", "json")
        lines = [json.loads(line) for line in stderr.splitlines()]
        self.assertGreater(len(lines), 1)


COMMANDS = ("credential-process", "sign-string", "read-certificate-data", "version")


@expand
class CommandLine(SystemTest):
    def test_version_is_a_number_alone_on_a_line(self):
        self.assertRegex(self.succeed("version").decode(), r"\A\d+\.\d+\.\d+\n\Z")

    def test_help_names_every_command(self):
        text = self.succeed("--help").decode()
        for command in COMMANDS:
            self.assertIn(command, text)

    @each(**{command.replace("-", "_"): command for command in COMMANDS})
    def test_help_of(self, command):
        self.assertIn("Usage:", self.succeed(command, "--help").decode())

    def test_help_of_the_drop_in_lists_the_flags_of_aws(self):
        text = self.succeed("credential-process", "--help-all").decode()
        for flag in (
            "certificate private-key intermediates cert-selector use-latest-expiring-certificate "
            "system-store-name pkcs11-lib reuse-pin tpm-key-password no-tpm-key-password "
            "pkcs8-password role-arn profile-arn trust-anchor-arn session-duration "
            "role-session-name region endpoint no-verify-ssl with-proxy debug"
        ).split():
            self.assertRegex(text, rf"--{flag}\b")

    def test_no_command(self):
        self.fail_with(program.USAGE, "a command is missing", "cache", hint="--help")

    def test_an_unknown_command(self):
        self.fail_with(program.USAGE, "credential-proces", "credential-proces", hint="--help")

    def test_an_unknown_flag(self):
        self.fail_with(program.USAGE, "--no-such", "credential-process", "--no-such")

    def test_a_flag_without_its_value(self):
        self.fail_with(program.USAGE, "--certificate", "credential-process", "--certificate")

    def test_a_number_that_is_none(self):
        self.fail_with(program.USAGE, "--timeout", *"credential-process --timeout soon".split())


if __name__ == "__main__":
    unittest.main()
