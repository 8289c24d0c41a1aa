#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests each line of the table in docs/guide/migrating.md. Every flag of AWS's tool is accepted."""

import re
import unittest

from cryptography.hazmat.primitives.asymmetric import rsa
from support import documents, pki, program, proxy, token
from support.cases import each, expand
from support.serve import Server
from support.system_test import MEMBERS, MintTest, make_folder

TEXT = documents.read("guide/migrating.md")
LINES = [row.cells[0] for row in documents.rows(TEXT, "today")]

# The flags of aws_signing_helper 1.8 (cmd/*.go), by command.
SESSION = """
role-arn profile-arn trust-anchor-arn session-duration region endpoint
no-verify-ssl with-proxy debug certificate private-key intermediates cert-selector system-store-name
use-latest-expiring-certificate pkcs11-lib reuse-pin tpm-key-password no-tpm-key-password
role-session-name pkcs8-password
""".split()
FLAGS = {
    "credential-process": SESSION,
    "serve": [*SESSION, "port", "hop-limit"],
    "update": [*SESSION, "profile", "once"],
    "sign-string": """
        certificate private-key debug cert-selector system-store-name pkcs8-password format digest
        use-latest-expiring-certificate pkcs11-lib reuse-pin tpm-key-password no-tpm-key-password
    """.split(),
    "read-certificate-data": "certificate cert-selector system-store-name pkcs11-lib debug".split(),
}

# {line of the table: the file and the name of a test elsewhere}
ELSEWHERE = {
    "a persistent TPM key asks for a password": "keys/prompt_test.py: noda",
    "any local user may ask `serve`": "serve/serve_users_test.py: ROWS",
    "`serve` mints within a request": "serve/serve_test.py: test_200_requests_at_the_start",
    "`update` exits at a failed call": "update/update_test.py: test_a_service_that_fails_is_asked",
    "`update` rewrites the credentials file": "update/credentials_files_test.py: everything_else",
}


def of(line):
    """Marks a test as the one for a line of the table."""

    def mark(test):
        test.line = line
        return test

    return mark


