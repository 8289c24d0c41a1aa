#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The standard error: levels, JSON, priorities for the journal, and a record of each mint.

A file plays the journal: its device and inode are in JOURNAL_STREAM, as systemd sets it.
"""

import datetime
import json
import os
import re
import signal
import subprocess
import time
import unittest

from support import documents, facts, openssl, program
from support.cases import each, expand
from support.processes import ENDING_WITH_PARENT, run_tool
from support.serve import Server, wait_until
from support.system_test import MintTest

SHAPES = json.loads(
    (documents.SOURCE / "tests" / "system" / "program" / "stable_shapes.json").read_text()
)
MEMBERS = {name.rstrip("?") for name in SHAPES["outputs"]["--log-format json"]}
SECRET = "phrase-31415926"
_PRIORITY = re.compile(r"<(\d)>(.*)")


class LogTest(MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    def encrypted(self):
        """web.key under a passphrase."""
        passphrase = f"pass:{self.secret(SECRET)}"
        pem = (self.folder / "web.key").read_bytes()
        return openssl.rewrite(pem, "pkcs8", "-topk8", "-passout", passphrase)

    def json_of(self, *arguments, **more):
        """The one object that a failing command writes."""
        run = self.run_program(*arguments, **more)
        self.assertNotEqual(run.status, program.SUCCESS, str(run))
        (line,) = run.stderr.splitlines()
        found = json.loads(line)
        age = time.time() - datetime.datetime.fromisoformat(found["time"]).timestamp()
        self.assertLess(abs(age), 60)
        self.assertEqual(found["level"], "error")
        self.assertLessEqual(set(found), MEMBERS)
        self.assertEqual(facts.of("error codes")[found["code"]], run.status, str(run))
        return found

    def same_in_text(self, found, *arguments, **more):
        """The text is that of the object."""
        lines = [f"credmint: {found['message']}\n"]
        lines += [f"hint: {found['hint']}\n"] if "hint" in found else []
        self.assertEqual(self.run_program(*arguments, **more).stderr, "".join(lines))


@expand
class Errors(LogTest):
    CASES = {
        "unknown_option": (("serve", "--zebra"), "Usage"),
        "unknown_command": (("zebra",), "Usage"),
        "no_configuration": (("credential-process",), "Usage"),
        "missing_key": (("sign-string", "--private-key", "absent.key"), "LocalIo"),
        "malformed_uri": (("sign-string", "--private-key", "pkcs11:nonsense"), "Malformed"),
        "missing_pin": (
            ("sign-string", "--private-key", "web.key", "--passin", "env:NONE"), "PinRequired"
        ),
    }

    @each(**CASES)
    def test_are_json(self, case):
        arguments, code = case
        if code == "Malformed":
            program.need_back_end("pkcs11")
        if code == "PinRequired":
            self.write("web.key", self.encrypted())
        before = arguments[0] == "zebra"
        flag = ("--log-format", "json")
        found = self.json_of(*(flag + arguments if before else arguments + flag))
        self.assertEqual(found["code"], code)
        if not before:
            self.same_in_text(found, *arguments)

    def test_of_the_service(self):
        self.start_own_service(fail=["403:AccessDeniedException:no \"way\"\\ \u001b[31m"])
        found = self.json_of(*self.arguments(*self.identity), "--log-format=json")
        self.assertEqual(found["code"], "ServiceRefused")
        self.assertIn('no "way"\\ ?[31m', found["message"])
        self.assertRegex(found["requestId"], r"\A[0-9a-f-]{36}\Z")

    def test_by_the_setting(self):
        self.write("c.toml", 'log-format = "json"\n[identity.x]\ncertificate = "absent.pem"\n'
                   "[role.web]\n" + "".join(
                       f'{name[2:]} = "{value}"\n' for name, value in self.session_flags()), 0o644)
        found = self.json_of("credential-process", "--config", "c.toml")
        self.assertIn("absent.pem", found["message"])

    def session_flags(self):
        flags = self.arguments()[1:]
        return zip(flags[::2], flags[1::2])

    def test_codes_are_those_of_the_document(self):
        rows = documents.rows(documents.read("reference/exit-statuses.md"), "code")
        said = {documents.code(row.cells[0]): int(row.cells[1]) for row in rows}
        self.assertEqual(said, facts.of("error codes"))
        self.assertEqual(sorted(said), SHAPES["error codes"])


@expand
class UnreadableSecrets(LogTest):
    """They are of one class, wherever the secret should be."""

    def setUp(self):
        super().setUp()
        self.write("web.key", self.encrypted())
        self.write("open", SECRET, 0o644)
        self.write("empty", "")

    @each(
        missing_file=("file:./absent", "SecretUnreadable"),
        open_file=("file:open", "SecretUnreadable"),
        empty_file=("file:empty", "SecretUnreadable"),
        folder=("file:/tmp", "SecretUnreadable"),
        empty_stream=("stdin", "SecretUnreadable"),
        variable=("env:NONE", "PinRequired"),
        descriptor=("fd:77", "PinRequired"),
        credential=("cred:none", "PinRequired"),
    )
    def test_of(self, case):
        source, code = case
        found = self.json_of(*self.arguments(*self.identity), "--passin", source, "--log-format", "json")
        self.assertEqual(found["code"], code)
        self.assertEqual(facts.of("error codes")[code], program.KEY)

    def test_update_ends_for_what_stays_and_its_unit_does_not_start_it_again(self):
        unit = (documents.SOURCE / "systemd" / "credmint-update@.service.in").read_text()
        (statuses,) = re.findall(r"^RestartPreventExitStatus=(.*)$", unit, re.MULTILINE)
        run = self.run_program("update", *self.arguments(*self.identity)[1:], "--passin", "cred:none")
        self.assertIn(str(run.status), statuses.split(), str(run))

    def test_update_waits_for_a_file(self):
        started = program.start(
            ("update", *self.arguments(*self.identity)[1:], "--passin", "file:./pin"), self.folder
        )
        self.addCleanup(started.process.kill)
        self.assertIn(b"cannot read ./pin", started.process.stderr.readline())
        self.write("pin", SECRET)
        wait_until((self.folder / ".aws" / "credentials").exists)
        started.process.send_signal(signal.SIGTERM)
        run = started.finish()
        self.assertEqual((run.status, run.stderr), (0, "credmint: there are new credentials in the file\n"))

    def test_serve_waits_for_a_file(self):
        flags = (*self.arguments(*self.identity)[1:], "--passin", "file:./pin")
        server = Server(self, "--port", "0", "--status-port", "0", "--token-file", "token", *flags)
        reason = "demo: KeyUnusable (no PIN, waits for its file)\n"
        wait_until(lambda: server.health() == (503, reason))
        self.write("pin", SECRET)
        wait_until(lambda: server.health() == (200, "ok\n"))


class Journal(LogTest):
    """serve and update with a file as stderr, which the environment may call the journal."""

    def setUp(self):
        super().setUp()
        self.log = self.folder / "journal"
        self.start_own_service()

    def run_until(self, condition, command, *flags, is_journal=True):
        """Runs the command until the condition holds; returns the lines of its stderr."""
        if command == "serve":
            program.need_server()
        with open(self.log, "wb") as stderr:
            status = os.fstat(stderr.fileno())
            stream = f"{status.st_dev}:{status.st_ino}"
            if not is_journal:
                stream = f"{status.st_dev}:{status.st_ino + 1}"
            env = program.environment(self.folder, {"JOURNAL_STREAM": stream})
            process = subprocess.Popen(
                [*ENDING_WITH_PARENT, program.path(), command, *self.flags(command), *flags],
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: condition() or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        process.wait(program.TIME_LIMIT_SECONDS)
        return self.log.read_text().splitlines()

    def flags(self, command):
        flags = self.arguments(*self.identity)[1:]
        return (*flags, "--port", "0", "--token-file", "token") if command == "serve" else flags

    def lines(self, count):
        return lambda: len(self.log.read_text().splitlines()) >= count

    def minted(self):
        return any(record["reason"] == "accepted" for record in self.service.requests())

    def written(self):
        """It has minted, and has had the time to say so."""
        return self.minted() and (time.sleep(0.3) or True)

    def serial(self):
        printed = run_tool(openssl.OPENSSL, "x509", "-in", self.folder / "web.pem", "-noout", "-serial").decode()
        return printed.strip().removeprefix("serial=")

    def test_has_a_record_of_each_mint(self):
        for command in ("serve", "update"):
            (line,) = self.run_until(self.lines(1), command)
            priority, text = _PRIORITY.fullmatch(line).groups()
            self.assertEqual(priority, "6")
            record = self.last_request()
            self.assertRegex(text, r"\Acredmint: role demo: new credentials ")
            self.assertIn(record["access_key_id"], text)
            self.assertTrue(text.endswith(f"by the certificate with serial {self.serial()}"), text)

    def test_has_records_in_json(self):
        (line,) = self.run_until(self.lines(1), "serve", "--log-format", "json")
        priority, text = _PRIORITY.fullmatch(line).groups()
        found = json.loads(text)
        self.assertEqual(priority, "6")
        self.assertEqual((found["level"], found["role"]), ("info", "demo"))
        self.assertEqual(set(found), MEMBERS - {"code", "hint", "requestId"})
        self.assertEqual(found["certificateSerial"], self.serial())
        self.assertEqual(found["accessKeyId"], self.last_request()["access_key_id"])
        left = datetime.datetime.fromisoformat(found["expiration"]).timestamp() - time.time()
        self.assertTrue(3500 < left <= 3600, found)

    def test_records_can_be_left_out(self):
        for command in ("serve", "update"):
            lines = self.run_until(self.written, command, "--log-level", "notice")
            self.assertEqual(lines, [])

    def test_another_stderr_has_no_records_and_no_priorities(self):
        for command in ("serve", "update"):
            self.assertEqual(self.run_until(self.written, command, is_journal=False), [])
        lines = self.run_until(self.lines(1), "serve", "--log-level", "info", is_journal=False)
        self.assertRegex(lines[0], r"\Acredmint: role demo: new credentials")

    def test_priorities(self):
        """A warning, a failure, a record, and the end of the failure."""
        key, later = self.folder / "web.key", self.folder / "later.key"
        key.rename(later)

        def repair():
            said = self.log.read_text()
            if "<3>" in said and later.exists():
                later.rename(key)
            return "<5>" in said

        lines = self.run_until(repair, "serve", "--no-verify-ssl")
        self.assertEqual([line[:3] for line in lines], ["<4>", "<3>", "<6>", "<5>"], lines)
        for line, part in zip(lines, ("warning: --no-verify", "web.key", "ASIA", "there are new")):
            self.assertIn(part, line)

    def test_every_line_has_a_priority(self):
        lines = self.run_until(self.written, "serve", "--debug")
        self.assertGreater(len(lines), 3)
        self.assertEqual({_PRIORITY.fullmatch(line)[1] for line in lines} - {"6"}, {"7"}, lines)

    def test_mistakes_in_the_configuration_have_priorities(self):
        self.write("c.toml", "colour = 1\n", 0o644)
        lines = self.run_until(self.lines(2), "serve", "--config", "c.toml")
        self.assertEqual([line[:3] for line in lines], ["<3>", "<3>"], lines)

    def test_commands_that_end_have_neither(self):
        lines = self.run_until(self.lines(0), "update", "--once")
        self.assertEqual(lines, [])


@expand
class Levels(LogTest):
    def test_a_success_is_silent_but_for_debug(self):
        for level in ("error", "warning", "notice", "info"):
            self.succeed(*self.arguments(*self.identity), "--log-level", level)
        run = self.run_program(*self.arguments(*self.identity), "--log-level", "debug")
        self.assertRegex(run.stderr, rf"(?m)^credmint: role demo: new credentials {self.last_request()['access_key_id']} ")
        short = self.run_program(*self.arguments(*self.identity), "--debug")
        self.assertEqual(len(short.stderr.splitlines()), len(run.stderr.splitlines()))

    @each(error=[], warning=["warning"], notice=["warning"])
    def test_leave_out_what_is_less_important(self, expected):
        level = self.id().rpartition("_")[2]
        self.start_own_service()
        flags = (*self.arguments(*self.identity)[1:], "--no-verify-ssl", "--log-level", level)
        started = program.start(("update", *flags), self.folder)
        self.addCleanup(started.process.kill)
        wait_until(self.service.requests)
        started.process.send_signal(signal.SIGTERM)
        run = started.finish()
        self.assertEqual(re.findall(r"credmint: (\w+): ", run.stderr), expected, str(run))

    def test_a_failure_is_always_written(self):
        self.fail_with(program.LOCAL_IO, "absent", "sign-string", "--private-key", "absent.key", "--log-level", "error")

    def test_unknown_one(self):
        known = ", ".join(SHAPES["levels"])
        message = f"--log-level: it is not one of {known}"
        self.fail_with(program.USAGE, message, "serve", "--log-level", "all")


if __name__ == "__main__":
    unittest.main()
