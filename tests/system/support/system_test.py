# SPDX-License-Identifier: Apache-2.0
"""The base of all system tests: runs the program in a folder of its own and checks each run.

* The status is one of the documented ones.
* A success writes nothing to stderr.
* A failure writes nothing to stdout, and one line or one line and a hint to stderr. Both are in
  docs/reference/errors.md.
* No secret is shown.
"""

import json
import os
import pathlib
import shutil
import tempfile
import unittest

from support import emulator, errors_page, pki, program

MEMBERS = {
    "Version",
    "AccessKeyId",
    "SecretAccessKey",
    "SessionToken",
    "Expiration",
    "AccountId",
}


def make_folder(owner):
    """A folder that is removed with `owner`, which is a test or (in setUpClass) a class of tests.

    Its name is short, because paths of Unix sockets have at most 107 bytes.
    """
    folder = tempfile.mkdtemp(prefix="cm-", dir="/tmp")
    cleanup = owner.addClassCleanup if isinstance(owner, type) else owner.addCleanup
    cleanup(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


def let_others_run_the_program(test):
    """Lets a test run a copy of the program that every user can execute."""
    copy = make_folder(test)
    copy.chmod(0o755)
    shutil.copy(program.path(), copy / "credmint")
    original = os.environ["CREDMINT"]
    os.environ["CREDMINT"] = str(copy / "credmint")
    test.addCleanup(os.environ.update, {"CREDMINT": original})


class SystemTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = make_folder(self)
        self.env = {}
        self.secrets = set()

    def write(self, name, contents, mode=0o600):
        """Writes a file into the folder where the program runs."""
        path = self.folder / name
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        path.chmod(mode)
        return path

    def secret(self, text):
        """Registers a text that no run may show."""
        self.secrets.add(text)
        return text

    def run_program(self, *arguments, env=None, **more):
        result = program.run(arguments, self.folder, {**self.env, **(env or {})}, **more)
        self.assertIn(result.status, range(10), f"crashed\n{result}")
        for secret in self.secrets:
            self.assertNotIn(secret, result.stderr, f"shows a secret\n{result}")
        return result

    def succeed(self, *arguments, **more):
        """Runs the program, which must succeed and write nothing to stderr; returns its stdout."""
        result = self.run_program(*arguments, **more)
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        return result.stdout

    def fail_with(self, status, message, *arguments, hint=None, **more):
        """Runs the program, which must fail with this status and a line that contains `message`.

        `message` and `hint` are strings or compiled regular expressions.
        """
        result = self.run_program(*arguments, **more)
        self.check_failure(result, status, message, hint)
        return result

    def check_failure(self, result, status, message, hint=None):
        lines = result.stderr.splitlines()
        self.assertEqual((result.status, result.stdout), (status, b""), str(result))
        self.assertRegex(result.stderr, r"\Acredmint: \S.*\n(hint: \S.*\n)?\Z", str(result))
        self.assert_holds(lines[0], message, result)
        texts = [line.partition(": ")[2] for line in (*lines, "")][:2]
        self.assertEqual(errors_page.why_unlisted(status, *texts), "", str(result))
        if hint is not None:
            self.assertEqual(len(lines), 2, f"no hint\n{result}")
            self.assert_holds(lines[1], hint, result)

    def assert_holds(self, line, expected, result):
        if isinstance(expected, str):
            self.assertIn(expected, line, str(result))
        else:
            self.assertRegex(line, expected, str(result))


class MintTest(SystemTest):
    """Tests with a service that all tests of a class share, and a CA that it trusts."""

    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()
        cls.service = cls.start_service()

    @classmethod
    def start_service(cls, *anchors, **options):
        service = emulator.Emulator(*(anchors or [cls.root.certificate]), **options)
        cls.addClassCleanup(service.stop)
        return service

    def start_own_service(self, *anchors, **options):
        """Starts a service for this test alone, which the test's later runs use."""
        service = emulator.Emulator(*(anchors or [self.root.certificate]), **options)
        self.addCleanup(service.stop)
        self.service = service
        return service

    def arguments(self, *flags):
        """A command line for credential-process; `flags` override the defaults."""
        defaults = ("--endpoint", self.service.url, *emulator.SESSION_FLAGS)
        pairs = list(zip(defaults[::2], defaults[1::2]))
        kept = [part for pair in pairs if pair[0] not in flags for part in pair]
        return ("credential-process", *flags, *kept)

    def write_identity(self, key=None, certificate=None):
        """Writes web.key and its certificate web.pem; returns the flags that name them."""
        key = key or pki.make_key()
        certificate = certificate or self.root.issue(key.public_key())
        self.write("web.key", pki.pkcs8_pem(key))
        self.write("web.pem", pki.pem(certificate))
        return ("--certificate", "web.pem", "--private-key", "web.key")

    def mint(self, *flags, **more):
        """Mints, which must succeed with one request without warnings; returns the JSON output."""
        minted, records = self.mint_with_records(*flags, **more)
        self.assertEqual(len(records), 1, records)
        self.assertEqual(records[0]["reason"], "accepted")
        self.assertEqual(records[0]["chain_notes"], [])
        return minted

    def mint_with_records(self, *flags, **more):
        """Mints, which must succeed; returns the JSON output and the records of its requests."""
        earlier = len(self.service.requests())
        stdout = self.succeed(*self.arguments(*flags), **more)
        records = self.service.requests()[earlier:]
        minted = json.loads(stdout)
        self.assertEqual(set(minted), MEMBERS)
        self.assertEqual(minted["AccessKeyId"], records[-1]["access_key_id"])
        return minted, records

    def last_request(self):
        return self.service.requests()[-1]

    def mint_fails(self, status, message, *flags, hint=None, **more):
        """Mints, which must fail; see fail_with."""
        return self.fail_with(status, message, *self.arguments(*flags), hint=hint, **more)

    def mint_fails_locally(self, status, message, *flags, hint=None, **more):
        """Mints, which must fail before anything is sent."""
        earlier = len(self.service.requests())
        result = self.mint_fails(status, message, *flags, hint=hint, **more)
        self.assertEqual(len(self.service.requests()), earlier, "a request was sent")
        return result
