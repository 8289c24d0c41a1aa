#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/serve.md is true: its shell blocks are run as they stand, but on a free port."""

import json
import re
import signal
import unittest

from support import documents, emulator, recipes
from support.requirements import need

TEXT = documents.read("serve.md")
RECIPE, *_ = documents.sections(TEXT)
(SERVE, PRINTED, EXPORT) = (text for _, text in RECIPE.blocks())


class Recipes(recipes.WithIdentity):
    def setUp(self):
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
        shown = re.sub(r"credmint-token-\d+", "credmint-token", shown)  # as on that port
        self.assertEqual(shown.replace(self.env["XDG_RUNTIME_DIR"], "/run/user/1000"), PRINTED)
        self.end()

    def test_a_client_with_what_was_printed(self):
        exported = json.loads(self.finish(self.start(self.printed + EXPORT)))
        self.assertEqual(exported["AccessKeyId"], self.last_request()["access_key_id"])
        self.end()

    def test_a_client_of_the_metadata_service(self):
        """Alone, because container credentials come before it."""
        *_, metadata = self.printed.splitlines()
        command = EXPORT.splitlines()[-1]
        exported = json.loads(self.finish(self.start(f"{metadata}\n{command}")))
        self.assertEqual(exported["AccessKeyId"], self.last_request()["access_key_id"])
        self.end()


class Claims(unittest.TestCase):
    def test_no_shell_block_is_left_out(self):
        self.assertEqual(recipes.of(TEXT), [RECIPE])

    def assert_in_source(self, name, line):
        self.assertIn(line, (documents.SOURCE / "src" / name).read_text())

    def test_of_limits(self):
        text = " ".join(TEXT.split())
        self.assertIn("At most 512 connections are served at once", text)
        self.assert_in_source("serve/transport/http_server.h", "max_connections = 512;")
        self.assertIn("no whole request comes within ten seconds", text)
        self.assert_in_source("serve/transport/http_server.h", "patience{10};")
        self.assertIn("a connection ends after five minutes", text)
        self.assert_in_source("serve/transport/http_server.h", "longest_life{300};")
        self.assertIn("strangers keep an eighth of the room", text)
        self.assert_in_source("serve/transport/open_connections.cc", "kStrangersPart = 8;")
        self.assertIn("at most 16 KiB", text)
        self.assert_in_source("serve/transport/http_server.cc", "kMaxRequest = 16 << 10;")

    def test_of_defaults(self):
        self.assertIn("`--port` (9911; 0: any)", TEXT)
        self.assert_in_source("daemon/server_options.h", "port = 9911;")
        self.assertIn("`--hop-limit` (64)", TEXT)
        self.assert_in_source("daemon/server_options.h", "hop_limit = 64;")


if __name__ == "__main__":
    unittest.main()
