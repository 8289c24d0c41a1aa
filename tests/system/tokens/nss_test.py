#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys in NSS's software token, configured in p11-kit, alone and together with SoftHSM."""

import unittest

from support import misbehaving, nss, p11_kit, pki, program, token
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest, make_folder

TOKEN = "token=NSS%20Certificate%20DB"
KINDS = {"web": "P256", "rsa": "RSA2048", "p384": "P384"}


def uri(label):
    return f"pkcs11:{TOKEN};object={label}"


class NssTest(MintTest):
    """A database with keys of several kinds, their certificates, and that of an intermediate CA."""

    DATABASE_PIN = nss.PIN

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program.need_back_end("pkcs11")
        cls.database = nss.Database(make_folder(cls) / "n", cls.DATABASE_PIN)
        cls.intermediate = cls.root.make_intermediate("issuing CA")
        cls.leaves = {}
        for label, kind in KINDS.items():
            key = pki.make_key(kind)
            cls.leaves[label] = cls.root.issue(key.public_key(), label)
            cls.database.add(label, key, cls.leaves[label])
        key = pki.make_key()
        cls.database.add("below", key, cls.intermediate.issue(key.public_key(), "below"))
        cls.database.add_certificate("issuing CA", cls.intermediate.certificate)

    def setUp(self):
        super().setUp()
        self.configure(nss=self.database.module)
        self.pin_flags = ("--passin", f"pass:{self.secret(nss.PIN)}")
        for label, leaf in self.leaves.items():
            self.write(f"{label}.pem", pki.pem(leaf))

    def configure(self, **modules):
        self.env = p11_kit.Configuration(self.folder, **modules).env

    def run_program(self, *arguments, **more):
        return super().run_program(*arguments, wrapper=p11_kit.wrapper(), **more)

    def pkcs11_tool(self, *arguments):
        command = (*p11_kit.wrapper(), token.PKCS11_TOOL, "--module", p11_kit.PROXY)
        return run_tool(*command, *arguments, env=self.env).decode()


@expand
class Keys(NssTest):
    @each(*KINDS)
    def test_key_in_the_database(self, label):
        flags = ("--certificate", f"{label}.pem", "--private-key", uri(label))
        self.mint(*flags, *self.pin_flags)

    @each(*KINDS)
    def test_key_and_certificate_in_the_database(self, label):
        self.mint("--certificate", uri(label), *self.pin_flags)
        self.assertEqual(self.last_request()["serial"], str(self.leaves[label].serial_number))

    @each(*KINDS)
    def test_key_and_certificate_both_named(self, label):
        self.mint("--certificate", uri(label), "--private-key", uri(label), *self.pin_flags)

    @each(*KINDS)
    def test_the_module_that_p11_kit_is_named_for(self, label):
        self.mint("--certificate", uri(label), *self.pin_flags, "--pkcs11-lib", p11_kit.PROXY)

    def test_issuer_in_the_database_too(self):
        self.mint("--certificate", uri("below"), *self.pin_flags)
        self.assertEqual(self.last_request()["chain_length"], 1)

    def test_named_by_its_id(self):
        listed = self.pkcs11_tool(
            *("--token-label", nss.TOKEN, "--login", "--pin", nss.PIN),
            *("--list-objects", "--type", "privkey"),
        )
        (shown,) = (part for part in listed.split("Private Key Object") if " web\n" in part)
        key_id = shown.partition("ID:")[2].split()[0]
        self.assertEqual(len(key_id), 40)
        encoded = "".join(f"%{key_id[i : i + 2]}" for i in range(0, 40, 2))
        flags = ("--certificate", "web.pem", "--private-key", f"pkcs11:{TOKEN};id={encoded}")
        self.mint(*flags, *self.pin_flags)

    def test_no_such_key(self):
        flags = ("--certificate", "web.pem", "--private-key", uri("absent"))
        self.mint_fails_locally(
            program.KEY, f"no private key on token '{nss.TOKEN}'", *flags, *self.pin_flags
        )

    def test_key_of_another_certificate(self):
        flags = ("--certificate", "web.pem", "--private-key", uri("p384"))
        self.mint_fails_locally(program.CERTIFICATE, "does not belong", *flags, *self.pin_flags)

    def test_the_tokens_are_told_apart_where_the_uri_does_not(self):
        """NSS has a second token, for random numbers and public keys, which the URI also matches."""
        self.mint("--certificate", "web.pem", "--private-key", "pkcs11:object=web", *self.pin_flags)


class Pins(NssTest):
    FLAGS = ("--certificate", "web.pem", "--private-key", uri("web"))

    def test_wrong_pin(self):
        self.mint_fails_locally(
            program.KEY,
            "CKR_PIN_INCORRECT",
            *(*self.FLAGS, "--passin", "pass:" + self.secret("wrong-1123")),
        )

    def test_no_pin(self):
        self.mint_fails_locally(program.KEY, "needs a PIN", *self.FLAGS, hint="--passin")

    def test_a_wrong_pin_does_no_harm_to_the_next_run(self):
        self.test_wrong_pin()
        self.mint(*self.FLAGS, *self.pin_flags)


