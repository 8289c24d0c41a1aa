#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The emulator as a program: options, port file, log, signals."""

import contextlib
import datetime
import http.client
import json
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import tls_material
from mini_client import PROFILE, ROLE, TRUST_ANCHOR, Draft, Identity, default_members
from service_case import ServiceCase, send

PROGRAM = pathlib.Path(__file__).resolve().with_name("roles_anywhere.py")


class CommandLineTest(ServiceCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.anchor = self.directory / "anchor.pem"
        self.anchor.write_bytes(self.root.pem)

    def launch(self, *options):
        """Starts the program; returns it and its port."""
        process = subprocess.Popen(
            [sys.executable, "-B", PROGRAM, "--anchor", self.anchor, *options], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        announced = process.stdout.readline()
        self.assertRegex(announced, r"\Alistening on https?://(127\.0\.0\.1|\[::1\]):\d+\n\Z")
        return process, int(announced.rpartition(":")[2])

    def post(self, port, draft, context=None):
        if context:
            connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            return send(connection, draft)

    def test_grants_logs_and_ends(self):
        log, port_file = self.directory / "log", self.directory / "port"
        process, port = self.launch("--log", log, "--port-file", port_file, "--fail", "503", "--fail", "empty")
        statuses = [self.post(port, Draft(self.leaf))[0] for _ in range(3)]
        self.assertEqual(statuses, [503, 201, 201])
        records = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([record["fault"] for record in records], ["503", "empty", None])
        self.assertEqual(port_file.read_text(), f"{port}\n")
        process.terminate()
        self.assertEqual(process.wait(10), 0)

    def test_interrupt_during_a_stall(self):
        log = self.directory / "log"
        process, port = self.launch("--fail", "stall:60", "--log", log)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            sock.sendall(Draft(self.leaf).sign().wire())
            while not log.read_text():
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), 0)

    def test_tls_directory(self):
        tls = self.directory / "tls"
        _, port = self.launch("--tls-dir", tls)
        context = ssl.create_default_context(cafile=tls / "ca.pem")
        self.assertEqual(self.post(port, Draft(self.leaf), context)[0], 201)

    def test_tls_files(self):
        certificate, key = tls_material.make_tls_material(self.directory)
        _, port = self.launch("--tls", certificate, key)
        context = ssl.create_default_context(cafile=self.directory / "ca.pem")
        self.assertEqual(self.post(port, Draft(self.leaf), context)[0], 201)

    def test_registered_resources(self):
        anchor, profile = (arn.replace("us-east-1", "eu-west-1") for arn in (TRUST_ANCHOR, PROFILE))
        _, port = self.launch(
            "--trust-anchor-arn", anchor, "--profile-arn", profile, "--role-arn", ROLE, "--role-arn", ROLE + "2",
            "--accept-role-session-name", "--lifetime", "30", "--base-path", "/x/y", "--clock-offset", "-3600",
        )
        hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)

        def ask(**changes):
            members = default_members(trustAnchorArn=anchor, profileArn=profile, **changes)
            draft = Draft(self.leaf, members=members, region="eu-west-1", now=hour_ago)
            draft.path = "/x/y/sessions"
            return self.post(port, draft)

        status, _, body = ask(roleArn=ROLE + "2", roleSessionName="someone")
        self.assertEqual(status, 201)
        expiration = json.loads(body)["credentialSet"][0]["credentials"]["expiration"]
        expiration = datetime.datetime.strptime(expiration, "%Y-%m-%dT%H:%M:%S%z")
        self.assertLess(abs(expiration - hour_ago - datetime.timedelta(seconds=30)), datetime.timedelta(seconds=30))
        self.assertEqual(ask(roleArn=ROLE + "3")[0], 403)

    def test_several_anchors(self):
        other = Identity("other root", ca=True)
        file = self.directory / "other.pem"
        file.write_bytes(Identity("third root", ca=True).pem + other.pem)
        _, port = self.launch("--anchor", file)
        for identity in (self.leaf, Identity("leaf", other)):
            self.assertEqual(self.post(port, Draft(identity))[0], 201)

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError as error:
            self.skipTest(f"no IPv6 loopback: {error}")
        _, port = self.launch("--bind", "::1")
        with contextlib.closing(http.client.HTTPConnection("::1", port, timeout=10)) as connection:
            self.assertEqual(send(connection, Draft(self.leaf))[0], 201)

    def test_exit_with_parent(self):
        starter = (
            "import subprocess, sys\n"
            "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)\n"
            "print(child.stdout.readline(), end='')\n"
        )
        program = [sys.executable, "-B", PROGRAM, "--anchor", self.anchor, "--exit-with-parent"]
        process = subprocess.run(
            [sys.executable, "-c", starter, *program], stdout=subprocess.PIPE, text=True, timeout=20, check=True
        )
        port = int(re.search(r":(\d+)\n", process.stdout)[1])
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return
            time.sleep(0.01)
        self.fail("the emulator outlived the process that started it")

    def test_usage_errors(self):
        for options, expected in (
            ([], "--anchor"),
            (["--anchor", self.directory / "none.pem"], "No such file"),
            (["--anchor", self.anchor, "--fail", "nothing"], "no such fault: 'nothing'"),
            (["--anchor", self.anchor, "--base-path", "x"], "'x' is not a path like /x/y"),
            (["--anchor", self.anchor, "--base-path", "/x/"], "'/x/' is not a path like /x/y"),
            (["--anchor", self.anchor, "--role-arn", PROFILE], "is no roleArn"),
            (["--anchor", self.anchor, "--tls-dir", self.directory, "--tls", "a", "b"], "not allowed with"),
        ):
            with self.subTest(expected):
                process = subprocess.run(
                    [sys.executable, "-B", PROGRAM, *options], capture_output=True, text=True, timeout=20
                )
                self.assertEqual((process.returncode, process.stdout), (2, ""))
                self.assertIn(expected, process.stderr)


if __name__ == "__main__":
    unittest.main()
