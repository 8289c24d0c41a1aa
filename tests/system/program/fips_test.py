#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A system whose OpenSSL configuration demands FIPS: `fips=yes` among the default properties.

Every command works there, or says which algorithm is not allowed. The module is OpenSSL's own
(support/fips.py); where there is none, all tests are skipped.
"""

import json
import os
import subprocess
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from support import fips, openssl, pki, program, serve, sign_string, token, tpm
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import provider_modules
from support.strace import STRACE, need_strace
from support.system_test import MintTest, make_folder
from support.tpm_test import AUTH, HANDLE, TpmTest

PASSPHRASE = "correct horse 3917"
PKCS8_HINT = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW"
PKCS12_HINT = "openssl pkcs12 -in OLD -out NEW"
DEMANDS = "is not allowed, because OpenSSL's configuration demands FIPS"


def verify(public_key, signature):
    text = sign_string.message_for(public_key)
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    else:
        public_key.verify(signature, text, ec.ECDSA(hashes.SHA256()))


class FipsTest(MintTest):
    @classmethod
    def setUpClass(cls):
        fips.module()
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.secret(PASSPHRASE)
        self.fips = fips.Fips(make_folder(self))
        self.env |= self.fips.env


@expand
class KeyFiles(FipsTest):
    @each("RSA2048", "RSA3072", "P256", "P384", "P521")
    def test_mint_with(self, kind):
        self.mint(*self.write_identity(pki.make_key(kind)))

    @each("RSA2048", "P256")
    def test_sign_string_with(self, kind):
        key = pki.make_key(kind)
        self.write("web.key", pki.pkcs8_pem(key))
        verify(
            key.public_key(),
            self.succeed("sign-string", "--private-key", "web.key", "--format", "bin"),
        )

    def test_encrypted_with_pbkdf2_and_aes(self):
        key = pki.make_key()
        flags = self.write_identity(key)
        self.write("web.key", pki.encrypted_pkcs8_pem(key, PASSPHRASE))
        self.mint(*flags, "--passin", f"pass:{PASSPHRASE}")

    def test_traditional(self):
        key = pki.make_key("RSA2048")
        flags = self.write_identity(key)
        self.write("web.key", pki.traditional_pem(key))
        self.mint(*flags)

    def test_read_certificate_data(self):
        self.write("web.pem", pki.pem(self.root.certificate))
        command = ("read-certificate-data", "--certificate", "web.pem")
        self.assertEqual(json.loads(self.succeed(*command))["keyType"], "EC")
        self.assertIn(b"test root", self.succeed(*command, "--format", "text"))

    def test_cache(self):
        identity = self.write_identity()
        self.env["XDG_RUNTIME_DIR"] = str(make_folder(self))
        first = self.mint(*identity, "--cache")
        again, records = json.loads(self.succeed(*self.arguments(*identity, "--cache"))), []
        self.assertEqual((again, records), (first, []))

    def test_update_once(self):
        _, *rest = self.arguments(*self.write_identity())
        self.succeed("update", "--once", *rest)
        written = (self.folder / ".aws" / "credentials").read_text()
        self.assertIn(self.last_request()["access_key_id"], written)

    def test_exec(self):
        _, *rest = self.arguments(*self.write_identity())
        ask = "import os, urllib.request as u; print(u.urlopen(u.Request(" \
            "os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], headers={'Authorization': " \
            "os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']})).read().decode())"
        printed = self.succeed("exec", *rest, "--", "/usr/bin/python3", "-c", ask)
        self.assertEqual(
            json.loads(printed)["AccessKeyId"], self.last_request()["access_key_id"]
        )

    def test_over_tls(self):
        service = self.start_own_service(tls_folder=make_folder(self))
        self.mint(*self.write_identity(), "--ca-bundle", service.ca_bundle)


@expand
class NotAllowed(FipsTest):
    """Everything here works where FIPS is not demanded: each test shows that first."""

    def refuse(self, algorithm, passphrase, hint):
        """`hint` is the command that converts the key file; it is followed, with the passphrase."""
        secret = ("--passin", f"pass:{passphrase}") if passphrase else ()
        command = ("sign-string", "--private-key", "web.key", *secret)
        demanded, self.env = self.env, {}
        self.succeed(*command)
        self.env = demanded
        self.fail_with(program.KEY, f"{algorithm} {DEMANDS}", *command, hint=hint)
        words = ("-passin", f"pass:{passphrase or ''}", "-passout", f"pass:{PASSPHRASE}")
        path = {"OLD": self.folder / "web.key", "NEW": self.folder / "new.key"}
        run_tool(*(path.get(word, word) for word in hint.split()), *words)
        self.succeed(
            *("sign-string", "--private-key", "new.key", "--passin", f"pass:{PASSPHRASE}")
        )

    def rewrite(self, *command):
        key = pki.traditional_pem(pki.make_key("RSA2048"))
        self.write("web.key", openssl.rewrite(key, *command, "-passout", f"pass:{PASSPHRASE}"))

    def test_old_encryption_of_pem(self):
        self.rewrite("rsa", "-aes128", "-traditional")
        self.refuse("MD5", PASSPHRASE, PKCS8_HINT)

    def test_scrypt(self):
        self.rewrite("pkcs8", "-topk8", "-scrypt")
        self.refuse("SCRYPT", PASSPHRASE, PKCS8_HINT)

    @each(with_passphrase=PASSPHRASE, without_passphrase=None)
    def test_pkcs12(self, passphrase):
        key = pki.make_key()
        leaf = self.root.issue(key.public_key())
        self.write("web.key", pki.pkcs12_file(key, leaf, passphrase=passphrase))
        self.refuse("PKCS12KDF", passphrase, PKCS12_HINT)


class WhatIsUsed(FipsTest):
    """The files that the program opens tell which provider it uses."""

    def opened(self, *arguments):
        need_strace()
        trace = self.folder / "trace"
        wrapper = (STRACE, "-f", "-qq", "-e", "trace=openat", "-o", str(trace))
        result = program.run(arguments, self.folder, self.env, wrapper=wrapper)
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        return trace.read_text()

    def sign(self):
        self.write("web.key", pki.pkcs8_pem(pki.make_key()))
        return ("sign-string", "--private-key", "web.key")

    def test_the_module(self):
        self.assertIn(self.fips.module, self.opened(*self.sign()))

    def test_fips_among_other_properties(self):
        self.fips.demand("provider != legacy, fips = yes")
        self.sign_with_md5(self.fail_with, program.KEY, "MD5")

    def test_old_setting(self):
        self.fips.demand("?provider=none\nfips_mode = yes")
        self.sign_with_md5(self.fail_with, program.KEY, "MD5")

    def test_fips_is_only_preferred(self):
        section = "[default_sect]\nactivate = 1"
        self.fips.demand("?fips=yes", "default = default_sect", section)
        self.sign_with_md5(self.succeed)

    def sign_with_md5(self, outcome, *expected):
        key = pki.traditional_pem(pki.make_key("RSA2048"))
        command = ("rsa", "-aes128", "-traditional", "-passout", f"pass:{PASSPHRASE}")
        self.write("web.key", openssl.rewrite(key, *command))
        flags = ("--passin", f"pass:{PASSPHRASE}")
        outcome(*expected, "sign-string", "--private-key", "web.key", *flags)


class CannotBeHad(FipsTest):
    def fails(self, message, hint="openssl fipsinstall", status=program.USAGE):
        self.write("web.key", pki.pkcs8_pem(pki.make_key()))
        self.fail_with(status, message, "sign-string", "--private-key", "web.key", hint=hint)

    def test_a_module_that_was_changed(self):
        settings = self.fips.settings
        mac = "module-mac = "
        text = settings.read_text()
        changed = text.replace(mac, f"{mac}00:", 1)
        settings.write_text(changed)
        self.fails("demands FIPS, which cannot be had")

    def test_a_module_that_is_missing(self):
        settings = self.fips.settings
        settings.write_text(settings.read_text().replace(self.fips.module, "/nowhere/fips.so"))
        self.fails("demands FIPS, which cannot be had")

    def test_no_settings(self):
        self.fips.configuration.write_text(
            self.fips.configuration.read_text().replace("fips = fips_sect", "")
        )
        self.fails("it has no settings for the provider fips")

    def test_a_configuration_that_cannot_be_read(self):
        self.fips.configuration.write_text("[unfinished")
        self.write("web.key", pki.pkcs8_pem(pki.make_key()))
        self.fail_with(
            *(program.LOCAL_IO, "reading OpenSSL's configuration"),
            *("sign-string", "--private-key", "web.key"),
        )


class Serving(FipsTest):
    def start(self, *flags):
        _, *rest = self.arguments(*self.write_identity())
        return serve.Server(self, *rest, "--port", "0", "--token-file", "token", *flags)

    def has_module(self, server):
        maps = (f"/proc/{server.process.pid}/maps", "ascii")
        with open(maps[0], encoding=maps[1]) as file:
            return self.fips.module in file.read()

    def test_with_the_variable(self):
        server = self.start("--use-openssl-conf")
        container = json.loads(server.container().body)
        self.assertEqual(container["AccessKeyId"], self.last_request()["access_key_id"])
        self.assertTrue(self.has_module(server))

    def test_the_variable_is_ignored_without_the_flag(self):
        server = self.start()
        self.assertEqual(server.container().status, 200)
        self.assertFalse(self.has_module(server))


class InToken(FipsTest):
    """The module is SoftHSM, which itself uses OpenSSL, and its configuration."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaves = {
            "rsa": cls.root.issue(cls.original.generate("RSA:2048", "rsa", "01")),
            "ec": cls.root.issue(cls.original.generate("EC:prime256v1", "ec", "02")),
        }

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.env |= self.token.env
        self.flags = ("--pkcs11-lib", token.MODULE, "--passin", f"pass:{self.secret(token.PIN)}")

    def test_mint(self):
        for name, leaf in self.leaves.items():
            with self.subTest(name):
                self.write("web.pem", pki.pem(leaf))
                key = ("--private-key", f"pkcs11:token=test;object={name}")
                self.mint("--certificate", "web.pem", *key, *self.flags)

    def test_sign_string(self):
        key = ("--private-key", "pkcs11:token=test;object=rsa")
        signature = self.succeed("sign-string", *key, *self.flags, "--format", "bin")
        verify(self.leaves["rsa"].public_key(), signature)

    def test_list(self):
        printed = self.succeed("list", "pkcs11:token=test", *self.flags)
        self.assertIn(b"object=rsa", printed)


