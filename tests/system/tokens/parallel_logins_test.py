#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many programs log in to one SoftHSM token at once.

Each login rewrites the token's file. A program that reads it meanwhile sees no token, or a token
without a label or PIN. CREDMINT_PARALLEL_MINTS is the number of mints (40).
"""

import concurrent.futures
import os
import threading
import time
import unittest

from support import misbehaving, p11_kit, pki, program, token
from support.cases import each, expand
from support.system_test import MintTest, make_folder

MINTS = int(os.environ.get("CREDMINT_PARALLEL_MINTS", "40"))
AT_ONCE = 8
LOOKS = 10
KEY = "pkcs11:token=test;object=web"


class SharedTokenTest(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.original.generate("EC:prime256v1"))
        cls.original.write_certificate(cls.leaf)

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.log = self.folder / "log"
        self.write("web.pem", pki.pem(self.leaf))
        time.sleep(0.1)  # a file that was written a moment ago is read twice

    def flags(self, module, key=KEY, certificate="web.pem"):
        return (
            *("--certificate", certificate, "--private-key", key),
            *("--pkcs11-lib", module, "--passin", f"pass:{self.secret(token.PIN)}"),
        )


@expand
class ParallelLogins(SharedTokenTest):
    @each("web.pem", KEY)
    def test_every_mint_succeeds(self, certificate):
        flags = self.arguments(*self.flags(token.MODULE, certificate=certificate))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            mints = [
                pool.submit(self.run_program, *flags, env=self.token.env) for _ in range(MINTS)
            ]
        runs = [mint.result() for mint in mints]
        failed = [run.stderr for run in runs if run.status != program.SUCCESS]
        self.assertEqual(failed, [], f"{len(failed)} of {len(runs)} failed")


@expand
class WhileItIsRewritten(SharedTokenTest):
    """The file is empty when the module is initialised, and complete when the program retries."""

    def rewrite_until(self, name):
        """Keeps the file empty until the function `name` of the module has been called."""
        (file,) = (self.token.folder / "objects").glob("*/token.object")
        contents = file.read_bytes()
        file.write_bytes(b"")
        self.log.touch()

        def write():
            limit = time.monotonic() + program.TIME_LIMIT_SECONDS
            while name not in self.log.read_text() and time.monotonic() < limit:
                time.sleep(0.001)
            file.write_bytes(contents)

        writer = threading.Thread(target=write)
        writer.start()
        self.addCleanup(writer.join)

    @each("web.pem", KEY)
    def test_the_token_is_looked_for_again(self, certificate):
        self.rewrite_until("C_Finalize")
        env = misbehaving.environment(self.token.env, log=self.log)
        self.mint(*self.flags(misbehaving.module(), certificate=certificate), env=env)
        calls = misbehaving.calls(self.log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 1), calls)
        self.assertIn(calls.count("C_Initialize"), range(2, 2 + LOOKS), calls)

    def test_our_own_idle_session_does_not_prevent_it(self):
        """The idle session is the one that has read the certificate."""
        env = misbehaving.environment(self.token.env, "unreadable-once-open", log=self.log)
        self.mint(*self.flags(misbehaving.module(), certificate=KEY), env=env)
        calls = misbehaving.calls(self.log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 1), calls)
        self.assertEqual(calls.count("C_Initialize"), 2, calls)

    def test_by_p11_kit_too(self):
        self.rewrite_until("C_Finalize")
        configuration = p11_kit.Configuration(self.folder, module=misbehaving.module())
        env = misbehaving.environment({**self.token.env, **configuration.env}, log=self.log)
        self.mint(*self.flags(p11_kit.PROXY), env=env, wrapper=p11_kit.wrapper())


@expand
class LooksAndLogins(SharedTokenTest):
    """Numbers of looks and logins, from the log of the misbehaving module."""

    def fail_on(self, message, *faults, key=KEY):
        env = misbehaving.environment(self.token.env, *faults, log=self.log)
        flags = self.flags(misbehaving.module(), key)
        self.mint_fails_locally(program.KEY, message, *flags, env=env)
        return misbehaving.calls(self.log)

    def test_a_mistyped_label_costs_other_modules_one_look(self):
        calls = self.fail_on("no token of", "other-maker", key="pkcs11:token=tset;object=web")
        self.assertEqual((calls.count("C_Initialize"), calls.count("C_Login")), (2, 0), calls)

    def test_a_mistyped_label_costs_ten_looks_at_softhsm(self):
        calls = self.fail_on("no token of", key="pkcs11:token=tset;object=web")
        initialized = calls.count("C_Initialize")
        self.assertEqual((initialized, calls.count("C_Login")), (1 + LOOKS, 0), calls)

    def test_a_token_that_nobody_named_is_not_looked_for_again(self):
        calls = self.fail_on("shows no token", "token-removed", key="pkcs11:object=web")
        self.assertEqual(calls.count("C_Initialize"), 1, calls)

    @each("CKR_USER_PIN_NOT_INITIALIZED", "CKR_GENERAL_ERROR")
    def test_softhsm_without_its_pin_is_logged_in_to_again(self, code):
        calls = self.fail_on(code, f"login={code}")
        self.assertIn(calls.count("C_Login"), range(2, 2 + LOOKS), calls)
        self.assertEqual(calls.count("C_Initialize"), calls.count("C_Login"), calls)

    @each("CKR_USER_PIN_NOT_INITIALIZED", "CKR_GENERAL_ERROR")
    def test_other_tokens_are_not(self, code):
        calls = self.fail_on(code, f"login={code}", "other-maker")
        self.assertEqual((calls.count("C_Initialize"), calls.count("C_Login")), (1, 1), calls)

    def test_a_refused_pin_is_sent_once(self):
        calls = self.fail_on("CKR_PIN_INCORRECT", "login=CKR_PIN_INCORRECT")
        self.assertEqual((calls.count("C_Initialize"), calls.count("C_Login")), (1, 1), calls)

    def test_a_missing_key_costs_no_login(self):
        calls = self.fail_on("no private key on", key="pkcs11:token=test;object=wbe")
        self.assertEqual((calls.count("C_Initialize"), calls.count("C_Login")), (1, 1), calls)


if __name__ == "__main__":
    unittest.main()
