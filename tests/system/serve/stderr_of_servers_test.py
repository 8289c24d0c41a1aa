#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Messages of serve and update: a warning if the service is not verified, and each failure once."""

import os
import signal
import unittest

from support import program
from support.cases import each, expand
from support.processes import die_with_parent
from support.serve import Server, wait_until
from support.system_test import MintTest

UNVERIFIED = "--no-verify-ssl: the service's certificate is not verified"
COMMANDS = ("serve", "update")


@expand
class StderrOfServers(MintTest):
    def setUp(self):
        super().setUp()
        self.start_own_service()
        self.identity = self.write_identity()

    def flags(self, *flags):
        return self.arguments(*self.identity, *flags)[1:]

    def start(self, command, *flags, preexec=None):
        if command == "serve":
            flags = ("--port", "0", "--token-file", "token", *flags)
            return Server(self, *flags, preexec=preexec).started
        started = program.start(("update", *flags), self.folder, self.env, preexec)
        self.addCleanup(started.process.kill)
        return started

    def stderr_after_a_mint(self, command, *flags):
        started = self.start(command, *flags)
        wait_until(self.service.requests)
        started.process.send_signal(signal.SIGTERM)
        return started.finish().stderr

    @each(*COMMANDS)
    def test_warns_of_no_verify_ssl(self, command):
        stderr = self.stderr_after_a_mint(command, *self.flags("--no-verify-ssl"))
        self.assertEqual(stderr, f"credmint: warning: {UNVERIFIED}\n")

    @each(*COMMANDS)
    def test_warns_of_no_verify_ssl_in_the_configuration(self, command):
        self.configure()
        stderr = self.stderr_after_a_mint(command, "--config", "config.toml")
        clause = "role web: " if command == "serve" else ""
        self.assertEqual(stderr, f"credmint: warning: {clause}{UNVERIFIED}\n")

    def configure(self):
        values = dict(zip(self.flags()[::2], self.flags()[1::2]))
        lines = [f'{name.removeprefix("--")} = "{value}"' for name, value in values.items()]
        identity = [line for line in lines if line.startswith(("certificate", "private-key"))]
        role = [line for line in lines if line not in identity]
        text = ["[identity.web]", *identity, "[role.web]", *role, "no-verify-ssl = true"]
        self.write("config.toml", "\n".join(text) + "\n")

    def test_credential_process_warns_of_it_under_debug_alone(self):
        self.configure()
        self.succeed("credential-process", "--config", "config.toml")
        run = self.run_program("credential-process", "--config", "config.toml", "--debug")
        self.assertRegex(run.stderr, f"(?m)^\\S+ warning {UNVERIFIED}$")

    @each(*COMMANDS)
    def test_messages_without_a_stderr_go_nowhere(self, command):
        """Descriptor 2 was one of our own, and messages went into it."""

        def close_some():
            die_with_parent()
            os.close(0)
            os.close(2)

        self.service.fail(*["403", "slow:0"] * 20)
        started = self.start(command, *self.flags(), preexec=close_some)
        for count in range(1, 8):
            wait_until(lambda wanted=count: len(self.service.requests()) >= wanted)
            started.process.send_signal(signal.SIGHUP)
        for number in (0, 2):
            where = os.readlink(f"/proc/{started.process.pid}/fd/{number}")
            self.assertEqual(where, "/dev/null")
        started.process.send_signal(signal.SIGTERM)
        self.assertEqual(started.finish().status, 0)

    @each(*COMMANDS)
    def test_a_failure_that_holds_a_time_and_an_address_is_reported_once(self, command):
        faults = [
            f"403:AccessDeniedException:it is 2026-11-29T22:41:0{i}Z, and 192.0.2.{i} is not allowed"
            for i in range(8)
        ]
        self.service.fail(*faults)
        started = self.start(command, *self.flags())
        for count in range(1, 5):
            wait_until(lambda wanted=count: len(self.service.requests()) >= wanted)
            started.process.send_signal(signal.SIGHUP)
        started.process.send_signal(signal.SIGTERM)
        stderr = started.finish().stderr
        self.assertEqual(stderr.count("credmint: "), 1, stderr)

    @each(*COMMANDS)
    def test_another_failure_is_reported_too(self, command):
        self.service.fail("403:AccessDeniedException:not 503", "403:AccessDeniedException:not 504x9")
        started = self.start(command, *self.flags())
        for count in (1, 2):
            wait_until(lambda wanted=count: len(self.service.requests()) >= wanted)
            started.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.service.requests()) >= 3)
        started.process.send_signal(signal.SIGTERM)
        stderr = started.finish().stderr
        self.assertEqual(stderr.count("credmint: "), 2, stderr)


if __name__ == "__main__":
    unittest.main()
