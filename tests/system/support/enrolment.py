# SPDX-License-Identifier: Apache-2.0
"""A new user: runs `credmint init`, and then what it prints, word for word."""

import re
import subprocess

from support import aws_cli, emulator, openssl, pki, program
from support.processes import die_with_parent, run_tool
from support.system_test import MintTest

SOFTHSM_FLAGS = ("--so-passin", "file:so-pin", "--passin", "file:pin")
_LEAF = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"


class NewUser(MintTest):
    """In `folder` there are ca.pem, the commands `aws` and `credmint`, and PINs. `env` has the
    device, and `wrapper` the command prefix of a program that uses it."""

    wrapper = ()

    def setUp(self):
        super().setUp()
        self.write("ca.pem", pki.pem(self.root.certificate))
        self.write("ca.key", pki.pkcs8_pem(self.root.key))
        self.write("leaf.ext", _LEAF)
        self.write("pin", self.secret("user-4815"))
        self.write("so-pin", self.secret("officer-1623"))
        self.tools = self.folder / "tools"
        self.tools.mkdir()
        (self.tools / "credmint").symlink_to(program.path())
        self.aws = aws_cli.AwsCli(
            self.tools,
            {
                "create-trust-anchor": emulator.TRUST_ANCHOR_ARN,
                "create-role": emulator.ROLE_ARN,
                "create-profile": emulator.PROFILE_ARN,
            },
        )

    def make_empty_softhsm(self):
        (self.folder / "objects").mkdir()
        self.write("softhsm2.conf", f"directories.tokendir = {self.folder}/objects\n")
        self.env = {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    def init(self, *flags, subject="/CN=web", **more):
        """Runs init; returns what it prints."""
        arguments = ("init", *flags, "--subject", subject, "--yes")
        return self.succeed(*arguments, wrapper=self.wrapper, **more).decode()

    def commands(self, printed):
        """The commands in the output of init: import, AWS, mint."""
        self.assertLessEqual(len(printed.splitlines()), 10)
        found = re.findall(r"^   (\S.*)$", printed, re.MULTILINE)
        self.assertEqual(len(found), 3, printed)
        return found

    def typed(self, command, status=0):
        """Runs a command in a shell; returns its output."""
        result = subprocess.run(
            [*self.wrapper, "/bin/sh", "-c", command],
            cwd=self.folder,
            env={
                **program.environment(self.folder, self.env),
                "PATH": f"{self.tools}:/usr/bin:/bin",
                "AWS_ENDPOINT_URL_ROLESANYWHERE": self.service.url,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )
        shown = f"{command}\n{result.stdout.decode()}\n{result.stderr.decode()}"
        self.assertEqual(result.returncode, status, shown)
        for secret in self.secrets:
            self.assertNotIn(secret, shown)
        return result.stdout.decode()

    def sign(self, request, certificate="issued.pem"):
        """Has the CA issue a certificate."""
        run_tool(
            *(openssl.OPENSSL, "x509", "-req", "-in", self.folder / request, "-days", "7"),
            *("-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key"),
            *("-CAcreateserial", "-extfile", self.folder / "leaf.ext"),
            *("-out", self.folder / certificate),
        )

    def follow(self, printed, folder="credmint"):
        """Does all that init prints; returns the output of the mint."""
        put, aws, mint = self.commands(printed)
        self.sign(f"{folder}/request.csr")
        self.typed(put)
        self.typed(aws)
        minted = self.typed(mint)
        self.assertEqual(self.last_request()["reason"], "accepted")
        return minted
