#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/serve.md unchanged, except that the port is a free one."""

import json
import re
import signal
import socket
import unittest

from support import documents, emulator, facts, help_text, program, recipes
from support.requirements import need

TEXT = documents.read("guide/serve.md")
SECTIONS = documents.sections(TEXT)
BLOCKS = [block for section in SECTIONS for block in section.blocks()]
(SERVE, EXPORT) = (text for language, text in BLOCKS if language == "sh")
PRINTED = next(text for language, text in BLOCKS if not language)
LIMITS = {
    row.cells[0]: int(re.search(r"(\d+)\D*$", row.cells[1])[1])
    for row in documents.rows(TEXT, "limit")
    if re.search(r"\d", row.cells[1])
}


class Recipes(recipes.WithIdentity):
    def setUp(self):
        program.need_server()
        need("/usr/bin/aws", "awscli")
        super().setUp()
        runtime = self.folder / "run"
        runtime.mkdir(mode=0o700)
        self.env["XDG_RUNTIME_DIR"] = str(runtime)
        self.env["ROLE"] = f"arn:aws:iam::{emulator.ACCOUNT}:role/web"
        self.started = self.start(f"exec {SERVE.rstrip()} --port 0")
        lines = [self.started.stdout.readline().decode() for _ in PRINTED.splitlines()]
        self.printed = "".join(lines)

    def end(self):
        self.started.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(self.started), b"")

    def test_prints_what_the_text_shows(self):
        shown = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9911", self.printed)
        shown = re.sub(r"credmint-token-\d+", "credmint-token", shown)  # as on the default port
        self.assertEqual(shown.replace(self.env["XDG_RUNTIME_DIR"], "/run/user/1000"), PRINTED)
        self.end()

    def test_a_client_with_what_was_printed(self):
        exported = json.loads(self.finish(self.start(self.printed + EXPORT)))
        self.assertEqual(exported["AccessKeyId"], self.last_request()["access_key_id"])
        self.end()

    def test_a_client_of_the_metadata_service(self):
        """Sets only this variable, because clients prefer container credentials."""
        (metadata,) = re.findall("^export AWS_EC2_.*$", self.printed, re.MULTILINE)
        command = EXPORT.splitlines()[-1]
        exported = json.loads(self.finish(self.start(f"{metadata}\n{command}")))
        self.assertEqual(exported["AccessKeyId"], self.last_request()["access_key_id"])
        self.end()

    def status(self, size):
        """The status of the response to a request of `size` bytes."""
        start, end = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", b"\r\n\r\n"
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)", self.printed)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(start + b"x" * (size - len(start + end)) + end)
            return int(client.recv(4096).split()[1])

    def test_how_long_a_request_may_be(self):
        kibibytes = LIMITS["request line and headers"]
        self.assertEqual(self.status((kibibytes << 10) + 1), 431)
        self.assertEqual(self.status((kibibytes - 1) << 10), 401)
        self.end()


class Claims(unittest.TestCase):
    def test_of_limits(self):
        limits = {
            "connections": "connections at once",
            "seconds for a request": "time for a whole request",
            "seconds for a connection": "life of a connection",
            "parts of the room": "connections without a token, of a user's",
        }
        documented = {fact: LIMITS[limit] for fact, limit in limits.items()}
        self.assertEqual(documented, facts.of("server"))

    def test_of_defaults(self):
        options = help_text.options("serve")
        documented = re.findall(r"`(--port|--hop-limit)`\S* \(default (\d+)[;)]", TEXT)
        self.assertEqual(len(documented), 2)
        for option, default in documented:
            self.assertEqual(options[option].default, default)


if __name__ == "__main__":
    unittest.main()
