#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Other modules that p11-kit's proxy loads may write to stderr, as tpm2-pkcs11 does without a TPM.

An SDK may treat that as a failure, and a user may blame credmint.
"""

import unittest

from support import misbehaving, p11_kit, pki, program, token
from support.system_test import MintTest, make_folder

NOISE = "ERROR: Could not initialize tpm ctx: 0x5"
KEY = "pkcs11:token=test;object=web"


class Noise(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.original.generate("EC:prime256v1"))

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.write("web.pem", pki.pem(self.leaf))
        modules = p11_kit.Configuration(
            self.folder, noisy=misbehaving.module(), softhsm=token.MODULE
        )
        faults = (f"prints={NOISE}", "initialize=CKR_GENERAL_ERROR")
        self.env = {**misbehaving.environment(self.token.env, *faults), **modules.env}
        self.pin_flags = ("--passin", f"pass:{self.secret(token.PIN)}")

    def run_program(self, *arguments, **more):
        return super().run_program(*arguments, wrapper=p11_kit.wrapper(), **more)

    def test_a_successful_mint_shows_nothing_of_it(self):
        self.mint("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags)

    def test_nor_does_a_list(self):
        self.succeed("list", "pkcs11:token=test", "--pkcs11-lib", p11_kit.PROXY)

    def test_debug_shows_it_and_which_module_was_loaded(self):
        flags = ("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags, "--debug")
        result = self.run_program(*self.arguments(*flags))
        self.assertEqual(result.status, program.SUCCESS, str(result))
        self.assertRegex(result.stderr, "debug loading the PKCS#11 module .*p11-kit-proxy.so")
        self.assertIn(f"the PKCS#11 module prints: {NOISE}", result.stderr)

    def test_the_error_shows_it_when_the_module_that_was_named_fails(self):
        self.mint_fails_locally(
            program.KEY,
            f"C_Initialize: CKR_GENERAL_ERROR (it prints: {NOISE})",
            *("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags),
            *("--pkcs11-lib", misbehaving.module()),
        )

    def test_an_error_of_ours_is_still_shown(self):
        self.mint_fails_locally(
            program.KEY,
            "no private key",
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test;object=no"),
            *self.pin_flags,
        )

    def test_a_module_that_works_prints_in_vain(self):
        self.env = misbehaving.environment(self.token.env, f"prints={NOISE}")
        self.mint(
            *("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags),
            *("--pkcs11-lib", misbehaving.module()),
        )


class NulsForBlanks(MintTest):
    """tpm2-pkcs11 pads its tokens' names with NULs, which other programs list as blanks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.original.generate("EC:prime256v1"))

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.write("web.pem", pki.pem(self.leaf))
        self.env = misbehaving.environment(self.token.env, "nul-padded")
        self.flags = ("--pkcs11-lib", misbehaving.module())

    def mint_with(self, attributes):
        self.mint(
            *("--certificate", "web.pem", "--private-key", f"pkcs11:{attributes};object=web"),
            *("--passin", f"pass:{self.secret(token.PIN)}", *self.flags),
        )

    def test_model_as_it_is(self):
        self.mint_with("model=SoftHSM%20v2")

    def test_model_with_the_blanks_of_a_list(self):
        self.mint_with("model=SoftHSM%20v2%20%20%20%20%20%20")

    def test_model_with_the_nuls_of_the_token(self):
        self.mint_with("model=SoftHSM%20v2%00%00%00%00%00%00")

    def test_manufacturer_and_token(self):
        self.mint_with("manufacturer=SoftHSM%20project;token=test%20%20")

    def test_our_list_prints_neither(self):
        listed = self.succeed("list", "--json", "pkcs11:", *self.flags).decode()
        self.assertNotIn("%00", listed)
        self.assertNotIn("u0000", listed)
        self.assertIn("model=SoftHSM%20v2;", listed)


if __name__ == "__main__":
    unittest.main()
