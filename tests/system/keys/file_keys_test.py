#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key files mint in every common form."""

import os
import shutil
import unittest

from support import openssl, pki, program, sign_string
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest, SystemTest

PASSPHRASE = "correct horse 3917"


class FileKeyTest(MintTest):
    """An RSA and an EC key, each with a leaf certificate, which is written to web.pem."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {"RSA": pki.make_key("RSA2048"), "EC": pki.make_key()}
        cls.leaves = {kind: cls.root.issue(key.public_key()) for kind, key in cls.keys.items()}

    def setUp(self):
        super().setUp()
        self.secret(PASSPHRASE)

    def mint_with(self, kind, key_file, *flags):
        """Mints with this key file and its certificate."""
        self.write("web.pem", pki.pem(self.leaves[kind]))
        self.write("web.key", key_file)
        return self.mint("--certificate", "web.pem", "--private-key", "web.key", *flags)

    def pem(self, kind):
        return pki.pkcs8_pem(self.keys[kind])


@expand
class Algorithms(MintTest):
    @each("RSA2048", "RSA3072", "RSA4096", "P256", "P384", "P521")
    def test_mint_with(self, kind):
        self.mint(*self.write_identity(pki.make_key(kind)))


@expand
class PlainForms(FileKeyTest):
    @each("RSA", "EC")
    def test_pkcs8_pem(self, kind):
        self.mint_with(kind, pki.pkcs8_pem(self.keys[kind]))

    @each("RSA", "EC")
    def test_pkcs8_der(self, kind):
        self.mint_with(kind, pki.pkcs8_der(self.keys[kind]))

    def test_pkcs1_pem(self):
        self.mint_with("RSA", pki.traditional_pem(self.keys["RSA"]))

    def test_pkcs1_der(self):
        self.mint_with("RSA", pki.traditional_der(self.keys["RSA"]))

    def test_sec1_pem(self):
        self.mint_with("EC", pki.traditional_pem(self.keys["EC"]))

    def test_sec1_der(self):
        self.mint_with("EC", pki.traditional_der(self.keys["EC"]))

    def test_sec1_behind_the_curve_as_ecparam_writes_it(self):
        parameters = run_tool(openssl.OPENSSL, "ecparam", "-name", "prime256v1")
        self.assertIn(b"BEGIN EC PARAMETERS", parameters)
        self.mint_with("EC", parameters + pki.traditional_pem(self.keys["EC"]))


@expand
class EncryptedForms(FileKeyTest):
    PASSIN = ("--passin", f"pass:{PASSPHRASE}")

    def rewritten(self, kind, *command):
        return openssl.rewrite(self.pem(kind), *command, "-passout", f"pass:{PASSPHRASE}")

    @each("RSA", "EC")
    def test_pbes2_pem(self, kind):
        encrypted = self.rewritten(kind, "pkcs8", "-topk8", "-v2", "aes-256-cbc")
        self.mint_with(kind, encrypted, *self.PASSIN)

    @each("RSA", "EC")
    def test_pbes2_der(self, kind):
        encrypted = self.rewritten(kind, "pkcs8", "-topk8", "-outform", "DER")
        self.mint_with(kind, encrypted, *self.PASSIN)

    @each("RSA", "EC")
    def test_scrypt_pem(self, kind):
        self.mint_with(kind, self.rewritten(kind, "pkcs8", "-topk8", "-scrypt"), *self.PASSIN)

    def test_scrypt_der(self):
        encrypted = self.rewritten("EC", "pkcs8", "-topk8", "-scrypt", "-outform", "DER")
        self.mint_with("EC", encrypted, *self.PASSIN)

    def test_legacy_pem_of_rsa(self):
        encrypted = self.rewritten("RSA", "rsa", "-aes256", "-traditional")
        self.assertIn(b"DEK-Info: AES-256-CBC", encrypted)
        self.mint_with("RSA", encrypted, *self.PASSIN)

    def test_legacy_pem_of_ec(self):
        encrypted = self.rewritten("EC", "ec", "-aes256")
        self.assertIn(b"DEK-Info: AES-256-CBC", encrypted)
        self.mint_with("EC", encrypted, *self.PASSIN)

    def test_with_the_flag_of_aws(self):
        encrypted = pki.encrypted_pkcs8_pem(self.keys["EC"], PASSPHRASE)
        self.mint_with("EC", encrypted, "--pkcs8-password", PASSPHRASE)

    def test_a_passphrase_outside_ascii(self):
        encrypted = pki.encrypted_pkcs8_pem(self.keys["EC"], "пароль%20")
        self.mint_with("EC", encrypted, "--passin", "pass:" + self.secret("пароль%20"))

    def test_a_passphrase_for_a_key_that_needs_none_is_not_asked_for(self):
        self.mint_with("EC", self.pem("EC"), "--passin", "env:NOT_SET")


class Pkcs12(FileKeyTest):
    """A single file with the key and all certificates, named only by --certificate."""

    def setUp(self):
        super().setUp()
        self.intermediate = self.root.make_intermediate("issuing CA")
        self.key = self.keys["EC"]
        self.leaf = self.intermediate.issue(self.key.public_key())
        self.chain = [self.intermediate.certificate]

    def mint_with_file(self, contents, *flags):
        self.write("web.p12", contents)
        self.mint("--certificate", "web.p12", *flags)
        self.assertEqual(self.last_request()["chain_length"], 1)

    def test_without_a_password(self):
        self.mint_with_file(pki.pkcs12_file(self.key, self.leaf, self.chain))

    def test_with_a_password(self):
        contents = pki.pkcs12_file(self.key, self.leaf, self.chain, PASSPHRASE)
        self.mint_with_file(contents, "--passin", f"pass:{PASSPHRASE}")

    def test_with_an_empty_password(self):
        self.mint_with_file(self.exported(""))

    def test_as_openssl_writes_it(self):
        self.mint_with_file(self.exported(PASSPHRASE), "--passin", f"pass:{PASSPHRASE}")

    def test_as_old_programs_write_it_the_passphrase_is_not_blamed(self):
        """OpenSSL 3 has RC2 only in its legacy provider, so the right passphrase does not help."""
        self.write("web.p12", self.exported(PASSPHRASE, "-legacy"))
        flags = ("--certificate", "web.p12", "--passin", f"pass:{PASSPHRASE}")
        self.mint_fails_locally(program.KEY, "web.p12", *flags, hint="legacy")

    def test_as_private_key_beside_a_certificate_file(self):
        self.write("web.p12", pki.pkcs12_file(self.key, self.leaf, self.chain))
        self.write("web.pem", pki.pem(self.leaf, *self.chain))
        self.mint("--certificate", "web.pem", "--private-key", "web.p12")

    def test_the_password_is_asked_for_once(self):
        """Key and certificate come from one file, so a password from a pipe works for both."""
        self.write("web.p12", pki.pkcs12_file(self.key, self.leaf, self.chain, PASSPHRASE))
        self.mint(
            "--certificate", "web.p12", "--passin", "stdin", stdin=PASSPHRASE.encode() + b"\n"
        )

    def exported(self, password, *more):
        """The key, leaf and chain as exported by `openssl pkcs12 -export`."""
        parts = pki.pkcs8_pem(self.key) + pki.pem(self.leaf, *self.chain)
        command = ("pkcs12", "-export", "-passout", f"pass:{password}", *more)
        return run_tool(openssl.OPENSSL, *command, stdin=parts)


@expand
class InOneFileWithTheCertificate(FileKeyTest):
    @each("RSA", "EC")
    def test_key_first(self, kind):
        self.write("web.pem", self.pem(kind) + pki.pem(self.leaves[kind]))
        self.mint("--certificate", "web.pem")

    @each("RSA", "EC")
    def test_certificate_first(self, kind):
        self.write("web.pem", pki.pem(self.leaves[kind]) + self.pem(kind))
        self.mint("--certificate", "web.pem")

    def test_named_twice(self):
        self.write("web.pem", pki.pem(self.leaves["EC"]) + self.pem("EC"))
        self.mint("--certificate", "web.pem", "--private-key", "web.pem")

    def test_with_the_chain_behind(self):
        intermediate = self.root.make_intermediate("issuing CA")
        key = self.keys["EC"]
        leaf = intermediate.issue(key.public_key())
        self.write("web.pem", self.pem("EC") + pki.pem(leaf, intermediate.certificate))
        self.mint("--certificate", "web.pem")
        self.assertEqual(self.last_request()["chain_length"], 1)

    def test_encrypted(self):
        encrypted = pki.encrypted_pkcs8_pem(self.keys["EC"], PASSPHRASE)
        self.write("web.pem", pki.pem(self.leaves["EC"]) + encrypted)
        self.mint("--certificate", "web.pem", "--passin", f"pass:{PASSPHRASE}")

    def test_encrypted_key_elsewhere_leaves_the_certificate_readable(self):
        """The certificate is readable although the file has a key with an unknown passphrase."""
        other = pki.encrypted_pkcs8_pem(pki.make_key(), "another passphrase")
        self.write("web.pem", pki.pem(self.leaves["EC"]) + other)
        self.write("web.key", self.pem("EC"))
        self.mint("--certificate", "web.pem", "--private-key", "web.key")


class WaysToWriteAFile(FileKeyTest):
    def test_text_around_the_pem(self):
        self.mint_with(
            "EC", b"Bag Attributes\n  friendlyName: web\n\n" + self.pem("EC") + b"\nend\n"
        )

    def test_lines_that_end_with_cr_lf(self):
        self.mint_with("RSA", self.pem("RSA").replace(b"\n", b"\r\n"))

    def test_no_line_end_at_the_end(self):
        self.mint_with("RSA", self.pem("RSA").rstrip(b"\n"))

    def test_more_than_a_screen_of_text_before_the_pem(self):
        self.mint_with("EC", b"# a comment that goes on and on\n" * 500 + self.pem("EC"))


@expand
class WaysToNameAFile(FileKeyTest):
    def setUp(self):
        super().setUp()
        self.write("web.pem", pki.pem(self.leaves["EC"]))
        self.write("web.key", self.pem("EC"))

    def mint_with_key_named(self, name):
        self.mint("--certificate", "web.pem", "--private-key", name)

    def test_absolute(self):
        self.mint_with_key_named(self.folder / "web.key")

    def test_file_uri_relative(self):
        self.mint_with_key_named("file:web.key")

    def test_file_uri_absolute(self):
        self.mint_with_key_named(f"file://{self.folder}/web.key")

    @each(
        blank="my web.key",
        colon="web:1.key",
        drive="c:web.key",
        percent="web%20.key",
        question_mark="web.key?x=1",
        outside_ascii="schlüssel.key",
        dash="-web.key",
    )
    def test_strange_name(self, name):
        shutil.copy(self.folder / "web.key", self.folder / name)
        self.mint("--certificate", "web.pem", f"--private-key={name}")

    def test_symbolic_link(self):
        (self.folder / "link.key").symlink_to("web.key")
        self.mint_with_key_named("link.key")

    def test_pipe_as_shells_substitute_it(self):
        reader, writer = os.pipe()
        os.write(writer, self.pem("EC"))
        os.close(writer)
        self.addCleanup(os.close, reader)
        flags = ("--certificate", "web.pem", "--private-key", f"/dev/fd/{reader}")
        self.mint(*flags, pass_fds=(reader,))


@unittest.skipIf(openssl.version() < (3, 5), "OpenSSL has ML-DSA from version 3.5 on")
@expand
class MlDsa(SystemTest):
    """The openssl command checks these signatures, because the emulator does not know ML-DSA."""

    @each("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
    def test_sign_with(self, algorithm):
        run_tool(
            openssl.OPENSSL, "genpkey", "-algorithm", algorithm, "-out", self.folder / "web.key"
        )
        signature = self.succeed("sign-string", "--private-key", "web.key", "--format", "bin")
        self.write("signature", signature)
        self.write("message", sign_string_message(self.folder / "web.key"))
        run_tool(
            *(openssl.OPENSSL, "pkeyutl", "-verify", "-rawin", "-inkey", self.folder / "web.key"),
            *("-in", self.folder / "message", "-sigfile", self.folder / "signature"),
        )


def sign_string_message(key_path):
    public_key = run_tool(openssl.OPENSSL, "pkey", "-in", key_path, "-pubout", "-outform", "DER")
    return sign_string.message(public_key)


if __name__ == "__main__":
    unittest.main()
