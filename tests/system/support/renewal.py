# SPDX-License-Identifier: Apache-2.0
"""serve and update, running with one key and certificate that a test renews under them.

Their credentials live so short that each mints every second. They ask for roles of their own, so the
service's records tell which of them sent what; each record says whether the signature is that of the
certificate it came with, as the service has computed it anew.
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
        """A key and a certificate CN=NAME for it."""
        key = pki.make_key(kind)
        return key, self.root.issue(key.public_key(), name, **changes)

    def put(self, name, contents):
        """Replaces a file in one step."""
        self.write(f"{name}.new", contents)
        os.replace(self.folder / f"{name}.new", self.folder / name)

    def start(self, *identity):
        """Starts them; returns when each has minted."""
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
        """The serial numbers of the certificates that one minted with, in order."""
        return [
            int(record["serial"])
            for record in self.service.requests()
            if json.loads(record["body"])["roleArn"] == ROLES[name]
        ]

    def look(self):
        """How often each has minted; notes when that was."""
        counts = {name: len(self.serials(name)) for name in self.PROGRAMS}
        for name, count in counts.items():
            if count != self.last_seen.get(name, (0, 0))[0]:
                self.last_seen[name] = count, time.monotonic()
        return counts

    def wait_for_mints(self, more):
        """Until each has minted so many times more; returns how often each had before."""
        before = self.look()
        wait_until(lambda: all(self.look()[name] >= before[name] + more for name in self.PROGRAMS))
        return before

    def wait_for_new_mints(self, mints):
        """Until each has minted so often after what was done last.

        Returns the serial numbers of these mints. One that begins before belongs to them only if the
        last one is so short ago that the next, a second after it, cannot have begun.
        """
        oldest = min(when for _, when in self.last_seen.values())
        unclear = int(time.monotonic() - oldest > CLEAR_SECONDS)
        before = self.wait_for_mints(unclear + mints)
        return {name: self.serials(name)[before[name] + unclear :] for name in self.PROGRAMS}

    def assert_uses(self, certificate, mints=1):
        """Each mint that begins now is made with it."""
        for name, used in self.wait_for_new_mints(mints).items():
            self.assertEqual(set(used), {certificate.serial_number}, name)

    def assert_answers(self):
        self.assertEqual(self.server.container("serve").status, 200)

    def end(self, *reasons):
        """Ends them; each must have said these things (expressions), once and nothing else."""
        for name, lines in self.end_at_will().items():
            self.assertEqual(len(lines), len(reasons), (name, lines))
            for line, reason in zip(lines, reasons):
                self.assertRegex(line, reason, name)

    def end_at_will(self):
        """Ends them; returns what each has said, without hints."""
        lines = {}
        for name in self.running:
            stderr = self.finish(name).stderr
            lines[name] = [line for line in stderr.splitlines() if line.startswith("credmint: ")]
        return lines

    def finish(self, name):
        """Ends one, of which the service must have accepted all; returns the Run."""
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
        """Starts them with a new pair; returns its certificate."""
        key, certificate = self.pair(name, kind, **changes)
        self.put_pair(key, certificate)
        self.start(*IDENTITY)
        return certificate


def stays(name, reason):
    """What is said when the certificate CN=NAME stays in use."""
    until = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    return f"^credmint: the certificate CN={name}, valid until {until}, stays in use: {reason}"
