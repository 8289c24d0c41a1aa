#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A TPM's dictionary-attack lockout ends by itself.

serve then resumes with the auth value that had worked. It asks the TPM at most once per recovery
time, and tries no other value by itself.
"""

import signal
import time
import unittest

from support import pki, tpm
from support.serve import Server, wait_until
from support.system_test import MintTest
from support.tpm_proxy import TpmProxy

HANDLE = "0x81000001"
AUTH = "auth-27182818"
WRONG = "wrong-31415926"
MOST_TRIES = 2
RECOVERY_SECONDS = 5
LOCKOUT = 0x921
RECOVERED = 60


class LockoutTest(MintTest):
    """`serve` with a key with an auth value, a proxy that counts, and short-lived credentials."""

    def setUp(self):
        super().setUp()
        self.start_own_service(lifetime=4)
        self.tpm = tpm.Tpm(self, self.folder / "t")
        public_key = self.tpm.make_persistent(HANDLE, auth=AUTH)
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.write("pin", self.secret(AUTH))
        self.secret(WRONG)
        limits = ("-n", str(MOST_TRIES), "-t", str(RECOVERY_SECONDS), "-l", "1000")
        self.tpm.tool("dictionarylockout", "-s", *limits)
        self.proxy = TpmProxy(self, self.tpm, self.folder / "p")

    def start(self):
        _, *flags = self.arguments(
            *("--certificate", "web.pem", "--private-key", f"handle:{HANDLE}"),
            *("--passin", "file:pin"),
        )
        options = ("--port", "0", "--token-file", "token")
        self.server = Server(self, *options, *flags, env=self.proxy.env)

    def lock(self):
        """Locks the TPM by wrong values from another program."""
        message = self.write("message", "to be signed")
        for _ in range(MOST_TRIES):
            with self.assertRaises(AssertionError):
                self.tpm.tool("sign", "-c", HANDLE, "-p", WRONG, "-o", self.folder / "s", message)
        self.assertEqual(self.tpm.wrong_tries(), MOST_TRIES)

    def answers(self):
        return self.server.container().status == 200

    def lockouts(self):
        return self.proxy.response_codes("Sign").count(LOCKOUT)

    def refusals(self):
        return len([code for code in self.proxy.response_codes("Sign") if code & 0xBF == 0x8E])


class Recovery(LockoutTest):
    def test_serve_comes_back_by_itself(self):
        self.start()
        self.assertTrue(self.answers())
        self.lock()
        wait_until(self.lockouts)
        began = time.monotonic()
        wait_until(lambda: not self.answers())
        wait_until(self.answers, RECOVERED)
        most = 1 + (time.monotonic() - began) / RECOVERY_SECONDS
        self.assertLessEqual(self.lockouts(), most)
        self.assertEqual(self.refusals(), 0)
        self.assertLess(self.tpm.wrong_tries(), MOST_TRIES)
        run = self.server.end(signal.SIGTERM)
        self.assertIn("dictionary-attack lockout", run.stderr)

    def test_with_the_same_value_after_sighup_too(self):
        self.start()
        self.assertTrue(self.answers())
        self.lock()
        wait_until(self.lockouts)
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.lockouts() > 1)
        wait_until(lambda: not self.answers())
        wait_until(self.answers, RECOVERED)
        self.assertEqual(self.refusals(), 0)


class NoOtherValue(LockoutTest):
    """Other values are not tried, even after two recovery times."""

    def assert_is_not_asked_again(self):
        asked = len(self.proxy.response_codes("Sign"))
        time.sleep(2 * RECOVERY_SECONDS + 1)
        self.assertEqual(len(self.proxy.response_codes("Sign")), asked)
        self.assertFalse(self.answers())
        self.assertEqual(self.refusals(), 0)

    def test_one_that_has_never_worked_is_not_tried_again(self):
        self.lock()
        self.start()
        wait_until(self.lockouts)
        self.assert_is_not_asked_again()
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(self.answers)

    def test_one_that_was_changed_is_not_tried_again(self):
        self.start()
        self.assertTrue(self.answers())
        self.write("pin", WRONG)
        self.lock()
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(self.lockouts)
        wait_until(lambda: not self.answers())
        self.assert_is_not_asked_again()


if __name__ == "__main__":
    unittest.main()
