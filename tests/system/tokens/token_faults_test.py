#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Faults of a token or its module.

Nothing is tried twice, nothing wrong is sent to the service, nothing hangs, and the message names
the fault.
"""

import unittest

from support import misbehaving, pki, program, token
from support.cases import each, expand
from support.system_test import MintTest, make_folder

KEY = "pkcs11:token=test;object=web"
LABELS = ("web", "rsa")


class FaultyTokenTest(MintTest):
    """A token with an EC key `web`, its certificate, the CA's certificate, and an RSA key `rsa`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.make_objects(cls.original)

    @classmethod
    def make_objects(cls, made):
        rsa = made.generate("RSA:2048", label="rsa", key_id="02")
        cls.leaves = {
            "web": cls.root.issue(made.generate("EC:prime256v1")),
            "rsa": cls.root.issue(rsa),
        }
        made.write_certificate(cls.leaves["web"])
        made.write_certificate(cls.root.certificate, "root", "ca")

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.log = self.folder / "calls"
        self.pin_flags = ("--passin", f"pass:{self.secret(token.PIN)}")
        for label, leaf in self.leaves.items():
            self.write(f"{label}.pem", pki.pem(leaf))

    def misbehave(self, *faults):
        """Puts a module with these faults in front of the token for later runs."""
        self.env = misbehaving.environment(self.token.env, *faults, log=self.log)

    def flags(self, label="web", uri=None, certificate=None, pin=True):
        return (
            *("--certificate", certificate or f"{label}.pem"),
            *("--private-key", uri or f"pkcs11:token=test;object={label}"),
            *("--pkcs11-lib", misbehaving.module()),
            *(self.pin_flags if pin else ()),
        )

    def assert_calls(self, **expected):
        """Checks the numbers of calls; functions are named without C_."""
        calls = misbehaving.calls(self.log)
        counted = {name: calls.count(f"C_{name}") for name in expected}
        self.assertEqual(counted, expected, calls)


class LostLogins(FaultyTokenTest):
    def test_a_login_that_ends_before_the_signature_is_made_again(self):
        """SoftHSM ends it if another program logs in at that moment."""
        self.misbehave("logged-out")
        self.mint(*self.flags())
        self.assert_calls(Login=2, Sign=1)


@expand
class Login(FaultyTokenTest):
    CODES = (
        *("CKR_PIN_INCORRECT", "CKR_PIN_LOCKED", "CKR_PIN_EXPIRED", "CKR_PIN_LEN_RANGE"),
        *("CKR_PIN_INVALID", "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", "CKR_USER_PIN_NOT_INITIALIZED"),
        *("CKR_USER_TYPE_INVALID", "CKR_USER_TOO_MANY_TYPES", "CKR_SESSION_READ_ONLY_EXISTS"),
        *("CKR_DEVICE_ERROR", "CKR_DEVICE_MEMORY", "CKR_DEVICE_REMOVED", "CKR_FUNCTION_CANCELED"),
        *("CKR_FUNCTION_FAILED", "CKR_GENERAL_ERROR", "CKR_HOST_MEMORY", "CKR_ARGUMENTS_BAD"),
        *("CKR_SESSION_CLOSED", "CKR_SESSION_HANDLE_INVALID", "CKR_OPERATION_NOT_INITIALIZED"),
    )

    @each(*CODES)
    def test_refused_with(self, code):
        self.misbehave(f"login={code}", "other-maker")
        self.mint_fails_locally(program.KEY, code, *self.flags())
        self.assert_calls(Login=1, Sign=0)

    def test_refused_with_a_code_of_the_vendor(self):
        self.misbehave("login=0x80000001")
        self.mint_fails_locally(program.KEY, "0x80000001", *self.flags())
        self.assert_calls(Login=1, Sign=0)

    @each("CKR_PIN_INCORRECT", "CKR_PIN_LOCKED", "CKR_DEVICE_ERROR")
    def test_refused_with_the_certificate_on_the_token_too(self, code):
        self.misbehave(f"login={code}")
        self.mint_fails_locally(program.KEY, code, *self.flags(certificate=KEY))
        self.assert_calls(Login=1)

    @each("CKR_PIN_INCORRECT", "CKR_PIN_LOCKED", "CKR_DEVICE_ERROR")
    def test_refused_while_looking_for_a_hidden_certificate(self, code):
        self.misbehave(f"login={code}")
        hidden = "pkcs11:token=test;object=hidden"
        self.mint_fails_locally(program.KEY, code, *self.flags(certificate=hidden))
        self.assert_calls(Login=1)

    def test_already_made_by_another_part_of_the_process(self):
        self.misbehave("login=CKR_USER_ALREADY_LOGGED_IN")
        self.mint(*self.flags())
        self.assert_calls(Login=1, Sign=1)