class InTpm(TpmTest):
    @classmethod
    def setUpClass(cls):
        fips.module()
        super().setUpClass()

    @classmethod
    def make_keys(cls):
        cls.leaf = cls.root.issue(cls.tpm.make_persistent(HANDLE, auth=AUTH))

    def setUp(self):
        super().setUp()
        self.fips = fips.Fips(make_folder(self))
        self.env |= self.fips.env
        self.auth = ("--passin", f"pass:{AUTH}")

    def test_mint_with_handle(self):
        self.mint_with_key(f"handle:{HANDLE}", *self.auth)

    def test_mint_with_key_file(self):
        pem, public_key = self.tpm.make_key_file(tpm.RSA_2048)
        self.write("web.key", pem)
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.mint_with_key("web.key")

    def test_list(self):
        self.assertIn(HANDLE.encode(), self.succeed("list", "handle:"))


class OtherPrograms(TpmTest):
    """The openssl command with credmint-tpm2.so, where FIPS is demanded."""

    @classmethod
    def setUpClass(cls):
        fips.module()
        super().setUpClass()

    def sign(self, settings, key=f"handle:{HANDLE}"):
        demanding = fips.Fips(make_folder(self))
        section = f"[tpm_sect]\nmodule = {provider_modules()}/credmint-tpm2.so\nactivate = 1"
        demanding.demand(
            "fips=yes,?provider=fips",
            providers="credmint-tpm2 = tpm_sect",
            more=f"{section}\n{settings}",
        )
        self.write("text", "text")
        command = ("dgst", "-sha256", "-sign", key, "-out", "signature", "text")
        return subprocess.run(
            (openssl.OPENSSL, *command),
            cwd=self.folder,
            env={**os.environ, **self.env, **demanding.env},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_setting(self):
        signed = self.sign("assume-fips = 1")
        self.assertEqual(signed.returncode, 0, signed.stderr)
        self.leaf.public_key().verify(
            (self.folder / "signature").read_bytes(), b"text", ec.ECDSA(hashes.SHA256())
        )

    def test_key_files_stay_with_the_fips_provider(self):
        key = pki.make_key()
        self.write("web.key", pki.pkcs8_pem(key))
        signed = self.sign("assume-fips = 1", "web.key")
        self.assertEqual(signed.returncode, 0, signed.stderr)
        key.public_key().verify(
            (self.folder / "signature").read_bytes(), b"text", ec.ECDSA(hashes.SHA256())
        )

    def test_without_the_setting_the_key_is_not_found(self):
        signed = self.sign("")
        self.assertNotEqual(signed.returncode, 0)
        self.assertIn("unsupported", signed.stderr)


if __name__ == "__main__":
    unittest.main()
