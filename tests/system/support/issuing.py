# SPDX-License-Identifier: Apache-2.0
"""A CA for `renew --exec`: the openssl command signs the request on stdin, as an own CA would."""

import json
import pathlib
import subprocess

from support import openssl, pki, program
from support.system_test import MintTest

LEAF = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
FILES = ("--certificate", "web.pem", "--private-key", "web.key")
OLD = {"not_before": -9 * pki.DAY, "not_after": pki.DAY}  # due: less than a third is left
STATE = ".local/state/credmint"


class RenewTest(MintTest):
    """The CA of the class signs; `web.pem` is the certificate to renew, unless a test says so."""

    identity = FILES

    def setUp(self):
        super().setUp()
        self.write("ca.key", pki.pkcs8_pem(self.root.key))
        self.write("ca.pem", pki.pem(self.root.certificate))
        self.write("leaf.ext", LEAF)

    def sign(self, days=30, *more):
        """A shell command that signs the request, and prints the certificate."""
        return " ".join(
            (
                *(openssl.OPENSSL, "x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial"),
                *(f"-days {days} -extfile leaf.ext -copy_extensions copy", *more, "2>/dev/null"),
            )
        )

    def put(self, key=None, **changes):
        """Writes a key and a certificate that is due; returns the certificate."""
        self.key = key or pki.make_key()
        old = self.root.issue(self.key.public_key(), **{**OLD, **changes})
        self.write("web.key", pki.pkcs8_pem(self.key))
        self.write("web.pem", pki.pem(old))
        return old

    def arguments_of(self, *more, command=None):
        return ("renew", *self.identity, "--exec", command or self.sign(), *more)

    def renew(self, *more, command=None):
        """Renews, and returns what is printed."""
        return self.succeed(*self.arguments_of(*more, command=command)).decode()

    def renewed(self, *more, command=None):
        printed = self.renew(*more, command=command)
        self.assertRegex(
            printed,
            r"\Arenewed CN=web, valid until [0-9T:Z-]+, in \S+\n"
            r"the next renewal is due at [0-9T:Z-]+\n\Z",
        )
        return printed

    def run_badly(self, command, *more):
        """Runs a renewal that must fail; returns the Run."""
        result = self.run_program(*self.arguments_of(*more, command=command))
        self.assertNotEqual(result.status, program.SUCCESS, str(result))
        self.assertEqual(result.stdout, b"", str(result))
        return result

    def refuse(self, status, message, command, *more, hint=None):
        """Runs a renewal that must fail and change nothing but what is remembered."""
        before = self.contents()
        self.fail_with(status, message, *self.arguments_of(*more, command=command), hint=hint)
        self.assertEqual(self.contents(), before)

    def contents(self):
        """All files beside the CA's and the state, and what they hold."""
        return {
            path.name: path.read_bytes()
            for path in self.folder.iterdir()
            if path.is_file() and path.name not in ("ca.srl", "calls")
        }

    def states(self):
        """The remembered states, as text."""
        folder = self.folder / STATE
        return [path.read_text() for path in sorted(folder.glob("*.json"))]

    def waive_wait(self):
        """Lets the next run try again at once, as if the time had passed."""
        for path in (self.folder / STATE).glob("*.json"):
            state = json.loads(path.read_text())
            if "retryAt" in state:
                state["retryAt"] = "2020-01-01T00:00:00Z"
            path.write_text(json.dumps(state))


def openssl_x509(path, *arguments):
    return subprocess.run(
        [openssl.OPENSSL, "x509", "-in", pathlib.Path(path), *arguments],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout
