# SPDX-License-Identifier: Apache-2.0
"""Runs serve and update with one key and certificate, which a test renews while they run.

Their credentials are so short-lived that each program mints every second. They use different roles,
so the service's records show which program sent a request. The service verifies each signature
against the certificate in the request and records the result.
"""

import json
import os
import signal
import time

from support import pki, program
from support.serve import Server, wait_until
from support.system_test import MintTest

LIFETIME_SECONDS = 2
CLEAR_SECONDS = 0.5
MISMATCH = "certificate CN=new: the private key does not belong to it$"
IDENTITY = ("--certificate", "web.pem", "--private-key", "web.key")
ROLES = {name: f"arn:aws:iam::111122223333:role/{name}" for name in ("serve", "update")}


class RenewalTest(MintTest):
    PROGRAMS = ("serve", "update")

    def setUp(self):
        super().setUp()
        self.start_own_service(lifetime=LIFETIME_SECONDS)
        self.running = {}
        self.last_seen = {}

    def pair(self, name, kind="P256", **changes):
        """A new key and its certificate CN=NAME."""
        key = pki.make_key(kind)
        return key, self.root.issue(key.public_key(), name, **changes)

    def put(self, name, contents):
        """Replaces a file atomically."""
        self.write(f"{name}.new", contents)
        os.replace(self.folder / f"{name}.new", self.folder / name)

    def start(self, *identity):
        """Starts the programs; returns when each has minted."""
        _, *flags = self.arguments(*identity, "--role-arn", "ROLE")
        role = flags.index("ROLE")
        for name in self.PROGRAMS:
            flags[role] = ROLES[name]
            if name == "serve":
                self.server = Server(self, "--port", "0", "--token-file", "token", *flags)
                self.running[name] = self.server.started
            else:
                self.running[name] = program.start(("update", *flags), self.folder, self.env)
                self.addCleanup(self.running[name].process.kill)
        wait_until(lambda: all(self.look().values()))

    def reload(self):
        for started in self.running.values():
            started.process.send_signal(signal.SIGHUP)

    def serials(self, name):
        """The serial numbers of the certificates that a program minted with, in order."""
        return [
            int(record["serial"])
            for record in self.service.requests()
            if json.loads(record["body"])["roleArn"] == ROLES[name]
        ]

    def look(self):
        """The number of mints of each program. Records when a number has changed."""
        counts = {name: len(self.serials(name)) for name in self.PROGRAMS}
        for name, count in counts.items():
            if count != self.last_seen.get(name, (0, 0))[0]:
                self.last_seen[name] = count, time.monotonic()
        return counts

    def wait_for_mints(self, more):
        """Waits until each program has minted `more` times; returns the numbers before that."""
        before = self.look()
        wait_until(lambda: all(self.look()[name] >= before[name] + more for name in self.PROGRAMS))
        return before

    def wait_for_new_mints(self, mints):
        """Waits until each program has made `mints` mints that began after the call.

        Returns their serial numbers. The next mint is skipped, because it may already have begun,
        unless the last one was within CLEAR_SECONDS: mints are a second apart.
        """
        oldest = min(when for _, when in self.last_seen.values())
        unclear = int(time.monotonic() - oldest > CLEAR_SECONDS)
        before = self.wait_for_mints(unclear + mints)
        return {name: self.serials(name)[before[name] + unclear :] for name in self.PROGRAMS}

    def assert_uses(self, certificate, mints=1):
        """Checks that each mint that begins now uses the certificate."""
        for name, used in self.wait_for_new_mints(mints).items():
            self.assertEqual(set(used), {certificate.serial_number}, name)

    def assert_answers(self):
        self.assertEqual(self.server.container("serve").status, 200)

    def end(self, *reasons):
        """Ends the programs. Each must have logged these reasons (regular expressions) once each.

        It must have logged nothing else.
        """
        for name, lines in self.end_at_will().items():
            self.assertEqual(len(lines), len(reasons), (name, lines))
            for line, reason in zip(lines, reasons):
                self.assertRegex(line, reason, name)

    def end_at_will(self):
        """Ends the programs; returns the messages of each, without hints."""
        lines = {}
        for name in self.running:
            stderr = self.finish(name).stderr
            lines[name] = [line for line in stderr.splitlines() if line.startswith("credmint: ")]
        return lines

    def finish(self, name):
        """Ends one program; returns the Run. The service must have accepted every request."""
        self.running[name].process.send_signal(signal.SIGTERM)
        run = self.running[name].finish()
        self.assertEqual(run.status, program.SUCCESS, str(run))
        self.assertEqual({record["reason"] for record in self.service.requests()}, {"accepted"})
        return run


class FilesTest(RenewalTest):
    def put_pair(self, key, certificate):
        self.put("web.pem", pki.pem(certificate))
        self.put("web.key", pki.pkcs8_pem(key))

    def start_with(self, name="old", kind="P256", **changes):
        """Starts the programs with a new key and certificate; returns the certificate."""
        key, certificate = self.pair(name, kind, **changes)
        self.put_pair(key, certificate)
        self.start(*IDENTITY)
        return certificate


def stays(name, reason):
    """The message that the certificate CN=NAME stays in use, as a regular expression."""
    until = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    return f"^credmint: the certificate CN={name}, valid until {until}, stays in use: {reason}"
