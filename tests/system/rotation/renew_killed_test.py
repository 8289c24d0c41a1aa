#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 before each system call by which renew changes a file, and a run under load.

strace kills the program before the N-th call of a name, for each N until the run succeeds. After
each kill the identity mints, the next run finishes, and nothing is left over.
"""

import json
import os
import threading
import time
import unittest

from cryptography import x509

from support import pki, program
from support.cases import each, expand
from support.issuing import STATE, RenewTest
from support.serve import Server, wait_until
from support.strace import STRACE, need_strace

CALLS = ("rename", "renameat2", "unlink", "fchmod", "fsync", "write")
MOST = 60  # more calls of a name would be a surprise
NAMES = {"web.key", "web.pem", "ca.key", "ca.pem", "ca.srl", "leaf.ext"}


@expand
class Killed(RenewTest):
    def setUp(self):
        need_strace()
        super().setUp()

    def is_killed_before(self, call, number, *more):
        """Runs; returns whether there was such a call, and so a kill."""
        run = program.Started(
            (
                *(STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={call}"),
                *("-e", f"inject={call}:signal=KILL:when={number}"),
                *(program.path(), *self.arguments_of(*more)),
            ),
            self.folder,
            self.env,
        ).finish()
        if run.status == program.SUCCESS:
            return False
        self.assertEqual((run.status, run.stderr), (-9, ""), str(run))
        return True

    def sweep(self, call, *more):
        """Returns the number of kills."""
        for number in range(1, MOST):
            self.put()
            killed = self.is_killed_before(call, number, *more)
            self.mint(*self.identity)
            if not killed:
                return number - 1
            self.finish_later(*more)
        self.fail(f"more than {MOST} calls of {call}")

    def finish_later(self, *more):
        for path in self.leftovers():  # as if ten minutes had passed
            os.utime(path, (0, 0))
        printed = self.renew(*more)
        self.assertRegex(printed, "renewed CN=web|not due until")
        self.mint(*self.identity)
        serial = self.last_request()["serial"]
        self.assertIn("not due until", self.renew(*more, command="exit 9"))
        self.mint(*self.identity)
        self.assertEqual(self.last_request()["serial"], serial)
        self.assertEqual({path.name for path in self.folder.iterdir() if path.is_file()}, NAMES)
        self.assertEqual([path.suffix for path in sorted(self.state().iterdir())], [".json", ".lock"])
        (state,) = self.states()
        self.assertFalse({"issued", "nextKey", "presentKey"} & set(json.loads(state)), state)

    def state(self):
        return self.folder / STATE

    def leftovers(self):
        return [path for path in self.folder.iterdir() if ".credmint-" in path.name]

    @each(*CALLS)
    def test_with_the_same_key(self, call):
        self.assertGreaterEqual(self.sweep(call), 0 if call in ("renameat2", "unlink") else 3)

    @each(*CALLS)
    def test_with_a_new_key(self, call):
        self.assertGreaterEqual(self.sweep(call, "--rekey"), 1 if call in ("renameat2", "unlink") else 4)


class UnderLoad(RenewTest):
    """A running serve uses the new certificate, and then the new key. No request fails."""

    LIFETIME_SECONDS = 4

    def test_renew_and_rekey(self):
        self.start_own_service(lifetime=self.LIFETIME_SECONDS)
        old = self.put(not_before=-pki.DAY, not_after=9 * pki.DAY)
        _, *flags = self.arguments(*self.identity)
        server = Server(self, "--port", "0", "--token-file", "token", *flags)
        answers, ended = [], threading.Event()

        def ask():
            while not ended.is_set():
                answers.append(server.container().status)
                time.sleep(0.005)

        clients = [threading.Thread(target=ask) for _ in range(4)]
        wait_until(self.service.requests)
        for client in clients:
            client.start()
        self.addCleanup(ended.set)
        serials = [str(old.serial_number)]
        for more in ((), ("--rekey",), ("--rekey", "--keep-old", "0"), ()):
            self.renewed("--force", *more) if "0" not in more else self.renew("--force", *more)
            serials.append(self.serial())
            wait_until(lambda: self.last_request()["serial"] == serials[-1])
        ended.set()
        for client in clients:
            client.join()
        run = server.end(15)
        self.assertEqual((run.status, run.stderr), (program.SUCCESS, ""), str(run))
        self.assertEqual(set(answers), {200})
        self.assertGreater(len(answers), 200)
        records = self.service.requests()
        self.assertEqual({record["reason"] for record in records}, {"accepted"})
        used = [record["serial"] for record in records]
        self.assertEqual(list(dict.fromkeys(used)), serials)

    def serial(self):
        pem = (self.folder / "web.pem").read_bytes()
        return str(x509.load_pem_x509_certificate(pem).serial_number)


if __name__ == "__main__":
    unittest.main()