@expand
class Flags(FaultyTokenTest):
    """The token's flags about its PIN, which are read before a PIN is sent."""

    REFUSED = {
        "pin_locked": ("pin-locked", "the token's user PIN is locked"),
        "pin_final_try": ("pin-final-try", "one more wrong PIN would lock the token"),
        "pin_not_initialized": ("pin-not-initialized", "no user PIN"),
    }

    @each(**REFUSED)
    def test_no_pin_is_sent_where(self, case):
        fault, message = case
        self.misbehave(fault)
        self.mint_fails_locally(program.KEY, message, *self.flags(), hint=" ")
        self.assert_calls(Login=0)

    @each(**REFUSED)
    def test_no_pin_is_asked_for_where(self, case):
        fault, message = case
        self.misbehave(fault)
        self.mint_fails_locally(program.KEY, message, *self.flags(pin=False))
        self.assert_calls(Login=0)

    def test_pin_count_low_still_allows_the_right_pin(self):
        self.misbehave("pin-count-low")
        self.mint(*self.flags())
        self.assert_calls(Login=1)

    def test_protected_path_needs_no_pin_from_us(self):
        self.misbehave("protected-path")
        self.mint(*self.flags(pin=False))
        self.assert_calls(Login=1, Sign=1)

    def test_protected_path_leaves_our_pin_unused(self):
        self.misbehave("protected-path")
        self.mint(*self.flags())
        self.assert_calls(Login=1, Sign=1)

    def test_protected_path_with_everything_on_the_token(self):
        self.misbehave("protected-path")
        self.mint(*self.flags(certificate=KEY, pin=False))
        self.assert_calls(Login=1, Sign=1)

    @each("CKR_PIN_INCORRECT", "CKR_FUNCTION_CANCELED")
    def test_protected_path_where_the_user_fails(self, code):
        self.misbehave("protected-path", f"login={code}")
        self.mint_fails_locally(program.KEY, code, *self.flags(pin=False))
        self.assert_calls(Login=1)

    def test_no_login_required(self):
        self.misbehave("no-login-required")
        self.mint(*self.flags(pin=False))
        self.assert_calls(Login=0, Sign=1)


@expand
class ContextLogin(FaultyTokenTest):
    """The second login of a key that requires one for each signature."""

    @classmethod
    def make_objects(cls, made):
        public_key = made.generate("EC:prime256v1", flags=("--always-auth",))
        cls.leaves = {"web": cls.root.issue(public_key)}

    @each("CKR_PIN_INCORRECT", "CKR_PIN_LOCKED", "CKR_DEVICE_ERROR")
    def test_refused_with(self, code):
        self.misbehave(f"context-login={code}")
        self.mint_fails_locally(program.KEY, code, *self.flags(), "--reuse-pin")
        self.assert_calls(Login=2, Sign=0)

    def test_no_login_required_but_a_pin_for_the_signature(self):
        self.misbehave("no-login-required")
        flags = ("--context-passin", f"pass:{token.PIN}")
        self.mint(*self.flags(pin=False), *flags)
        self.assert_calls(Login=1, Sign=1)

    def test_protected_path_needs_no_pin_from_us(self):
        self.misbehave("protected-path")
        self.mint(*self.flags(pin=False))
        self.assert_calls(Login=2, Sign=1)


@expand
class Signing(FaultyTokenTest):
    NO_MECHANISM = {
        "web": ("CKM_ECDSA", "CKM_ECDSA_SHA256"),
        "rsa": ("CKM_RSA_PKCS", "CKM_RSA_X_509", "CKM_SHA256_RSA_PKCS"),
    }

    @each(*LABELS)
    def test_mechanism_is_absent(self, label):
        absent = (f"mechanism-absent={mechanism}" for mechanism in self.NO_MECHANISM[label])
        self.misbehave(*absent)
        self.mint_fails_locally(program.KEY, "CKR_MECHANISM_INVALID", *self.flags(label))
        self.assert_calls(Login=1, Sign=0)

    @each("CKR_KEY_FUNCTION_NOT_PERMITTED", "CKR_KEY_TYPE_INCONSISTENT", "CKR_DEVICE_MEMORY")
    def test_not_begun(self, code):
        self.misbehave(f"sign-init={code}")
        self.mint_fails_locally(program.KEY, code, *self.flags())
        self.assert_calls(Sign=0)

    @each("CKR_DEVICE_ERROR", "CKR_FUNCTION_REJECTED", "CKR_DATA_LEN_RANGE", "CKR_GENERAL_ERROR")
    def test_fails(self, code):
        self.misbehave(f"sign={code}")
        self.mint_fails_locally(program.KEY, code, *self.flags())
        self.assert_calls(Login=1)

    @each(*LABELS)
    def test_signature_too_short(self, label):
        self.misbehave("short-signature")
        self.mint_fails_locally(program.KEY, "signature", *self.flags(label))

    @each(*LABELS)
    def test_signature_wrong(self, label):
        self.misbehave("wrong-signature")
        self.mint_fails_locally(program.KEY, "does not verify", *self.flags(label))

    @each(*LABELS)
    def test_slow(self, label):
        """The delay is longer than any of credmint's timeouts for local operations."""
        self.misbehave("slow=3000")
        self.mint(*self.flags(label))
        self.assert_calls(Login=1, Sign=1)

    def test_one_session_is_enough(self):
        self.misbehave("sessions=1")
        self.mint(*self.flags(certificate=KEY))

    def test_no_session_left(self):
        self.misbehave("sessions=0")
        self.mint_fails_locally(program.KEY, "CKR_SESSION_COUNT", *self.flags())
        self.assert_calls(Login=0)


