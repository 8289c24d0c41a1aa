#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""import-certificate into a file, read by the openssl command, and used to mint."""

import os
import re
import unittest

from support import openssl, pki, program, tpm
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest, make_folder


@expand
class ImportToFile(MintTest):
    def setUp(self):
        super().setUp()
        self.key = pki.make_key()
        self.write("web.key", pki.pkcs8_pem(self.key))
        self.leaf = self.issue()

    def issue(self, name="new.pem", key=None, **changes):
        leaf = self.root.issue((key or self.key).public_key(), **changes)
        self.write(name, pki.pem(leaf))
        return leaf

    def arguments_of(self, *more, file="new.pem", to="web.pem"):
        return (
            *("import-certificate", "--certificate", file, "--private-key", "web.key"),
            *("--to", to, *more),
        )

    def imports(self, *more, **names):
        printed = self.succeed(*self.arguments_of(*more, **names))
        self.assertEqual(printed.decode(), names.get("to", "web.pem") + "\n")

    def refuse(self, status, message, *more, hint=None, **names):
        before = self.contents()
        self.fail_with(status, message, *self.arguments_of(*more, **names), hint=hint)
        self.assertEqual(self.contents(), before)

    def contents(self):
        """All files and what they hold: a refusal leaves nothing behind."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def serials(self, name="web.pem"):
        """The serial numbers of all certificates in a file, in its order."""
        shown = run_tool(
            *(openssl.OPENSSL, "storeutl", "-noout", "-text", "-certs", self.folder / name)
        ).decode()
        found = re.findall(r"Serial Number:\s+([0-9a-f:]+)\n", shown)
        self.assertIn(f"Total found: {len(found)}", shown)
        return [int(serial.replace(":", ""), 16) for serial in found]

    def test_a_new_file(self):
        self.imports()
        self.assertEqual(self.serials(), [self.leaf.serial_number])
        self.assertEqual((self.folder / "web.pem").stat().st_mode & 0o7777, 0o644)
        self.assertEqual({"web.key", "new.pem", "web.pem"}, set(self.contents()))
        self.mint("--certificate", "web.pem", "--private-key", "web.key")

    def test_with_its_issuers_and_without_the_root(self):
        above = self.root.make_intermediate("above")
        leaf = above.issue(self.key.public_key())
        self.write("new.pem", pki.pem(leaf))
        self.write("chain.pem", pki.pem(self.root.certificate, above.certificate))
        self.imports("--chain", "chain.pem")
        expected = [leaf.serial_number, above.certificate.serial_number]
        self.assertEqual(self.serials(), expected)
        self.mint("--certificate", "web.pem", "--private-key", "web.key")

    def test_from_der(self):
        self.write("new.der", pki.der(self.leaf))
        self.imports(file="new.der")
        self.assertEqual(self.serials(), [self.leaf.serial_number])

    def test_the_earlier_certificate_is_replaced_and_keeps_its_mode(self):
        self.issue("web.pem")
        path = self.folder / "web.pem"
        path.chmod(0o640)
        number = path.stat().st_ino
        self.imports()
        self.assertEqual(self.serials(), [self.leaf.serial_number])
        self.assertEqual(path.stat().st_mode & 0o7777, 0o640)
        self.assertNotEqual(path.stat().st_ino, number, "written in place")

    def test_a_link_stays(self):
        (self.folder / "data").mkdir()
        self.issue("data/web.pem")
        (self.folder / "web.pem").symlink_to("data/web.pem")
        self.imports()
        self.assertTrue((self.folder / "web.pem").is_symlink())
        self.assertEqual(self.serials("data/web.pem"), [self.leaf.serial_number])

    def test_the_same_again_writes_nothing(self):
        self.imports()
        before = (self.folder / "web.pem").stat()
        self.imports()
        after = (self.folder / "web.pem").stat()
        self.assertEqual((before.st_ino, before.st_mtime_ns), (after.st_ino, after.st_mtime_ns))

    def test_another_keys_certificate_needs_force(self):
        self.issue("web.pem", key=pki.make_key())
        self.refuse(program.USAGE, "holds a certificate of another key", hint="--force")
        self.imports("--force")
        self.assertEqual(self.serials(), [self.leaf.serial_number])

    def test_something_else_needs_force(self):
        self.write("web.pem", "garbage")
        self.refuse(program.USAGE, "something other than certificates", hint="--force")
        self.imports("--force")
        self.assertEqual(self.serials(), [self.leaf.serial_number])

    @each(
        pkcs8=lambda key: pki.pkcs8_pem(key),
        encrypted=lambda key: pki.encrypted_pkcs8_pem(key, "secret"),
        der=lambda key: pki.pkcs8_der(key),
        indented=lambda key: b"    " + pki.pkcs8_pem(key).replace(b"\n", b"\n    "),
        cut=lambda key: pki.pkcs8_pem(key)[:-20],
        behind_the_certificate=lambda key: pki.pem(pki.make_root().issue(key.public_key()))
        + pki.traditional_pem(key),
        pkcs12=lambda key: pki.pkcs12_file(key, pki.make_root().issue(key.public_key())),
        tpm=lambda key: b"-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n",
    )
    def test_a_private_key_is_never_replaced(self, make):
        self.write("web.pem", make(self.key))
        self.refuse(program.USAGE, "may hold a private key", hint="another file")
        self.refuse(program.USAGE, "may hold a private key", "--force")

    @each(
        folder=(lambda path: path.mkdir(), "it is not a regular file"),
        missing_folder=(None, "No such file or directory"),
    )
    def test_a_place_that_cannot_be_written(self, case):
        make, message = case
        to = "place" if make else "none/web.pem"
        if make:
            make(self.folder / "place")
        self.refuse(program.LOCAL_IO, message, to=to)

    def test_a_folder_without_permission(self):
        if os.getuid() == 0:
            self.skipTest("root may write everywhere")
        (self.folder / "shut").mkdir(0o500)
        self.refuse(program.LOCAL_IO, "Permission denied", to="shut/web.pem")

    def test_a_full_disk(self):
        self.refuse(program.LOCAL_IO, "/dev/full", to="/dev/full")

    @each(
        expired=({"not_before": -9 * pki.DAY, "not_after": -pki.DAY}, "it expired on"),
        no_digital_signature=({"usage": {"key_agreement"}}, "does not include digitalSignature"),
    )
    def test_a_certificate_that_the_service_refuses(self, case):
        changes, message = case
        self.issue(**changes)
        self.refuse(program.CERTIFICATE, message)
        self.refuse(program.CERTIFICATE, message, "--force")

    def test_a_certificate_of_another_key(self):
        self.issue(key=pki.make_key())
        self.refuse(program.CERTIFICATE, "the private key does not belong to it", "--force")

    def test_flags_of_other_places(self):
        self.refuse(program.USAGE, "--keep-old has no meaning", "--keep-old")
        self.refuse(program.USAGE, "--owner-passin has no meaning", "--owner-passin", "pass:x")

    def test_a_weak_key(self):
        key = pki.make_key("RSA1024")
        self.write("web.key", pki.pkcs8_pem(key))
        self.issue(key=key)
        self.refuse(program.KEY, "too weak: RSA with 1024 bits", hint="--allow-weak-key")
        self.imports("--allow-weak-key")

    def test_the_public_half_of_a_tpm_key_needs_no_auth_value(self):
        device = tpm.Tpm(self, make_folder(self))
        public = device.make_persistent("0x81000002", auth="auth-27182818")
        self.env = device.env
        leaf = self.root.issue(public)
        self.write("new.pem", pki.pem(leaf))
        self.succeed(
            *("import-certificate", "--certificate", "new.pem", "--to", "web.pem"),
            *("--private-key", "handle:0x81000002"),
        )
        self.assertEqual(self.serials(), [leaf.serial_number])
        self.assertEqual(device.wrong_tries(), 0)


if __name__ == "__main__":
    unittest.main()
