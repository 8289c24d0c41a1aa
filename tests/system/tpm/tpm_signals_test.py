#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mint that gets a signal terminates by it at once, and leaves nothing in the TPM."""

import signal
import socket
import time
import unittest

from support import pki, program, tpm
from support.cases import each, expand
from support.processes import die_with_parent
from support.serve import wait_until
from support.system_test import MintTest, make_folder
from support.tpm_proxy import TpmProxy

AUTH = "auth-27182818"
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}
IN_MID_COMMAND = {
    f"{name} in {command}": (number, command)
    for name, number in SIGNALS.items()
    for command in ("CreatePrimary", "StartAuthSession", "Load", "Sign")
}


@expand
class Signals(MintTest):
    """A key file with an auth value loads a parent, a key and a session, two at a time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.file, public_key = cls.tpm.make_key_file(tpm.EC_P256, f"user-auth:{AUTH}")
        cls.leaf = cls.root.issue(public_key)

    def setUp(self):
        super().setUp()
        self.proxy = TpmProxy(self, self.tpm, self.folder / "p")
        self.env = self.proxy.env
        self.write("web.tss2", self.file)
        self.write("web.pem", pki.pem(self.leaf))

    def start(self, *flags, **more):
        key = ("--certificate", "web.pem", "--private-key", "web.tss2", "--passin", f"pass:{AUTH}")
        return program.start(self.arguments(*key, *flags), self.folder, self.env, **more)

    def silent_endpoint(self):
        """Starts a service that never responds, so no mint ends by itself; returns its flags."""
        service = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(service.close)
        service.settimeout(program.TIME_LIMIT_SECONDS)
        self.silent_service = service
        return ("--endpoint", f"http://127.0.0.1:{service.getsockname()[1]}")

    def start_and_hold(self, command, *flags, **more):
        """Starts a mint, and waits until the proxy holds back the response to this command."""
        self.proxy.hold(command)
        started = self.start(*flags, **more)
        self.assertTrue(self.proxy.held.wait(program.TIME_LIMIT_SECONDS), self.proxy.names())
        return started

    def check_ended_by(self, number, result):
        self.assertEqual((result.status, result.stdout, result.stderr), (-number, b"", ""))

    def wait_until_empty(self):
        """The key process finishes the command that runs, and removes what it loaded."""
        wait_until(lambda: self.tpm.loaded() == [])

    @each(**IN_MID_COMMAND)
    def test(self, case):
        """The program ends at once, although the TPM has not answered."""
        number, command = case
        started = self.start_and_hold(command, *self.silent_endpoint())
        started.process.send_signal(number)
        self.check_ended_by(number, started.finish())
        self.proxy.release()
        self.wait_until_empty()

    @each(**SIGNALS)
    def test_no_command_is_begun_after(self, number):
        """Only commands that flush objects are sent after the signal."""
        started = self.start_and_hold("Load")
        before = len(self.proxy.names())
        started.process.send_signal(number)
        self.check_ended_by(number, started.finish())
        time.sleep(0.2)  # the key process notices the end
        self.proxy.release()
        self.wait_until_empty()
        self.assertEqual(set(self.proxy.names()[before:]), {"FlushContext"})

    @each(**SIGNALS)
    def test_while_the_service_is_silent(self, number):
        started = self.start(*self.silent_endpoint())
        connection, _ = self.silent_service.accept()
        with connection:
            connection.recv(1)
            started.process.send_signal(number)
            self.check_ended_by(number, started.finish())
        self.wait_until_empty()

    @each(**SIGNALS)
    def test_ignored(self, number):
        started = self.start_and_hold("Load", preexec=lambda: ignore(number))
        started.process.send_signal(number)
        self.proxy.release()
        result = started.finish()
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        self.assertEqual(self.tpm.loaded(), [])

    @each(**SIGNALS)
    def test_blocked_by_whoever_started_it(self, number):
        started = self.start_and_hold("Load", preexec=lambda: block(number))
        started.process.send_signal(number)
        self.proxy.release()
        result = started.finish()
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))


def ignore(number):
    die_with_parent()
    signal.signal(number, signal.SIG_IGN)


def block(number):
    die_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})


if __name__ == "__main__":
    unittest.main()
