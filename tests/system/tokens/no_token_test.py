#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A module that shows no token, or cannot be initialised: the message has the cause, the hint a fix."""

import os
import unittest

from support import misbehaving, program, token
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import in_library_folder, need
from support.system_test import SystemTest, let_others_run_the_program

URI = "pkcs11:token=test;object=web"


@expand
class NoTokenTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.objects = self.folder / "objects"
        self.objects.mkdir()
        configuration = self.write("softhsm2.conf", f"directories.tokendir = {self.objects}\n")
        self.env = {"SOFTHSM2_CONF": str(configuration)}
        token.need_softhsm()
        program.need_back_end("pkcs11")

    def refuse(self, message, hint, module=token.MODULE, env=None, **more):
        flags = ("--private-key", URI, "--pkcs11-lib", module)
        return self.fail_with(
            program.KEY, message, "sign-string", *flags, hint=hint, env=env, **more
        )

    def faulty(self, *faults):
        return misbehaving.environment(self.env, *faults)

    def test_softhsm_has_none_in_its_folder_and_the_hint_helps(self):
        result = self.refuse(f"there is none in SoftHSM's folder {self.objects}", "softhsm2-util")
        self.assertIn(str(self.folder / "softhsm2.conf"), result.stderr)
        run_tool(
            *(token.SOFTHSM2_UTIL, "--init-token", "--free", "--label", "test"),
            *("--so-pin", token.SO_PIN, "--pin", token.PIN),
            env=self.env,
        )
        self.refuse("needs a PIN", "--passin")

    def test_softhsm_behind_p11_kit_says_the_same(self):
        self.refuse("there is none in SoftHSM's folder", "softhsm2-util", "p11-kit-proxy.so")

    @unittest.skipUnless(os.getuid() == 0, "only root can run the program as another user")
    def test_softhsm_may_not_read_its_folder(self):
        let_others_run_the_program(self)
        self.folder.chmod(0o755)
        (self.folder / "softhsm2.conf").chmod(0o644)
        self.objects.chmod(0o700)
        self.refuse(
            "C_Initialize: CKR_GENERAL_ERROR",
            f"must read and write the folder {self.objects}, which {self.folder}/softhsm2.conf names: "
            "Permission denied",
            wrapper=("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
        )

    def test_slots_are_empty(self):
        env = self.faulty("token-removed", "other-maker")
        self.refuse("its 1 slots are empty", "connected", misbehaving.module(), env)

    def test_none_is_initialised(self):
        env = self.faulty("other-maker")
        message = "it has 1, and none is initialised"
        self.refuse(message, "initialise it", misbehaving.module(), env)

    def test_there_is_no_slot(self):
        self.refuse("shows no token: it has no slot", "pcscd", "opensc-pkcs11.so")

    CODES = {
        "CKR_HOST_MEMORY": "does the service that the module needs run",
        "CKR_FUNCTION_FAILED": "does the service that the module needs run",
        "CKR_ARGUMENTS_BAD": "the module may want parameters",
    }

    @each(*CODES)
    def test_that_cannot_be_initialised(self, code):
        hint = self.CODES[code]
        env = self.faulty(f"initialize={code}")
        self.refuse(f"C_Initialize: {code}", hint, misbehaving.module(), env)

    def test_softhsm_has_no_configuration(self):
        env = {"SOFTHSM2_CONF": "/absent.conf"}
        self.refuse("C_Initialize: CKR_GENERAL_ERROR", "check SOFTHSM2_CONF", env=env)

    def test_nss_wants_parameters(self):
        module = in_library_folder("libsoftokn3.so")
        need(module, "libnss3")
        self.refuse("C_Initialize: CKR_ARGUMENTS_BAD", "x-init-reserved", module)


if __name__ == "__main__":
    unittest.main()