@expand
class Objects(FaultyTokenTest):
    def test_garbage_among_the_certificates_is_passed_over(self):
        self.misbehave("garbage-certificate=root")
        flags = self.flags(certificate="pkcs11:token=test", uri=KEY)
        self.mint(*flags)
        self.assertEqual(self.last_request()["serial"], str(self.leaves["web"].serial_number))

    def test_only_garbage_for_a_certificate(self):
        self.misbehave("garbage-certificate=web")
        self.mint_fails_locally(program.CERTIFICATE, "", *self.flags(certificate=KEY))

    def test_certificate_without_a_value(self):
        self.misbehave("absent-attribute=CKA_VALUE")
        self.mint_fails_locally(program.CERTIFICATE, "", *self.flags(certificate=KEY))

    @each("CKA_ID", "CKA_LABEL", "CKA_ALWAYS_AUTHENTICATE")
    def test_rsa_key_does_without(self, attribute):
        self.misbehave(f"absent-attribute={attribute}")
        self.mint(*self.flags("rsa"))

    def test_public_half_from_the_certificate_where_the_point_is_not_shown(self):
        self.misbehave("absent-attribute=CKA_EC_POINT")
        self.mint(*self.flags())

    @each(
        *(f"huge-attribute=CKA_{name}" for name in ("ID", "LABEL", "EC_POINT", "VALUE")),
        *(f"long-attribute=CKA_{name}" for name in ("ID", "LABEL", "EC_POINT", "VALUE")),
    )
    def test_length_beyond_the_buffer(self, fault):
        self.misbehave(fault)
        result = self.run_program(*self.arguments(*self.flags(certificate=KEY)))
        allowed = (program.SUCCESS, program.KEY, program.CERTIFICATE)
        self.assertIn(result.status, allowed, str(result))

    @each("C_FindObjectsInit", "C_FindObjects", "C_GetAttributeValue", "C_OpenSession")
    def test_device_fails_in(self, function):
        self.misbehave(f"{function}=CKR_DEVICE_ERROR")
        self.mint_fails_locally(program.KEY, "CKR_DEVICE_ERROR", *self.flags())
        self.assert_calls(Sign=0)

    @each("C_CloseSession", "C_Finalize")
    def test_goes_on_where_the_end_fails_in(self, function):
        self.misbehave(f"{function}=CKR_GENERAL_ERROR")
        self.mint(*self.flags())


@expand
class Module(FaultyTokenTest):
    @each("CKR_GENERAL_ERROR", "CKR_CANT_LOCK", "CKR_HOST_MEMORY", "CKR_DEVICE_ERROR")
    def test_does_not_initialise(self, code):
        self.misbehave(f"initialize={code}")
        self.mint_fails_locally(program.KEY, f"C_Initialize: {code}", *self.flags())
        self.assert_calls(Login=0, GetSlotList=0, Finalize=0)

    def test_gives_no_functions(self):
        self.misbehave("C_GetFunctionList=CKR_GENERAL_ERROR")
        self.mint_fails_locally(program.KEY, "C_GetFunctionList", *self.flags())

    def test_does_not_list_slots(self):
        self.misbehave("C_GetSlotList=CKR_DEVICE_ERROR")
        self.mint_fails_locally(program.KEY, "CKR_DEVICE_ERROR", *self.flags())

    def test_has_no_token(self):
        self.misbehave("token-removed")
        self.mint_fails_locally(program.KEY, "no token", *self.flags(), hint="connected")
        self.assert_calls(Login=0)

    def test_behaves_in_a_child_as_real_ones_do(self):
        self.misbehave("fork-reset")
        self.mint(*self.flags())


class SlotIds(FaultyTokenTest):
    def uri(self, slot):
        return f"pkcs11:slot-id={slot};object=web"

    def test_slot_zero_is_a_slot_like_any_other(self):
        self.misbehave("slot-zero")
        self.mint(*self.flags(uri=self.uri(0)))

    def test_slot_zero_is_only_slot_zero(self):
        self.misbehave("slot-zero", "moved")
        self.mint_fails_locally(program.KEY, "no token", *self.flags(uri=self.uri(0)))
        self.mint(*self.flags(uri=self.uri(1)))

    def test_another_slot_than_last_time(self):
        for faults in (), ("moved",), ("slot-zero",):
            self.misbehave(*faults)
            self.mint(*self.flags())


if __name__ == "__main__":
    unittest.main()