class Calls(NssTest):
    """Calls to NSS, logged by the misbehaving module without faults."""

    def setUp(self):
        super().setUp()
        self.log = self.folder / "calls"
        self.env = misbehaving.environment(self.env, behind=nss.MODULE, log=self.log)

    def configure(self, **modules):
        _, reserved = self.database.module
        super().configure(nss=(misbehaving.module(), reserved))

    def counts(self, *functions):
        calls = misbehaving.calls(self.log)
        return [calls.count(function) for function in functions]

    def test_one_login_and_one_signature(self):
        self.mint("--certificate", uri("web"), *self.pin_flags)
        self.assertEqual(self.counts("C_Login", "C_SignInit", "C_Sign", "C_Finalize"), [1] * 4)

    def test_a_wrong_pin_is_sent_once(self):
        flags = ("--certificate", uri("web"), "--passin", "pass:" + self.secret("wrong-1123"))
        self.mint_fails_locally(program.KEY, "CKR_PIN_INCORRECT", *flags)
        self.assertEqual(self.counts("C_Login", "C_SignInit"), [1, 0])

    def test_a_signature_that_is_wrong_is_not_sent(self):
        self.env["MISBEHAVING_MODULE"] = "wrong-signature"
        self.mint_fails_locally(
            program.KEY, "does not verify", "--certificate", uri("rsa"), *self.pin_flags
        )


class NoPin(NssTest):
    """A database without a password, whose token requires no login."""

    DATABASE_PIN = None

    def test_pkcs11_tool_says_so(self):
        listed = self.pkcs11_tool("--list-slots")
        self.assertIn(nss.TOKEN, listed)
        self.assertNotIn("login required", listed)

    def test_mint(self):
        self.mint("--certificate", "web.pem", "--private-key", uri("web"))

    def test_mint_with_the_certificate_in_the_database(self):
        self.mint("--certificate", uri("web"))

    def test_a_pin_that_nobody_needs(self):
        self.mint("--certificate", uri("web"), *self.pin_flags)


class BesideSoftHsm(NssTest):
    """p11-kit's proxy shows the tokens of both modules, each with a key `web`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.other_leaf = cls.root.issue(cls.original.generate("EC:prime256v1"), "other")
        cls.original.write_certificate(cls.other_leaf)

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.write("other.pem", pki.pem(self.other_leaf))
        self.secret(token.PIN)

    def configure(self, **modules):
        super().configure(softhsm=token.MODULE, **modules)

    def run_program(self, *arguments, env=None, **more):
        return super().run_program(*arguments, env={**self.token.env, **(env or {})}, **more)

    def pin_count_is_low(self):
        """Whether SoftHSM has recorded a wrong PIN."""
        listing = (token.PKCS11_TOOL, "--module", token.MODULE, "--list-slots")
        return b"user PIN count low" in run_tool(*listing, env=self.token.env)

    def assert_sent(self, leaf):
        self.assertEqual(self.last_request()["serial"], str(leaf.serial_number))

    def test_the_key_of_nss(self):
        self.mint("--certificate", "web.pem", "--private-key", uri("web"), *self.pin_flags)
        self.assert_sent(self.leaves["web"])

    def test_the_key_of_softhsm(self):
        flags = ("--certificate", "other.pem", "--private-key", "pkcs11:token=test;object=web")
        self.mint(*flags, "--passin", f"pass:{token.PIN}")
        self.assert_sent(self.other_leaf)

    def test_key_and_certificate_of_nss(self):
        self.mint("--certificate", uri("web"), *self.pin_flags)
        self.assert_sent(self.leaves["web"])

    def test_key_and_certificate_of_softhsm(self):
        flags = ("--certificate", "pkcs11:token=test;object=web")
        self.mint(*flags, "--passin", f"pass:{token.PIN}")
        self.assert_sent(self.other_leaf)

    def test_the_maker_of_the_token_tells_them_apart(self):
        flags = ("--certificate", "other.pem")
        key = "pkcs11:manufacturer=SoftHSM%20project;token=test;object=web"
        self.mint(*flags, "--private-key", key, "--passin", f"pass:{token.PIN}")
        self.assert_sent(self.other_leaf)

    def test_certificate_of_one_and_key_of_the_other(self):
        flags = ("--certificate", "pkcs11:token=test;object=web", "--private-key", uri("web"))
        self.mint_fails_locally(program.CERTIFICATE, "does not belong", *flags, *self.pin_flags)

    def test_no_pin_is_sent_where_the_certificate_does_not_tell_them_apart(self):
        self.write("none.pem", pki.pem(self.root.issue(pki.make_key().public_key())))
        flags = ("--certificate", "none.pem", "--private-key", "pkcs11:object=web")
        result = self.mint_fails_locally(program.KEY, "tokens match", *flags, *self.pin_flags)
        self.assertIn("token=test", result.stderr)
        self.assertIn("token=" + nss.TOKEN.replace(" ", "%20"), result.stderr)
        self.assertFalse(self.pin_count_is_low())

    def test_the_certificate_tells_which_token_gets_the_pin(self):
        self.mint("--certificate", "web.pem", "--private-key", "pkcs11:object=web", *self.pin_flags)
        self.assertFalse(self.pin_count_is_low())

    def test_a_pin_goes_only_to_the_token_named(self):
        flags = ("--certificate", "web.pem", "--private-key", uri("web"))
        self.mint(*flags, *self.pin_flags)
        self.assertFalse(self.pin_count_is_low())
        flags = ("--certificate", "other.pem", "--private-key", "pkcs11:token=test;object=web")
        self.mint_fails_locally(program.KEY, "CKR_PIN_INCORRECT", *flags, *self.pin_flags)
        self.assertTrue(self.pin_count_is_low())


if __name__ == "__main__":
    unittest.main()
