#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/rotation.md unchanged, while serve and update are running."""

import re
import subprocess
import unittest

from support import documents, pki, program, token, tpm
from support.processes import die_with_parent
from support.renewal import FilesTest
from support.system_test import make_folder

BLOCKS = {
    section.title: section.blocks()
    for section in documents.sections(documents.read("guide/rotation.md"))
    if section.blocks()
}
OF_FILES, OF_TOKENS, OF_TPMS, OF_REASONS = BLOCKS
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class RecipesTest(FilesTest):
    PROGRAMS = ("update",)

    def run_block(self, block, **more):
        """Runs it with the program first in PATH."""
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        if not (tools / "credmint").exists():
            (tools / "credmint").symlink_to(program.path())
        more["PATH"] = f"{tools}:/usr/bin:/bin"
        language, text = block
        self.assertEqual(language, "sh")
        result = subprocess.run(
            ["/bin/sh", "-euc", text],
            cwd=self.folder,
            env={**program.environment(self.folder), **self.env, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )
        self.assertEqual(result.returncode, 0, f"{text}\n{result.stderr}")

    def renew(self, public_key):
        """Writes new.pem, a certificate that expires after all others."""
        certificate = self.root.issue(public_key, not_after=60 * pki.DAY)
        self.put("new.pem", pki.pem(certificate))
        return certificate


class OfFiles(RecipesTest):
    def test_rename_and_reload(self):
        rename, reload = BLOCKS[OF_FILES]
        self.start_with("web", "RSA2048")
        key = pki.make_key()
        self.put("new.key", pki.pkcs8_pem(key))
        certificate = self.renew(key.public_key())
        self.run_block(rename)
        self.assert_uses(certificate)
        self.run_block(reload, PID=str(self.running["update"].process.pid))
        self.assert_uses(certificate)
        self.end()

    def test_what_is_said(self):
        rename, (language, said) = BLOCKS[OF_REASONS]
        old = self.start_with("web")
        self.put("foreign.pem", pki.pem(self.pair("web")[1]))
        self.run_block(rename)
        self.assert_uses(old, mints=2)
        stderr = self.finish("update").stderr
        self.assertEqual((re.sub(TIME, "", stderr), language), (re.sub(TIME, "", said), ""))


class OnDevices(RecipesTest):
    def test_token(self):
        (write,) = BLOCKS[OF_TOKENS]
        made = token.Token(self.folder / "t", label="prod")
        self.env = made.env
        public_key = made.generate("EC:prime256v1")
        made.write_certificate(self.root.issue(public_key))
        self.write("pin", self.secret(made.pin))
        (named,) = set(re.findall(r"--certificate '(pkcs11:[^']+)'", documents.read("guide/rotation.md")))
        flags = ("--use-latest-expiring-certificate", "--passin", "file:pin")
        self.start("--certificate", named, *flags, "--pkcs11-lib", token.MODULE)
        certificate = self.renew(public_key)
        self.run_block(write)
        self.assert_uses(certificate)
        self.end()

    def test_nv_index(self):
        (write,) = BLOCKS[OF_TPMS]
        used = tpm.Tpm(self, make_folder(self) / "t")
        self.env = used.env
        public_key = used.make_persistent("0x81000002")
        longer = self.root.issue(public_key, "a name that is longer than the next one")
        used.write_nv("0x01900002", pki.der(longer).ljust(1500, b"\0"))
        self.start("--certificate", "nv:0x01900002", "--private-key", "handle:0x81000002")
        certificate = self.renew(public_key)
        self.run_block(write)
        self.assert_uses(certificate)
        self.end()


if __name__ == "__main__":
    unittest.main()
