#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Messages for invalid command lines, and the help."""

import json
import re
import unittest

from support import pki, program
from support.cases import each, expand
from support.system_test import MintTest, SystemTest

SECRET = "hunter2-3917"
COMMANDS = (
    "credential-process exec serve update sign-string read-certificate-data list doctor config cache version"
).split()


class UsageTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.secret(SECRET)

    def refuse(self, message, *arguments, hint=None):
        result = self.fail_with(program.USAGE, message, *arguments, hint=hint)
        return result.stderr.splitlines()[0].removeprefix("credmint: ")


@expand
class UnknownOptions(UsageTest):
    @each(
        joined=(f"--pkcs8-pasword={SECRET}",),
        apart=("--pkcs8-pasword", SECRET),
        with_one_dash=("-pkcs8-password", SECRET),
    )
    def test_misspelt(self, arguments):
        for command in ("credential-process", "serve", "update", "sign-string"):
            name = arguments[0].partition("=")[0]
            said = self.refuse(name, command, *arguments, hint="did you mean --pkcs8-password?")
            self.assertEqual(said, f"{command} has no option {name}")

    def test_of_a_tpm_key(self):
        self.refuse(
            "credential-process has no option --tpm-key-pasword",
            *("credential-process", "--tpm-key-pasword", SECRET),
            hint="did you mean --tpm-key-password?",
        )

    def test_in_the_order_given(self):
        said = self.refuse(
            "",
            *("serve", "--zebra", SECRET, "--role-arm", "x", f"--apple={SECRET}"),
            hint="did you mean --role-arn?",
        )
        self.assertEqual(said, "serve has no options --zebra, --role-arm, --apple")

    def test_that_nothing_is_close_to(self):
        self.refuse("list has no option --zebra", "list", "--zebra", hint="credmint list --help")

    def test_of_another_command(self):
        self.refuse("list has no option --role-arn", "list", "--role-arn", SECRET)

    def test_before_the_command(self):
        hint = "put options after the command: credmint list --passin"
        said = self.refuse("", f"--passin={SECRET}", "list", hint=hint)
        self.assertEqual(said, "credmint has no option --passin")

    def test_beside_a_good_one_with_a_bad_value(self):
        self.refuse("serve has no option --prot", "serve", "--port", SECRET, "--prot", "1")

    @each(
        one_dash=f"-x{SECRET}",
        other_characters=f"--{SECRET}!",
        long="--" + SECRET * 5,
        three_dashes=f"---{SECRET}",
    )
    def test_what_is_no_name_is_not_repeated(self, argument):
        said = self.refuse("", "credential-process", argument)
        self.assertEqual(said, "unexpected argument")


@expand
class Arguments(UsageTest):
    @each(*COMMANDS)
    def test_stray(self, command):
        before = {"list": ["pkcs11:"], "cache": ["list"], "config": ["check", "c.toml"]}
        arguments = before.get(command, [])
        self.refuse("unexpected argument", command, *arguments, SECRET)
        self.refuse("3 unexpected arguments", command, *arguments, SECRET, SECRET, SECRET)

    def test_stray_beside_an_unknown_option(self):
        said = self.refuse("", "serve", "--zebra", SECRET, SECRET)
        self.assertEqual(said, "serve has no option --zebra; unexpected argument")

    def test_behind_two_dashes(self):
        self.refuse("unexpected argument", "serve", "--", f"--{SECRET}")

    @each(
        timeout="--timeout",
        port="--port",
        duration="--session-duration",
        hops="--hop-limit",
        log="--log-format",
    )
    def test_a_value_that_is_refused(self, option):
        self.refuse(f"{option}: it is no", "serve", option, SECRET)
        self.refuse(f"{option}: it is no", "serve", f"{option}={SECRET}")

    def test_a_flag_with_a_value(self):
        self.refuse("--debug: it takes no value", "serve", f"--debug={SECRET}")

    def test_a_value_that_is_missing(self):
        self.refuse("--passin: its value is missing", "serve", "--port", "1", "--passin")

    def test_options_that_exclude_each_other(self):
        self.refuse("excludes", "list", "--tpm", f"pkcs11:token={SECRET}")


