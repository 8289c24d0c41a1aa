#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""OpenSC's pkcs11-tool with the misbehaving module: it sees the chosen fault and no other."""

import subprocess
import unittest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from support import misbehaving, pki, program, token
from support.cases import each, expand
from support.processes import die_with_parent
from support.system_test import SystemTest, make_folder

DIGEST = bytes(range(32))


@expand
class MisbehavingModule(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.original = token.Token(make_folder(cls) / "t")
        cls.public_key = cls.original.generate("EC:prime256v1")
        root = pki.make_root()
        cls.leaf = root.issue(cls.public_key)
        cls.original.write_certificate(cls.leaf)
        cls.original.write_certificate(root.certificate, "root", "ca")

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.log = self.folder / "calls"

    def tool(self, *arguments, faults=()):
        """Runs pkcs11-tool; returns its stdout and stderr together, and whether it succeeded."""
        result = subprocess.run(
            (token.PKCS11_TOOL, "--module", misbehaving.module(), *map(str, arguments)),
            env=program.environment(
                self.folder, misbehaving.environment(self.token.env, *faults, log=self.log)
            ),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=program.TIME_LIMIT_SECONDS,
            preexec_fn=die_with_parent,
            check=False,
        )
        return result.stdout.decode(), result.returncode == 0

    def sign(self, *faults, pin=token.PIN):
        """Has pkcs11-tool sign DIGEST into the file `signature`."""
        self.write("digest", DIGEST)
        login = ("--token-label", "test", "--login", *(("--pin", pin) if pin else ()))
        return self.tool(
            *(*login, "--sign", "--mechanism", "ECDSA", "--id", "01"),
            *("--input-file", "digest", "--output-file", "signature"),
            faults=faults,
        )

    def verify(self):
        raw = (self.folder / "signature").read_bytes()
        half = len(raw) // 2
        numbers = [int.from_bytes(part, "big") for part in (raw[:half], raw[half:])]
        digest = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
        self.public_key.verify(utils.encode_dss_signature(*numbers), DIGEST, digest)

    def test_without_a_fault_it_signs_and_logs_each_call(self):
        output, succeeded = self.sign()
        self.assertTrue(succeeded, output)
        self.verify()
        calls = misbehaving.calls(self.log)
        self.assertEqual(calls[0], "C_GetFunctionList")
        self.assertEqual(calls[1], "C_Initialize")
        self.assertEqual(calls[-1], "C_Finalize")
        for name in ("C_Login", "C_SignInit", "C_Sign"):
            self.assertEqual(calls.count(name), 1, calls)

    @each(
        pin_count_low=("pin-count-low", "user PIN count low"),
        pin_final_try=("pin-final-try", "final user PIN try"),
        pin_locked=("pin-locked", "user PIN locked"),
        protected_path=("protected-path", "PIN pad present"),
    )
    def test_flag_of_the_token(self, case):
        fault, shown = case
        self.assertNotIn(shown, self.tool("-L")[0])
        self.assertIn(shown, self.tool("-L", faults=[fault])[0])

    @each(
        pin_not_initialized=("pin-not-initialized", "PIN initialized"),
        no_login_required=("no-login-required", "login required"),
        token_removed=("token-removed", "token label"),
    )
    def test_no_longer_shown(self, case):
        fault, shown = case
        self.assertIn(shown, self.tool("-L")[0])
        self.assertNotIn(shown, self.tool("-L", faults=[fault])[0])

    def slot_id(self, *faults):
        """The ID of the first slot."""
        listed, _ = self.tool("-L", faults=faults)
        return int(listed.partition("Slot 0 (")[2].partition(")")[0], 16)

    def test_slot_ids(self):
        self.assertNotEqual(self.slot_id(), 0)
        self.assertEqual(self.slot_id("slot-zero"), 0)
        self.assertEqual(self.slot_id("moved"), self.slot_id() + 1)

    @each(
        initialize=("initialize=CKR_GENERAL_ERROR", "CKR_GENERAL_ERROR"),
        login=("login=CKR_PIN_EXPIRED", "CKR_PIN_EXPIRED"),
        locked=("pin-locked", "CKR_PIN_LOCKED"),
        not_initialized=("pin-not-initialized", "CKR_USER_PIN_NOT_INITIALIZED"),
        sign_init=("sign-init=CKR_DEVICE_MEMORY", "CKR_DEVICE_MEMORY"),
        code_as_a_number=("sign-init=0x31", "CKR_DEVICE_MEMORY"),
        any_function=("C_FindObjects=CKR_HOST_MEMORY", "CKR_HOST_MEMORY"),
        mechanism=("mechanism-absent=CKM_ECDSA", "CKR_MECHANISM_INVALID"),
        sessions=("sessions=0", "CKR_SESSION_COUNT"),
        sessions_invalidated=("sessions-invalidated", "CKR_SESSION_HANDLE_INVALID"),
        finalized=("finalized", "CKR_CRYPTOKI_NOT_INITIALIZED"),
    )
    def test_signing_fails_by(self, case):
        fault, code = case
        output, succeeded = self.sign(fault)
        self.assertFalse(succeeded, output)
        self.assertIn(code, output)

    @each("sign", "sign-once")
    def test_failed_signature_ends_the_operation(self, fault):
        """pkcs11-tool then calls C_SignUpdate, which finds no operation."""
        output, succeeded = self.sign(f"{fault}=CKR_DEVICE_ERROR")
        self.assertFalse(succeeded, output)
        self.assertIn("C_SignUpdate failed: rv = CKR_OPERATION_NOT_INITIALIZED", output)

    def test_logged_out(self):
        output, succeeded = self.sign("logged-out")
        self.assertFalse(succeeded, output)
        self.assertRegex(output, "CKR_(OBJECT|KEY)_HANDLE_INVALID|CKR_USER_NOT_LOGGED_IN")

    def test_login_already_made(self):
        """pkcs11-tool of OpenSC 0.23 treats the code as a failure; that of 0.26 ignores it."""
        output, succeeded = self.sign("login=CKR_USER_ALREADY_LOGGED_IN", pin="wrong")
        self.assertTrue(succeeded or "CKR_USER_ALREADY_LOGGED_IN" in output, output)

    def test_protected_path_takes_no_pin(self):
        output, succeeded = self.sign("protected-path", pin=None)
        self.assertTrue(succeeded, output)
        self.verify()

    def test_no_login_required_shows_private_objects(self):
        listing = ("--token-label", "test", "--list-objects", "--type", "privkey")
        self.assertNotIn("Private Key", self.tool(*listing)[0])
        self.assertIn("Private Key", self.tool(*listing, faults=["no-login-required"])[0])

    def test_wrong_signature(self):
        output, succeeded = self.sign("wrong-signature")
        self.assertTrue(succeeded, output)
        self.assertRaises(InvalidSignature, self.verify)

    def test_short_signature(self):
        output, succeeded = self.sign("short-signature")
        self.assertTrue(succeeded, output)
        self.assertEqual((self.folder / "signature").stat().st_size, 63)

    def test_absent_mechanism_is_not_listed(self):
        listing = ("--token-label", "test", "--list-mechanisms")
        self.assertIn("ECDSA", self.tool(*listing)[0])
        faults = ["mechanism-absent=CKM_ECDSA"]
        self.assertNotRegex(self.tool(*listing, faults=faults)[0], r"\bECDSA,")

    def read_certificate(self, label, *faults):
        self.tool(
            *("--token-label", "test", "--read-object", "--type", "cert", "--label", label),
            *("--output-file", label),
            faults=faults,
        )
        return (self.folder / label).read_bytes()

    def test_garbage_certificate(self):
        good = pki.der(self.leaf)
        self.assertEqual(self.read_certificate("web"), good)
        self.assertEqual(self.read_certificate("web", "garbage-certificate=root"), good)
        garbage = bytes(byte ^ 0xFF for byte in good)
        self.assertEqual(self.read_certificate("web", "garbage-certificate=web"), garbage)
        self.assertEqual(self.read_certificate("web", "garbage-certificate"), garbage)

    def test_absent_attribute(self):
        listing = ("--token-label", "test", "--list-objects", "--type", "cert")
        self.assertIn("label:", self.tool(*listing)[0])
        self.assertNotIn("label:", self.tool(*listing, faults=["absent-attribute=CKA_LABEL"])[0])

    def test_unknown_setting_stops_the_process(self):
        output, succeeded = self.tool("-L", faults=["pin-lokced"])
        self.assertFalse(succeeded)
        self.assertIn("cannot understand the setting 'pin-lokced'", output)


if __name__ == "__main__":
    unittest.main()
