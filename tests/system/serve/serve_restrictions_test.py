#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`serve` and `update` give up rights, and ignore variables that change the TLS library."""

import pathlib
import re
import unittest

from support import program
from support.cases import each, expand
from support.processes import run_tool
from support.serve import Server, wait_until
from support.system_test import MintTest

LOUD = """
    #include <fcntl.h>
    #include <unistd.h>
    __attribute__((constructor)) static void run(void) {
      close(open("LOADED", O_CREAT | O_WRONLY, 0600));
    }
"""
CONFIGURATION = """
    openssl_conf = all
    [all]
    providers = providers
    [providers]
    loud = loud
    [loud]
    module = MODULE
    activate = 1
"""


@expand
class Restrictions(MintTest):
    def setUp(self):
        super().setUp()
        self.loaded = self.folder / "loaded"
        source = self.write("loud.c", LOUD.replace("LOADED", str(self.loaded)))
        module = self.folder / "loud.so"
        run_tool("/usr/bin/cc", "-shared", "-fPIC", "-o", module, source)
        configuration = self.write("openssl.cnf", CONFIGURATION.replace("MODULE", str(module)))
        self.env = {"OPENSSL_CONF": str(configuration)}
        self.identity = self.write_identity()

    def serve(self, *flags):
        server = Server(self, *self.arguments(*self.identity, "--port", "0", *flags)[1:])
        wait_until(
            lambda: server.metadata("/meta-data/iam/security-credentials/demo").status == 200
        )
        return server

    def test_serve_starts_no_programs(self):
        process = self.serve().process
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        self.assertRegex(status, re.compile(r"^Seccomp:\t2$", re.MULTILINE))
        self.assertRegex(status, re.compile(r"^NoNewPrivs:\t1$", re.MULTILINE))

    def test_serve_ignores_the_configuration_of_openssl(self):
        self.serve()
        self.assertFalse(self.loaded.exists())

    def test_serve_obeys_it_if_told(self):
        self.serve("--use-openssl-conf")
        self.assertTrue(self.loaded.exists())

    def test_update_ignores_it(self):
        (self.folder / ".aws").mkdir()
        running = program.start(
            ("update", *self.arguments(*self.identity)[1:]), self.folder,
            program.environment(self.folder, self.env),
        )
        self.addCleanup(running.process.kill)
        wait_until((self.folder / ".aws/credentials").exists)
        running.process.terminate()
        self.assertEqual(running.finish().status, 0)
        self.assertFalse(self.loaded.exists())

    def test_credential_process_obeys_it_and_says_so(self):
        result = self.run_program(*self.arguments(*self.identity, "--debug"))
        self.assertEqual(result.status, program.SUCCESS, str(result))
        self.assertIn("OPENSSL_CONF is set, and obeyed", result.stderr)
        self.assertTrue(self.loaded.exists())


if __name__ == "__main__":
    unittest.main()
