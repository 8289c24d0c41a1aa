#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Private EC keys without a public key of the same ID or label on the token.

p11tool and pkcs11-tool write such keys. The public key comes from the certificate or from another
object on the token, and a signature proves that it is the right one.
"""

import unittest

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import misbehaving, pki, program, sign_string, token
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import need
from support.system_test import MintTest

P11TOOL = "/usr/bin/p11tool"
KEY = "pkcs11:token=test;object=web"
ELSEWHERE = "pkcs11:token=test;object=elsewhere"
LIBRARY = ("--pkcs11-lib", token.MODULE)


def der_of(key):
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class LonelyKeyTest(MintTest):
    """A token `test`, to which private keys are written without their public keys."""

    def setUp(self):
        super().setUp()
        self.token = token.Token(self.folder / "t")
        self.env = dict(self.token.env)
        self.pin_flags = ("--passin", f"pass:{self.secret(token.PIN)}")

    def pkcs11_tool(self, *arguments):
        return run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test"),
            *("--login", "--pin", token.PIN, *arguments),
            env=self.env,
        )

    def put_private_key(self, kind="P256", label="web", key_id="01"):
        """Writes a new private key without its public key; returns the key."""
        key = pki.make_key(kind)
        path = self.write("private.der", der_of(key))
        names = (("--label", label) if label else ()) + (("--id", key_id) if key_id else ())
        self.pkcs11_tool("--write-object", path, "--type", "privkey", "--usage-sign", *names)
        return key

    def put_public_key(self, key, label, key_id):
        encoded = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        path = self.write("public.der", encoded)
        names = ("--label", label, "--id", key_id)
        self.pkcs11_tool("--write-object", path, "--type", "pubkey", *names)

    def write_leaf(self, key):
        leaf = self.root.issue(key.public_key())
        self.write("web.pem", pki.pem(leaf))
        return leaf

    def mint_with(self, uri=KEY, *flags, **more):
        return self.mint(
            *("--certificate", "web.pem", "--private-key", uri, *self.pin_flags, *LIBRARY, *flags),
            **more,
        )

    def sign(self, *flags):
        return self.succeed("sign-string", "--format", "bin", *self.pin_flags, *LIBRARY, *flags)

    def verify(self, key, signature):
        public_key = key.public_key()
        public_key.verify(
            signature, sign_string.message_for(public_key), ec.ECDSA(hashes.SHA256())
        )


@expand
class CertificateElsewhere(LonelyKeyTest):
    @each("P256", "P384", "P521")
    def test_the_certificate_tells_the_public_half(self, kind):
        self.write_leaf(self.put_private_key(kind))
        self.mint_with()

    def test_written_by_p11tool(self):
        need(P11TOOL, "gnutls-bin")
        key = pki.make_key()
        path = self.write("web.key", pki.pkcs8_pem(key))
        run_tool(
            *(P11TOOL, "--provider", token.MODULE, "--login", "--set-pin", token.PIN, "--batch"),
            *("--write", "--load-privkey", path, "--label", "web", "--mark-sign"),
            "pkcs11:token=test",
            env=self.env,
        )
        self.write_leaf(key)
        self.mint_with()

    @each(neither=("", ""), no_id=("web", ""), no_label=("", "01"))
    def test_a_key_with_these_names(self, names):
        label, key_id = names
        self.write_leaf(self.put_private_key("P256", label, key_id))
        self.mint_with("pkcs11:token=test")

    def test_of_two_such_keys_the_one_that_signs_for_it(self):
        keys = [self.put_private_key(label=label, key_id="") for label in ("one", "two")]
        for key in keys:
            self.write_leaf(key)
            self.mint_with("pkcs11:token=test")

    def test_beside_a_key_that_has_its_public_half(self):
        self.token.generate("EC:prime256v1", label="other", key_id="09")
        self.write_leaf(self.put_private_key())
        self.mint_with("pkcs11:token=test")

    def test_of_several_certificates_the_one_that_it_signs_for(self):
        self.put_private_key()
        key = self.put_private_key(label="second", key_id="02")
        leaves = [self.root.issue(pki.make_key().public_key()), self.root.issue(key.public_key())]
        self.write("web.pem", b"".join(pki.pem(leaf) for leaf in leaves))
        self.mint_with("pkcs11:token=test;object=second")
        self.assertEqual(self.last_request()["serial"], str(leaves[1].serial_number))

    @each(same_curve="P256", other_curve="P384", other_type="RSA2048")
    def test_a_certificate_of_another_key_is_refused_before_anything_is_sent(self, kind):
        self.put_private_key()
        self.write_leaf(pki.make_key(kind))
        self.mint_fails_locally(
            program.CERTIFICATE,
            "private key",
            *("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags, *LIBRARY),
            hint="the certificate must be the one issued for the private key",
        )

    def test_one_login_and_one_more_signature(self):
        self.write_leaf(self.put_private_key())
        log = self.folder / "calls"
        env = misbehaving.environment(self.env, log=log)
        self.mint(
            *("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags),
            *("--pkcs11-lib", misbehaving.module()),
            env=env,
        )
        calls = misbehaving.calls(log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 2), calls)


class AlwaysAuthenticate(LonelyKeyTest):
    def make_keys(self, *labels):
        for label in labels:
            self.token.generate("EC:prime256v1", label, "01", ("--always-auth",))
            self.write_leaf_of(self.token.public_key(label))
            self.token.delete("pubkey", label)

    def write_leaf_of(self, public_key):
        self.write("web.pem", pki.pem(self.root.issue(public_key)))

    def test_its_pin_is_used_for_the_proof(self):
        self.make_keys("web")
        self.mint_with(KEY, "--reuse-pin")

    def test_none_of_several_is_sent_a_pin_that_may_be_the_other_ones(self):
        self.make_keys("one", "two")
        log = self.folder / "calls"
        self.mint_fails_locally(
            program.KEY,
            "2 private keys",
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test", *self.pin_flags),
            *("--reuse-pin", "--pkcs11-lib", misbehaving.module()),
            env=misbehaving.environment(self.env, log=log),
        )
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)
        self.mint_with("pkcs11:token=test;object=two", "--reuse-pin")


class ElsewhereOnTheToken(LonelyKeyTest):
    def test_public_key_under_another_id_and_label(self):
        key = self.put_private_key()
        self.put_public_key(pki.make_key(), "stranger", "07")
        self.put_public_key(key, "elsewhere", "08")
        self.verify(key, self.sign("--private-key", KEY))

    def test_certificate_under_another_id_and_label(self):
        key = self.put_private_key()
        self.token.write_certificate(self.root.issue(key.public_key()), "elsewhere", "08")
        self.verify(key, self.sign("--private-key", KEY))
        self.mint("--certificate", ELSEWHERE, "--private-key", KEY, *self.pin_flags, *LIBRARY)
        self.mint("--certificate", ELSEWHERE, *self.pin_flags, *LIBRARY)

    def test_two_public_keys_by_its_id(self):
        key = self.put_private_key()
        self.put_public_key(pki.make_key(), "one", "01")
        self.put_public_key(key, "other", "01")
        self.verify(key, self.sign("--private-key", KEY))

    def show(self, fault, value):
        self.env = misbehaving.environment(self.env, f"{fault}={value.hex()}")
        return ("--private-key", KEY, "--pkcs11-lib", misbehaving.module(), *self.pin_flags)

    def test_point_on_the_private_key(self):
        key = self.put_private_key()
        point = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        flags = self.show("own-point", b"\x04\x41" + point)
        self.verify(key, self.succeed("sign-string", "--format", "bin", *flags))

    def test_public_key_info_on_the_private_key(self):
        key = self.put_private_key()
        info = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        flags = self.show("own-public-key-info", info)
        self.verify(key, self.succeed("sign-string", "--format", "bin", *flags))

    def test_public_key_info_that_is_empty(self):
        self.write_leaf(self.put_private_key())
        self.mint("--certificate", "web.pem", *self.show("own-public-key-info", b""))


class SignString(LonelyKeyTest):
    def test_without_any_certificate_it_is_refused_and_the_option_named(self):
        self.put_private_key()
        self.fail_with(
            *(program.KEY, "neither a public key nor a certificate", "sign-string"),
            *("--private-key", KEY, *self.pin_flags, *LIBRARY),
            hint="--certificate",
        )

    def test_with_a_certificate(self):
        key = self.put_private_key()
        self.write_leaf(key)
        self.verify(key, self.sign("--private-key", KEY, "--certificate", "web.pem"))

    def test_with_a_certificate_that_cannot_be_read(self):
        self.put_private_key()
        self.fail_with(
            *(program.LOCAL_IO, "missing.pem", "sign-string", "--private-key", KEY),
            *("--certificate", "missing.pem", *self.pin_flags, *LIBRARY),
        )

    def test_it_tells_which_of_several_keys(self):
        self.token.generate("EC:prime256v1", "other", "09")
        key = self.put_private_key()
        self.write_leaf(key)
        self.verify(key, self.sign("--private-key", "pkcs11:", "--certificate", "web.pem"))

    def test_a_certificate_that_is_not_needed_is_not_read(self):
        self.token.generate("EC:prime256v1")
        self.sign("--private-key", KEY, "--certificate", "missing.pem")


class List(LonelyKeyTest):
    def test_a_key_without_public_half_is_listed(self):
        self.put_private_key()
        listed = self.succeed("list", "pkcs11:token=test", *self.pin_flags, *LIBRARY)
        self.assertIn(b"private", listed)


if __name__ == "__main__":
    unittest.main()
