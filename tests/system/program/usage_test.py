#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Messages for invalid command lines, and the help."""

import concurrent.futures
import fcntl
import json
import os
import re
import struct
import termios
import unittest

from support import help_text, pki, program
from support.cases import each, expand
from support.system_test import MintTest, SystemTest

SECRET = "hunter2-3917"
COMMANDS = (
    "credential-process exec serve update sign-string read-certificate-data list token key csr import-certificate renew init doctor config cache version"
).split()


MINTING = ("credential-process", "exec", "serve", "update")
EVERY_COMMAND = [(), *((command,) for command in COMMANDS), ("cache", "list"), ("cache", "clear")]


def read_to_the_end(screen):
    """All that a terminal shows until the last program leaves it."""
    shown = b""
    try:
        while part := screen.read(4096):
            shown += part
    except OSError:  # as Linux says that
        pass
    return shown


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
        before = {
            "list": ["pkcs11:"],
            "cache": ["list"],
            "config": ["check", "c.toml"],
            "key": ["create", "pkcs11:"],
            "token": ["init", "pkcs11:"],
        }
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

    @each(timeout="--timeout", key_timeout="--key-timeout", duration="--session-duration")
    def test_a_wrong_unit(self, option):
        for value in ("1w", "30min", "1h 5m", "5m1h", SECRET):
            self.refuse(f"{option}: it is no", "serve", option, value, hint="90m or 1h30m")

    @each(**{"timeout": ("--timeout", "11m"), "key-timeout": ("--key-timeout", "1h1s")})
    def test_a_duration_beyond_its_range(self, case):
        self.refuse("it is not a number of seconds from", "serve", *case, hint="serve --help")

    def test_a_flag_with_a_value(self):
        self.refuse("--debug: it takes no value", "serve", f"--debug={SECRET}")

    def test_a_value_that_is_missing(self):
        self.refuse("--passin: its value is missing", "serve", "--port", "1", "--passin")

    def test_options_that_exclude_each_other(self):
        self.refuse("excludes", "list", "--tpm", f"pkcs11:token={SECRET}")


class Commands(UsageTest):
    def test_that_these_tests_know(self):
        self.assertEqual(sorted(help_text.commands()), sorted(COMMANDS))

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
        self.assertLess(len(result.stderr.splitlines()), 36)


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

    def test_shows_nothing_of_the_library(self):
        for command in EVERY_COMMAND:
            for name, item in help_text.options(*command).items():
                if "password" not in name:  # they take any text
                    self.assertNotRegex(item.value or "", r"TEXT|INT|FLOAT|\[", name)
            text = help_text.shown(*command)
            self.assertNotRegex(text, r"(?i)excludes|needs:|\bSUBCOMMAND|Positionals")

    def test_begins_with_what_to_type(self):
        for command in EVERY_COMMAND:
            first, *more = help_text.shown(*command, flag="--help").splitlines()
            typed = " ".join(("credmint", *command))
            self.assertRegex(first, rf"\AUsage: {typed}\b")
            example = more[more.index("Example:") + 1]
            self.assertRegex(example, rf"\A  {typed}\b" if command else r"\A  credmint \w")

    def test_says_what_is_required(self):
        for command in (*MINTING, "sign-string", "read-certificate-data"):
            shown = help_text.shown(command, flag="--help")
            required = re.search(r"\nRequired: ((?:.+\n)+)\n", shown)[1]
            result = self.run_program(command, *(("--", "true") if command == "exec" else ()))
            self.assertEqual(result.status, program.USAGE, str(result))
            missing = set(re.findall(r"--[\w-]+", result.stderr)) - {"--config"}
            self.assertEqual(missing, set(re.findall(r"--[\w-]+", required)), command)

    def test_has_groups_in_order(self):
        groups = ["Identity", "Session", "Service", "TPM", "General", "Advanced"]
        for command in MINTING:
            shown = list(help_text.sections(help_text.shown(command)))
            self.assertEqual([name for name in shown if name in groups], groups)
            first, second, *_ = help_text.sections(help_text.shown(command))["Identity"]
            self.assertEqual(first.names + second.names, ["--private-key", "--certificate"])

    def test_leaves_rare_options_to_another(self):
        for command in EVERY_COMMAND:
            usual = help_text.shown(*command, flag="--help")
            rare = help_text.sections(help_text.shown(*command)).pop("Advanced", [])
            options = help_text.options(*command, flag="--help")
            self.assertEqual(
                len(help_text.options(*command)), len(options) + len(rare), f"{command}: {rare}"
            )
            pointer = f"For more options: {' '.join(('credmint', *command))} --help-all\n"
            self.assertEqual(usual.endswith(pointer), bool(rare))

    def test_has_80_columns(self):
        for command in EVERY_COMMAND:
            text = help_text.shown(*command)
            self.assertLessEqual(max(map(len, text.splitlines())), 80, text)

    @each("60", "100", "200")
    def test_has_the_columns_of_the_terminal(self, columns):
        columns = int(columns)
        widest = max(len(line) for line in self.at_terminal(columns) if "credmint" not in line)
        self.assertLessEqual(widest, columns)
        self.assertGreater(widest, columns - 25)

    def at_terminal(self, columns):
        """The lines of a help on a terminal of this width, without those of the example."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with open(theirs, "wb") as terminal, open(ours, "rb", buffering=0) as screen:
            reader = concurrent.futures.ThreadPoolExecutor(1)
            shown = reader.submit(read_to_the_end, screen)
            self.run_program("list", "--help-all", stdout=terminal)
            terminal.close()
            return shown.result().decode().splitlines()

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
