#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Memory that nothing points to any more, at the end of each command. LeakSanitizer looks for it,
so the program must be built by `scripts/test-sanitizers address`.

Keys are in files and in a TPM. With --no-key-process our TPM provider runs in the program itself,
where the check reaches it: a key process ends at once, without the check. So does `exec`. There are
no PKCS#11 modules here, because nobody can tell whose a leak is once its library is unloaded.
"""

import os
import pathlib
import signal
import unittest

from support import pki, program, serve, tpm
from support.cases import each, expand
from support.system_test import MintTest, make_folder
from support.tpm_test import AUTH, HANDLE, TpmTest

PASSPHRASE = "correct horse 3917"
RENEWALS = 4
SUPPRESSIONS = pathlib.Path(os.environ["CREDMINT_SOURCE"], "tests/support/leaks.suppressions")


class WithoutLeaks:
    """Mixed into a test: every run of the program must have been checked, and have no leak."""

    def setUp(self):
        super().setUp()
        self.reports = make_folder(self)
        # LeakSanitizer names the threads that it looks at. That proves that it was at work.
        self.env |= {
            "ASAN_OPTIONS": "detect_leaks=1",
            "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0:log_threads=1"
            f":log_path={self.reports}/report",
        }

    def run_program(self, *arguments, **more):
        earlier = len(self.checked())
        result = super().run_program(*arguments, **more)
        self.assertEqual(len(self.checked()), earlier + 1, f"was not checked\n{result}")
        return result

    def checked(self):
        """The reports of the processes that were checked. One with a leak fails the test."""
        texts = [path.read_text() for path in self.reports.iterdir()]
        for text in texts:
            self.assertNotIn("ERROR: LeakSanitizer", text, text)
        return [text for text in texts if "Processing thread" in text]

    def serve(self, *flags):
        """Starts serve, has it renew its credentials several times, and ends it."""
        self.start_own_service(lifetime=4)
        _, *rest = self.arguments(*flags)
        rest += ["--port", "0", "--token-file", "token", "--no-key-process"]
        server = serve.Server(self, *rest)
        serve.wait_until(lambda: len(self.service.requests()) > RENEWALS)
        self.assertEqual(server.container().status, 200)
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.container().status, 200)
        run = server.end(signal.SIGTERM)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(len(self.checked()), 1)


@expand
class KeyFiles(WithoutLeaks, MintTest):
    @each("RSA2048", "P256")
    def test_mint(self, kind):
        self.mint(*self.write_identity(pki.make_key(kind)))

    def test_mint_with_passphrase(self):
        key = pki.make_key()
        flags = self.write_identity(key)
        self.write("web.key", pki.encrypted_pkcs8_pem(key, PASSPHRASE))
        self.mint(*flags, "--passin", f"pass:{PASSPHRASE}")

    def test_mint_with_pkcs12(self):
        key = pki.make_key()
        file = pki.pkcs12_file(key, self.root.issue(key.public_key()), passphrase=PASSPHRASE)
        self.write("web.p12", file)
        self.mint("--certificate", "web.p12", "--passin", f"pass:{PASSPHRASE}")

    def test_mint_with_intermediates(self):
        self.write_identity()
        issuer = self.root.make_intermediate("issuing")
        key = pki.make_key()
        self.write("web.key", pki.pkcs8_pem(key))
        self.write("web.pem", pki.pem(issuer.issue(key.public_key()), issuer.certificate))
        self.mint("--certificate", "web.pem", "--private-key", "web.key")

    def test_mint_with_cache(self):
        self.env["XDG_RUNTIME_DIR"] = str(make_folder(self))
        flags = (*self.write_identity(), "--cache")
        self.mint(*flags)
        self.succeed(*self.arguments(*flags))

    def test_mint_that_the_service_refuses(self):
        self.start_own_service(fail=["403"])
        self.mint_fails(program.SERVICE, "", *self.write_identity())

    def test_mint_with_the_wrong_passphrase(self):
        flags = self.write_identity()
        self.write("web.key", pki.encrypted_pkcs8_pem(pki.make_key(), PASSPHRASE))
        self.mint_fails(program.KEY, "passphrase", *flags, "--passin", "pass:wrong")

    def test_mint_with_damaged_files(self):
        flags = self.write_identity()
        self.write("web.key", (self.folder / "web.key").read_text().replace("M", "!"))
        self.mint_fails(program.KEY, "", *flags)
        self.write("web.pem", (self.folder / "web.pem").read_text().replace("M", "!"))
        self.mint_fails(program.CERTIFICATE, "", *flags)

    def test_sign_string(self):
        self.write_identity()
        self.succeed("sign-string", "--private-key", "web.key")

    def test_read_certificate_data(self):
        self.write_identity()
        for form in ("json", "text"):
            command = ("read-certificate-data", "--certificate", "web.pem", "--format", form)
            self.succeed(*command)

    def test_update(self):
        _, *rest = self.arguments(*self.write_identity())
        self.succeed("update", "--once", *rest)

    def test_serve(self):
        self.serve(*self.write_identity())


class InTpm(WithoutLeaks, TpmTest):
    @classmethod
    def make_keys(cls):
        cls.leaf = cls.root.issue(cls.tpm.make_persistent(HANDLE, auth=AUTH))

    def setUp(self):
        super().setUp()
        self.flags = ("--no-key-process", "--passin", f"pass:{AUTH}")

    def test_mint_with_handle(self):
        self.mint_with_key(f"handle:{HANDLE}", *self.flags)

    def test_mint_with_key_file(self):
        for kind in (tpm.EC_P256, tpm.RSA_2048):
            pem, public_key = self.tpm.make_key_file(kind, f"user-auth:{AUTH}")
            self.write("web.key", pem)
            self.write("web.pem", pki.pem(self.root.issue(public_key)))
            self.mint_with_key("web.key", *self.flags)

    def test_mint_with_wrong_auth(self):
        key = f"handle:{HANDLE}"
        self.refuse(program.KEY, "", key, "--no-key-process", "--passin", "pass:wrong")

    def test_mint_with_no_key(self):
        self.refuse(program.KEY, "", "handle:0x81000042", "--no-key-process")

    def test_sign_string(self):
        self.succeed("sign-string", "--private-key", f"handle:{HANDLE}", *self.flags)

    def test_list(self):
        self.succeed("list", "--tpm", "--no-key-process")

    def test_serve(self):
        self.serve("--certificate", "web.pem", "--private-key", f"handle:{HANDLE}", *self.flags)


if __name__ == "__main__":
    unittest.main()
