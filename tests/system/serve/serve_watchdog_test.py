#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credmint serve under a service manager with a watchdog: it sends pings as long as it works, and
stops when a thread is stuck."""

import os
import signal
import subprocess
import time
import unittest

from support import misbehaving, pki, program, token
from support.processes import die_with_parent
from support.manager import Manager
from support.serve import Server, wait_until
from support.stopped_thread import stopped
from support.system_test import MintTest

INTERVAL_SECONDS = 1
PING = "WATCHDOG=1"


class WatchdogTest(MintTest):
    def setUp(self):
        program.need_server()
        super().setUp()
        self.manager = Manager(self, self.folder)
        self.env = {**self.manager.env, "WATCHDOG_USEC": str(INTERVAL_SECONDS * 1000000)}

    def serve(self, *identity, env=None):
        more = ("--port", "0", "--token-file", "token", "--timeout", "1", *self.arguments()[1:])
        return Server(self, *(identity or self.write_identity()), *more, env=env)

    def wait_for_silence(self, seconds):
        """Waits at most `seconds` until no ping comes for two intervals. READY may still come."""
        deadline = time.monotonic() + seconds
        while PING in self.manager.heard(2 * INTERVAL_SECONDS):
            self.assertLess(time.monotonic(), deadline)

    def test_pings_come_twice_an_interval(self):
        server = self.serve()
        messages = self.manager.heard(4 * INTERVAL_SECONDS)
        self.assertEqual(messages.count("READY=1"), 1)
        self.assertEqual(set(messages), {"READY=1", PING})
        self.assertIn(len(messages), range(6, 10))
        server.end(signal.SIGTERM)
        self.assertEqual(self.manager.heard(1)[-1], "STOPPING=1")

    def test_pings_come_while_the_service_is_unreachable(self):
        """A restart would not help, so pings continue."""
        self.start_own_service(fail=["stall:60x100"])
        self.serve()
        self.assertGreaterEqual(self.manager.heard(4).count(PING), 5)

    def test_pings_stop_with_the_thread_that_answers(self):
        server = self.serve()
        self.assertIn(PING, self.manager.heard(2))
        with stopped(server.process.pid, "http"):
            self.wait_for_silence(10)
        wait_until(lambda: PING in self.manager.heard(1))
        self.assertEqual(server.container().status, 200)

    def test_pings_stop_with_a_token_that_does_not_come_back(self):
        made = token.Token(self.folder / "t")
        certificate = self.root.issue(made.generate("EC:prime256v1"))
        self.write("web.pem", pki.pem(certificate))
        self.serve(
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test;object=web"),
            *("--pkcs11-lib", misbehaving.module(), "--passin", f"pass:{token.PIN}"),
            *("--key-timeout", "0"),
            env=misbehaving.environment(made.env, "slow=600000"),
        )
        self.assertGreater(self.manager.heard(15).count(PING), 20)
        self.wait_for_silence(20)

    def test_no_pings_where_nobody_wants_them(self):
        for env in ({"WATCHDOG_USEC": ""}, {"WATCHDOG_PID": str(os.getpid())}):
            self.serve(env=env)
            self.assertEqual(self.manager.heard(1.2), ["READY=1"])

    def test_pings_come_if_the_manager_names_the_process(self):
        script = 'WATCHDOG_PID=$$ exec "$@"'
        arguments = (*self.write_identity(), "--port", "0", *self.arguments()[1:])
        process = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", program.path(), "serve", *map(str, arguments)],
            cwd=self.folder,
            env=program.environment(self.folder, self.env),
            stdout=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: PING in self.manager.heard(1))


if __name__ == "__main__":
    unittest.main()
