#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""After a login, our code leaves no copies of the PIN in the program's memory."""

import re
import subprocess
import time
import unittest

from support import emulator, pki, program, token
from support.cases import each, expand
from support.processes import die_with_parent
from support.relay import Relay
from support.system_test import SystemTest

PIN = "pin-60221407623"


def writable_memory(process):
    """Yields each writable mapping of a process with its contents."""
    with open(f"/proc/{process.pid}/maps", encoding="utf-8") as maps:
        lines = maps.readlines()
    with open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
        for line in lines:
            begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if not rights.startswith("rw"):
                continue
            memory.seek(int(begin, 16))
            try:
                yield line, memory.read(int(end, 16) - int(begin, 16))
            except OSError:
                continue


@expand
class AfterTheLogin(SystemTest):
    """The program has logged in and signed, and waits for a slow service."""

    def setUp(self):
        super().setUp()
        self.token = token.Token(self.folder / "t", pin=PIN)
        self.env = dict(self.token.env)
        root = pki.make_root()
        self.write("web.pem", pki.pem(root.issue(self.token.generate("EC:prime256v1"))))
        self.service = emulator.Emulator(root.certificate, fail=["slow:6"])
        self.addCleanup(self.service.stop)
        self.relay = Relay(self.service.port)
        self.addCleanup(self.relay.stop)

    def places(self, *flags, env=None):
        """The mappings that contain the PIN while the program waits for the service."""
        process = subprocess.Popen(
            (program.path(), "credential-process", "--certificate", "web.pem", *flags)
            + ("--pkcs11-lib", token.MODULE, "--endpoint", f"http://localhost:{self.relay.port}")
            + emulator.SESSION_FLAGS,
            cwd=self.folder,
            env=program.environment(self.folder, {**self.env, **(env or {})}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        try:
            self.wait_for_the_request(process)
            return [line for line, area in writable_memory(process) if PIN.encode() in area]
        finally:
            process.kill()
            process.communicate()

    def wait_for_the_request(self, process):
        """Waits until the program has sent something: the request, which it has signed before.

        It connects earlier, while the key works.
        """
        for _ in range(500):
            self.assertIsNone(process.poll(), process.stderr)
            if any(self.relay.sent):
                return
            time.sleep(0.01)
        self.fail("no request to the service")

    def test_given_by_a_file(self):
        self.write("pin", PIN + "\n")
        uri = f"pkcs11:token=test;object=web?pin-source=file:{self.folder}/pin"
        self.assertEqual(self.places("--private-key", uri), [])

    @each(passin=("--passin", "file:pin"), reused=("--passin", "file:pin", "--reuse-pin"))
    def test_kept_once_for_the_next_question_by(self, flags):
        """--passin may be a pipe, so its contents are kept and wiped at the end."""
        self.write("pin", PIN + "\n")
        places = self.places("--private-key", "pkcs11:token=test;object=web", *flags)
        self.assertLessEqual(len(places), 1, places)

    def test_the_search_finds_what_is_there(self):
        places = self.places(
            *("--private-key", "pkcs11:token=test;object=web", "--passin", "env:THE_PIN"),
            env={"THE_PIN": PIN},
        )
        self.assertTrue(any("[stack]" in place for place in places), places)


if __name__ == "__main__":
    unittest.main()
