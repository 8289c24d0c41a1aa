#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real modules work in the sandbox of a key process, by default.

Most other tests use SoftHSM, and nss_test NSS's token. key_process_test has p11-kit's client and
tpm2-pkcs11 with a resource manager. These are the rest.
"""

import re
import shutil
import subprocess
import unittest

from cryptography import x509

from support import openssl, p11_kit, pki, program, token, tpm, tpm2_pkcs11
from support.cases import each, expand
from support.requirements import in_library_folder, need, provider_modules
from support.strace import STRACE, need_strace
from support.system_test import MintTest, make_folder

KEY = "pkcs11:token=test;object=web"
OPENSC = in_library_folder("opensc-pkcs11.so")


@expand
class RealModules(MintTest):
    def flags(self, module):
        return (
            *("--certificate", "web.pem", "--private-key", KEY),
            *("--pkcs11-lib", module, "--passin", f"pass:{self.secret(token.PIN)}"),
        )

    def test_tpm2_pkcs11(self):
        device = tpm.Tpm(self, make_folder(self))
        held = tpm2_pkcs11.TpmToken(self.folder / "held", device.tcti)
        self.write("web.pem", pki.pem(self.root.issue(held.generate("EC:prime256v1"))))
        self.mint(*self.flags(held.module), env=held.env)

    def test_tpm2_pkcs11_gets_a_certificate_for_its_own_key(self):
        device = tpm.Tpm(self, make_folder(self))
        held = tpm2_pkcs11.TpmToken(self.folder / "held", device.tcti)
        held.generate("EC:prime256v1")
        self.env = held.env
        key = ("--private-key", KEY, *self.flags(held.module)[4:])
        request = self.succeed("csr", *key, "--subject", "/CN=web")
        self.write("web.pem", pki.pem(self.root.issue(x509.load_pem_x509_csr(request).public_key())))
        self.succeed("import-certificate", "--certificate", "web.pem", *key)
        self.mint("--certificate", KEY, *key)
        claim = self.succeed("key", "attest", KEY, "--nonce", "00" * 16, *key[2:])
        self.assertIn(b"attributes", claim)

    def far_module(self, held):
        """The environment in which p11-kit runs SoftHSM in another process."""
        modules = p11_kit.Configuration(self.folder)
        need(p11_kit.P11_KIT, "p11-kit")
        modules.add("far", remote=f"|{p11_kit.P11_KIT} remote {token.MODULE}")
        return {**held.env, **modules.env}

    def test_p11_kit_starts_a_remote_module(self):
        """`remote:` with a command: p11-kit runs it while it is initialised."""
        held = token.Token(self.folder / "t")
        self.write("web.pem", pki.pem(self.root.issue(held.generate("EC:prime256v1"))))
        env = self.far_module(held)
        self.mint(*self.flags(p11_kit.PROXY), env=env, wrapper=p11_kit.wrapper())

    def test_p11_kit_passes_no_eddsa_and_the_error_names_it(self):
        """By the openssl command: AWS takes no such keys."""
        held = token.Token(self.folder / "t")
        held.generate_unread("EC:edwards25519")
        modules = {"near": p11_kit.Configuration(self.folder / "near", near=token.MODULE).env}
        modules["far"] = self.far_module(held)
        providers = ("-provider-path", provider_modules(), "-provider", "credmint-pkcs11")
        request = (
            *("req", "-new", "-subj", "/CN=web", "-key", KEY, "-passin", f"pass:{token.PIN}"),
            *(*providers, "-provider", "default"),
        )
        runs = {
            place: subprocess.run(
                (*p11_kit.wrapper(), openssl.OPENSSL, *request), capture_output=True, text=True,
                env={"PATH": "/usr/bin:/bin", **held.env, **env},
            )
            for place, env in modules.items()
        }
        self.assertIn("BEGIN CERTIFICATE REQUEST", runs["near"].stdout, str(runs["near"]))
        self.assertIn("the token refuses CKM_EDDSA for this key", runs["far"].stderr)
        self.assertIn("p11-kit passes no EdDSA", runs["far"].stderr)

    def test_opensc_without_a_reader(self):
        need(OPENSC, "opensc-pkcs11")
        self.write("web.pem", pki.pem(self.root.issue(pki.make_key().public_key())))
        self.mint_fails_locally(program.KEY, "shows no token", *self.flags(OPENSC))

    @each(
        old=(("landlock_create_ruleset:error=ENOSYS",), ["this kernel has no Landlock"]),
        neither=(
            ("landlock_create_ruleset:error=EOPNOTSUPP", "seccomp:error=EINVAL"),
            ["this kernel has no Landlock", "seccomp: Invalid argument"],
        ),
    )
    def test_a_kernel_that_is(self, case):
        """Its calls fail as those of such a kernel. The mint goes on, and --debug says it."""
        faults, expected = case
        need_strace()
        held = token.Token(self.folder / "t")
        self.write("web.pem", pki.pem(self.root.issue(held.generate("EC:prime256v1"))))
        injected = [part for fault in faults for part in ("-e", f"inject={fault}")]
        run = self.run_program(
            *self.arguments(*self.flags(token.MODULE), "--debug"), env=held.env,
            wrapper=(STRACE, "-f", "-qq", "-o", "/dev/null", *injected),
        )
        self.assertEqual(run.status, program.SUCCESS, str(run))
        self.assertEqual(re.findall("the sandbox is not complete: (.*)", run.stderr), expected)

    def test_softhsm_by_a_link_of_another_name(self):
        held = token.Token(self.folder / "t")
        self.write("web.pem", pki.pem(self.root.issue(held.generate("EC:prime256v1"))))
        link = self.folder / "vendor.so"
        link.symlink_to(token.MODULE)
        self.mint(*self.flags(link), env=held.env)

    def test_softhsm_in_a_file_of_another_name(self):
        """Nothing is known of this module, which then has more rights and works as well."""
        held = token.Token(self.folder / "t")
        self.write("web.pem", pki.pem(self.root.issue(held.generate("EC:prime256v1"))))
        copy = self.folder / "vendor.so"
        shutil.copy(token.MODULE, copy)
        self.mint(*self.flags(copy), env=held.env)


if __name__ == "__main__":
    unittest.main()