class Commands(UsageTest):
    def test_that_these_tests_know(self):
        listed = self.succeed("--help").decode().partition("Subcommands:")[2]
        self.assertEqual(sorted(re.findall(r"^  (\S+)", listed, re.MULTILINE)), sorted(COMMANDS))

    def test_unknown_one_that_is_close(self):
        self.refuse(
            "there is no command 'credential-proces'",
            *("credential-proces", "--passin", SECRET),
            hint="did you mean credential-process?",
        )
        self.refuse("there is no command 'lst'", "lst", hint="did you mean list?")
        self.refuse("there is no command 'clean'", "cache", "clean", hint="did you mean clear?")

    def test_unknown_one_that_is_not(self):
        for arguments in ((SECRET,), (SECRET, "list"), ("cache", SECRET), ("help", SECRET)):
            said = self.refuse("", *arguments, hint="--help lists the commands")
            self.assertEqual(said, "there is no such command")

    def test_none(self):
        result = self.run_program()
        self.assertEqual((result.status, result.stdout), (program.USAGE, b""))
        self.assertIn("Usage:", result.stderr)
        for command in COMMANDS:
            self.assertRegex(result.stderr, rf"(?m)^  {command} ")
        self.assertLess(len(result.stderr.splitlines()), 25)


@expand
class Help(SystemTest):
    def test_of_the_program(self):
        printed = self.succeed("--help")
        self.assertIn(b"Usage:", printed)
        self.assertEqual(self.succeed("help"), printed)
        self.assertEqual(self.succeed("-h"), printed)

    @each(*COMMANDS)
    def test_of(self, command):
        printed = self.succeed(command, "--help")
        self.assertIn(b"Usage:", printed)
        self.assertEqual(self.succeed("help", command), printed)

    def test_of_a_part_of_a_command(self):
        self.assertEqual(self.succeed("help", "cache", "list"), self.succeed("cache", "list", "--help"))

    def test_version(self):
        printed = self.succeed("version")
        self.assertEqual(self.succeed("--version"), printed)
        self.assertEqual(self.succeed("-V"), printed)


@expand
class GivenTwice(MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()
        self.secret(SECRET)

    def test_the_last_value_counts(self):
        self.write("other.pem", pki.pem(self.root.certificate))
        before = ("--certificate", "other.pem", "--session-duration", "900", "--timeout", "1")
        before += ("--region", "eu-west-1", "--passin", "file:absent")
        after = (*self.identity, "--session-duration", "1800", "--timeout", "30")
        after += ("--region", "us-east-1", "--passin", "stdin")
        self.mint_with_records(*before, *after)
        self.assertEqual(json.loads(self.last_request()["body"])["durationSeconds"], 1800)

    def test_the_last_value_counts_over_the_configuration(self):
        self.write("c.toml", "[role.web]\nsession-duration = 1000\n")
        flags = ("--config", "c.toml", "--session-duration", "1100", "--session-duration", "1200")
        self.mint_with_records(*self.identity, *flags)
        self.assertEqual(json.loads(self.last_request()["body"])["durationSeconds"], 1200)

    @each("--pkcs8-password", "--tpm-key-password")
    def test_two_different_secrets(self, option):
        self.mint_fails_locally(
            program.USAGE,
            f"{option} is given more than once, with different values",
            *(*self.identity, option, "one-" + SECRET, option, SECRET),
        )

    @each("--passin", "--context-passin", "--policy-passin")
    def test_two_different_secrets_by(self, option):
        self.mint_fails_locally(
            program.USAGE,
            f"{option} is given more than once, with different values",
            *(*self.identity, option, f"pass:{SECRET}", option, "env:PIN"),
        )

    def test_the_same_secret_twice(self):
        self.mint(*self.identity, *("--pkcs8-password", SECRET) * 2)

    def test_what_may_be_given_several_times_is_kept_whole(self):
        self.mint_fails_locally(
            program.USAGE,
            "no-such-provider",
            *(*self.identity, "--provider", "no-such-provider", "--provider", "default"),
        )


if __name__ == "__main__":
    unittest.main()