class Lines(MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    @of("status 1 for every failure")
    def test_statuses(self):
        self.mint_fails_locally(program.LOCAL_IO, "none.pem", "--certificate", "none.pem")
        self.mint_fails(program.NETWORK, "", *self.identity, "--endpoint", "http://127.0.0.1:1")

    @of("no command prints help, status 0")
    def test_no_command(self):
        result = self.run_program()
        self.assertEqual((result.status, result.stdout), (program.USAGE, b""))
        self.assertIn("credential-process", result.stderr)

    @of("extra arguments are ignored")
    def test_extra_arguments(self):
        self.mint_fails_locally(program.USAGE, "unexpected", *self.identity, "extra")

    @of("log lines on stderr")
    def test_stderr(self):
        """mint() and mint_fails() check the other claims of this line."""
        self.mint(*self.identity)
        result = self.run_program(*self.arguments(*self.identity, "--debug"))
        self.assertEqual(result.status, program.SUCCESS)
        self.assertIn("CreateSession", result.stderr)

    @of("the JSON has five members")
    def test_members(self):
        self.assertIn("AccountId", MEMBERS)
        self.assertEqual(len(MEMBERS), 6)
        self.mint(*self.identity)

    @of("`--with-proxy`")
    def test_proxies(self):
        """The service is not on loopback, for which no proxy is used."""
        used = proxy.Proxy()
        self.addCleanup(used.stop)
        far = (*self.identity, "--endpoint", "https://far.invalid", "--timeout", "2")
        env = {"HTTPS_PROXY": used.url}
        for flags, asked in (((), 1), (("--with-proxy",), 2), (("--no-proxy",), 2)):
            self.mint_fails(program.NETWORK, "", *far, *flags, env=env)
            self.assertEqual(len(set(used.targets)), 1)
            self.assertGreaterEqual(len(used.targets), asked)
            used.targets[asked:] = []

    @of("`--endpoint https://HOST`")
    def test_a_host_alone_is_https(self):
        used = proxy.Proxy()
        self.addCleanup(used.stop)
        far = (*self.identity, "--endpoint", "far.invalid", "--timeout", "2")
        self.mint_fails(program.NETWORK, "", *far, env={"HTTPS_PROXY": used.url})
        self.assertEqual(used.targets[0], "far.invalid:443")

    @of("ARNs of two accounts reach the service")
    def test_two_accounts(self):
        other = "arn:aws:iam::999988887777:role/web"
        self.mint_fails_locally(program.USAGE, "account", *self.identity, "--role-arn", other)

    @of("RSA below 2048 bits, other curves")
    def test_weak_keys(self):
        weak = self.write_identity(rsa.generate_private_key(65537, 1024))
        result = self.run_program(*self.arguments(*weak))
        self.assertNotEqual(result.status, program.SUCCESS)
        self.mint(*weak, "--allow-weak-key")

    @of("a key file, CA file or module that everybody may write")
    def test_writable_by_everybody(self):
        (self.folder / "web.key").chmod(0o666)
        self.mint_fails_locally(program.LOCAL_IO, "web.key", *self.identity, hint="chmod o-w")
        (self.folder / "web.key").chmod(0o664)
        self.mint(*self.identity)

    @of("`pin-value` in the URI")
    def test_pins(self):
        made = token.Token(make_folder(self) / "t", label="prod")
        self.env = made.env
        leaf = self.root.issue(made.generate("EC:prime256v1"))
        self.write("web.pem", pki.pem(leaf))
        pin = self.write("pin", self.secret(made.pin))
        uri = "pkcs11:token=prod;object=web?"
        self.mint("--certificate", "web.pem", "--private-key", f"{uri}pin-value={made.pin}")
        by_file = ("--certificate", "web.pem", "--private-key", f"{uri}pin-source={pin}")
        self.mint(*by_file)
        pin.chmod(0o640)
        self.mint_fails_locally(program.KEY, "pin", *by_file)

    @of("`--system-store-name`")
    def test_stores(self):
        self.mint_fails_locally(program.USAGE, "", *self.identity, "--system-store-name", "MY")

    @of("`completion` prints a script for the shell")
    def test_completion(self):
        self.fail_with(program.USAGE, "no such command", "completion", "bash")

    @of("`serve` is EC2's metadata service")
    def test_serve(self):
        served = self.serve()
        metadata = served.metadata("/meta-data/iam/security-credentials/demo")
        for answer in (metadata, served.container()):
            self.assertEqual(answer.status, 200)
            self.assertIn(self.last_request()["access_key_id"], answer.body.decode())

    @of("any `Host`, `Origin` and `X-Forwarded-For`")
    def test_strangers(self):
        served = self.serve()
        path, header = "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        for name in ("Host", "Origin", "X-Forwarded-For"):
            answer = served.request("PUT", path, {**header, name: "example.com"})
            self.assertEqual(answer.status, 400, name)
        self.assertEqual(served.request("PUT", path, header).status, 200)

    def serve(self):
        """Starts `serve`; returns once it has minted."""
        command = self.arguments(*self.identity, "--port", "0", "--token-file", "token")
        server = Server(self, *command[1:])
        server.container()
        return server


@expand
class Page(unittest.TestCase):
    @each(**{re.sub(r"\W+", "_", line): line for line in LINES})
    def test_holds_a_line_that_is_tried(self, line):
        tested = {getattr(getattr(Lines, name), "line", None) for name in dir(Lines)}
        if line in ELSEWHERE:
            path, words = ELSEWHERE[line].split(": ")
            text = (documents.SOURCE / "tests" / "system" / path).read_text()
            self.assertIn(words, text)
        else:
            self.assertIn(line, tested)

    @each(**{name.replace("-", "_"): name for name in FLAGS})
    def test_every_flag_is_taken_by(self, command):
        printed = program.run((command, "--help-all"), "/").stdout.decode()
        for flag in FLAGS[command]:
            self.assertRegex(printed, rf"--{flag}\b", f"{command} --{flag}")


if __name__ == "__main__":
    unittest.main()
