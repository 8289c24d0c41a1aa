#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates in variables and streams, also for running programs and the cache.

docs/reference/key-references.md has an example of each form, which its own test runs.
"""

import json
import os
import signal
import unittest

from support import pki, program
from support.cases import each, expand
from support.renewal import ROLES, RenewalTest
from support.serve import Server, wait_until
from support.system_test import MintTest


class WithoutFiles(MintTest):
    def setUp(self):
        super().setUp()
        self.key = pki.make_key()
        self.both = pki.pkcs8_pem(self.key) + pki.pem(self.root.issue(self.key.public_key()))

    def pipe(self, contents):
        """A descriptor from which the contents can be read once."""
        reader, writer = os.pipe()
        os.write(writer, contents)
        os.close(writer)
        self.addCleanup(os.close, reader)
        return reader


class Once(WithoutFiles):
    def test_both_from_standard_input(self):
        self.mint("--certificate", "-", "--private-key", "-", stdin=self.both)

    def test_both_from_one_descriptor(self):
        number = self.pipe(self.both)
        flags = ("--certificate", f"fd:{number}", "--private-key", f"fd:{number}")
        self.mint(*flags, pass_fds=(number,))

    def test_a_pkcs12_file_from_standard_input(self):
        leaf = self.root.issue(self.key.public_key())
        self.mint("--certificate", "-", stdin=pki.pkcs12_file(self.key, leaf))

    def test_what_list_says_of_it_can_be_handed_in(self):
        (listed,) = json.loads(self.succeed("list", "--json", "-", stdin=self.both))["files"]
        self.mint("--certificate", listed["uri"], stdin=self.both)

    def test_a_file_of_that_name_is_another_thing(self):
        for name in ("-", "env:X", "fd:0"):
            self.write(name, self.both)
            self.mint("--certificate", f"./{name}")
            self.mint_fails_locally(program.LOCAL_IO, "opening certificate", "--certificate", name)

    def test_a_variable_from_the_configuration_file(self):
        flags = self.arguments()[1:]
        pairs = {flag.removeprefix("--"): value for flag, value in zip(flags[::2], flags[1::2])}
        settings = "".join(f'{name} = "{value}"\n' for name, value in pairs.items())
        identity = '[identity.web]\ncertificate = "env:WEB"\nprivate-key = "env:WEB"\n'
        self.write("config.toml", f"{identity}[role.web]\n{settings}")
        command = ("credential-process", "--config", "config.toml")
        self.succeed(*command, env={"WEB": self.both.decode()})

    def test_a_passphrase_from_the_same_stream_is_refused(self):
        for flag, source in (("--passin", "stdin"), ("--context-passin", "fd:0")):
            self.mint_fails_locally(
                *(program.USAGE, f"--certificate and {flag} both read standard input"),
                *("--certificate", "-", flag, source),
                stdin=self.both,
            )

    def test_what_stands_in_place_of_a_name_is_not_shown(self):
        secret = self.both.decode().splitlines()[1]
        self.secret(secret)
        for given in (f"env:{self.both.decode()}", f"fd:{secret}"):
            result = self.run_program(*self.arguments("--certificate", given))
            self.assertIn(result.status, (program.USAGE, program.KEY), str(result))


@expand
class Cached(WithoutFiles):
    def setUp(self):
        super().setUp()
        (self.folder / "run").mkdir(mode=0o700)
        self.env = {"XDG_RUNTIME_DIR": str(self.folder / "run")}
        self.start_own_service()

    def run_with(self, how, contents):
        flags = {"variable": "env:WEB", "stream": "-"}[how]
        command, *rest = self.arguments("--certificate", flags)
        more = {"stdin": contents} if how == "stream" else {"env": {"WEB": contents.decode()}}
        return self.succeed(command, "--cache", *rest, **more)

    @each("variable", "stream")
    def test_the_contents_tell_identities_apart(self, how):
        first = self.run_with(how, self.both)
        self.assertEqual(self.run_with(how, self.both), first)
        key = pki.make_key()
        other = pki.pkcs8_pem(key) + pki.pem(self.root.issue(key.public_key()))
        self.assertNotEqual(self.run_with(how, other), first)
        self.assertEqual(len(self.service.requests()), 2)


class StaysRunning(RenewalTest):
    """Renewals reuse the contents of a stream, which can be read only once."""

    def start_from_stream(self, name, contents):
        _, *flags = self.arguments("--certificate", "-", "--private-key", "-", "--role-arn", ROLES[name])
        if name == "serve":
            started = Server(self, "--port", "0", "--token-file", "token", *flags).started
        else:
            started = program.start(("update", *flags), self.folder, self.env)
            self.addCleanup(started.process.kill)
        started.process.stdin.write(contents)
        started.process.stdin.close()
        started.process.stdin = None
        return started

    def check(self, name):
        key, certificate = self.pair("web")
        started = self.start_from_stream(name, pki.pkcs8_pem(key) + pki.pem(certificate))
        wait_until(lambda: len(self.serials(name)) >= 2)
        started.process.send_signal(signal.SIGHUP)
        before = len(self.serials(name))
        wait_until(lambda: len(self.serials(name)) >= before + 2)
        started.process.send_signal(signal.SIGTERM)
        result = started.finish()
        self.assertEqual(result.stderr, "")
        self.assertEqual(set(self.serials(name)), {certificate.serial_number})

    def test_serve(self):
        self.check("serve")

    def test_update(self):
        self.check("update")


if __name__ == "__main__":
    unittest.main()
