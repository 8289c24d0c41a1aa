#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""renew --watch: it renews in time, tries again, ends when told, and tells a service manager."""

import re
import signal
import time
import unittest

from support import pki, program
from support.issuing import RenewTest
from support.manager import Manager
from support.serve import wait_until
from support.system_test import make_folder

SECRET = "secret-27182818"


class Watch(RenewTest):
    def watch(self, *more, command=None):
        """Starts the program; returns a function that ends it by SIGTERM, with the Run."""
        self.manager = Manager(self, make_folder(self))
        started = program.start(
            self.arguments_of("--watch", *more, command=command),
            self.folder,
            {**self.env, **self.manager.env},
        )
        self.addCleanup(started.process.kill)
        self.watching = started.process

        def end():
            started.process.send_signal(signal.SIGTERM)
            run = started.finish()
            self.assertEqual((run.status, run.stdout), (program.SUCCESS, b""), str(run))
            return run

        return end

    def log(self):
        """A command that signs, and counts how often."""
        return f"echo x >> asked; {self.sign()}"

    def asked(self):
        path = self.folder / "asked"
        return len(path.read_text().split()) if path.exists() else 0

    def test_it_is_ready_and_sleeps(self):
        self.put(not_before=-pki.DAY, not_after=9 * pki.DAY)
        end = self.watch(command=self.log())
        self.assertEqual(self.manager.next(), "READY=1")
        self.assertIn("not due until", self.manager.status)
        run = end()
        self.assertEqual(self.asked(), 0)
        self.assertRegex(run.stderr, r"\Acredmint: not due until \S+: CN=web, valid until \S+\n\Z")

    def test_it_renews_when_it_is_due(self):
        """Due three seconds after the start, and then not for days."""
        soon = 3 * pki.DAY / 86400
        self.put(not_before=2 * (soon - pki.DAY) + soon, not_after=pki.DAY)
        end = self.watch(command=self.log())
        self.assertEqual((self.manager.next(), self.asked()), ("READY=1", 0))
        self.manager.wait_for_status(lambda status: "the next renewal is due" in status)
        self.mint(*self.identity)
        run = end()
        self.assertEqual(self.asked(), 1)
        self.assertRegex(
            run.stderr,
            r"\Acredmint: not due until .*\n"
            r"credmint: renewed CN=web, .*\ncredmint: the next renewal is due at \S+\n\Z",
        )

    def test_sighup_tries_again_after_a_failure(self):
        self.put()
        end = self.watch(command=f"test -e go && {self.sign()}")
        self.manager.wait_for_status(lambda status: status.endswith("is tried again"))
        self.write("go", "")
        self.watching.send_signal(signal.SIGHUP)
        self.manager.wait_for_status(lambda status: "the next renewal is due" in status)
        run = end()
        self.assertIn("the command ended with status 1", run.stderr)
        self.assertIn("credmint: renewed CN=web", run.stderr)

    def test_a_refused_secret_waits_for_sighup(self):
        self.put()
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, SECRET))
        self.write("pass", "wrong")
        end = self.watch("--passin", "file:pass")
        self.manager.wait_for_status(lambda status: status.endswith("waits for SIGHUP"))
        self.write("pass", self.secret(SECRET))
        time.sleep(1.5)
        self.assertNotIn("due at", self.manager.status)
        self.watching.send_signal(signal.SIGHUP)
        self.manager.wait_for_status(lambda status: "the next renewal is due" in status)
        end()

    def test_it_ends_while_the_command_runs(self):
        self.put()
        end = self.watch(command=f"touch running; sleep 1; {self.sign()}")
        wait_until((self.folder / "running").exists)
        end()
        self.assertIn("not due until", self.renew(command="exit 9"))

    def test_a_mistake_ends_it(self):
        self.put()
        result = self.run_program(*self.arguments_of("--watch", "--before", "9d"))
        self.assertEqual(result.status, program.USAGE)
        self.assertTrue(re.search("more than half", result.stderr))

    def test_another_run_renews_meanwhile(self):
        """The lock is free while it sleeps."""
        self.put(not_before=-pki.DAY, not_after=9 * pki.DAY)
        end = self.watch(command="exit 9")
        self.assertEqual(self.manager.next(), "READY=1")
        self.renewed("--force")
        end()


if __name__ == "__main__":
    unittest.main()
