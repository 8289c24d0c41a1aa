#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys in a PKCS#11 token (SoftHSM), which never leave it."""

import base64
import unittest

from support import pki, program, token
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest, make_folder

KEY_TYPES = {
    "RSA2048": "RSA:2048",
    "RSA3072": "RSA:3072",
    "RSA4096": "RSA:4096",
    "P256": "EC:prime256v1",
    "P384": "EC:secp384r1",
    "P521": "EC:secp521r1",
}

KEY = "pkcs11:token=test;object=web"


class TokenTest(MintTest):
    """A token `test` with the objects that `make_objects` makes. Each test has a copy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.make_objects(cls.original)

    @classmethod
    def make_objects(cls, made):
        cls.leaf = cls.root.issue(made.generate("EC:prime256v1"))

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.env = dict(self.token.env)
        self.pin_flags = ("--passin", f"pass:{self.secret(token.PIN)}")
        if hasattr(self, "leaf"):
            self.write("web.pem", pki.pem(self.leaf))

    def mint_with_uri(self, uri, *flags, **more):
        """Mints with a key on the token and a leaf in a file, with SoftHSM as --pkcs11-lib."""
        return self.mint(
            *("--certificate", "web.pem", "--private-key", uri, *self.pin_flags),
            *("--pkcs11-lib", token.MODULE, *flags),
            **more,
        )


@expand
class Algorithms(TokenTest):
    @classmethod
    def make_objects(cls, made):
        cls.leaves = {
            name: cls.root.issue(made.generate(key_type, label=name, key_id=f"0{number}"))
            for number, (name, key_type) in enumerate(KEY_TYPES.items(), start=1)
        }

    @each(*KEY_TYPES)
    def test_mint_with(self, name):
        self.write("web.pem", pki.pem(self.leaves[name]))
        self.mint_with_uri(f"pkcs11:token=test;object={name}")


class TheKey(TokenTest):
    def test_it_cannot_leave_the_token_and_mints_all_the_same(self):
        objects = self.token.describe_objects()
        self.assertIn("sensitive, always sensitive, never extractable, local", objects)
        self.mint_with_uri(KEY)

    def test_the_token_is_as_it_was_before(self):
        before = sorted(self.token.describe_objects().splitlines())
        self.mint_with_uri(KEY)
        self.assertEqual(sorted(self.token.describe_objects().splitlines()), before)


class WhichModule(TokenTest):
    def flags(self, uri=KEY):
        return ("--certificate", "web.pem", "--private-key", uri, *self.pin_flags)

    def test_named_by_pkcs11_lib(self):
        self.mint(*self.flags(), "--pkcs11-lib", token.MODULE)

    def test_all_that_p11_kit_knows_by_default(self):
        self.mint(*self.flags())

    def test_named_by_module_path_in_the_uri(self):
        self.mint(*self.flags(f"{KEY}?module-path={token.MODULE}"))

    def test_module_path_relative_is_refused(self):
        uri = f"{KEY}?module-path=libsofthsm2.so"
        self.mint_fails_locally(program.KEY, "module-path", *self.flags(uri))


@expand
class WhichKey(TokenTest):
    """The attributes of RFC 7512, alone and combined."""

    @classmethod
    def make_objects(cls, made):
        cls.leaf = cls.root.issue(made.generate("EC:prime256v1", label="web", key_id="a1b2"))
        made.generate("EC:prime256v1", label="other", key_id="c3")

    @each(
        by_object="pkcs11:token=test;object=web",
        by_id="pkcs11:token=test;id=%A1%B2",
        by_id_in_small_letters="pkcs11:token=test;id=%a1%b2",
        by_object_and_id="pkcs11:token=test;object=web;id=%A1%B2",
        by_type_too="pkcs11:token=test;object=web;type=private",
        by_its_public_half="pkcs11:token=test;object=web;type=public",
        without_the_token="pkcs11:object=web",
        with_encoded_letters="pkcs11:token=%74est;object=w%65b",
        by_model="pkcs11:model=SoftHSM%20v2;object=web",
        by_manufacturer="pkcs11:manufacturer=SoftHSM%20project;object=web",
        by_library="pkcs11:library-manufacturer=SoftHSM;object=web",
    )
    def test_named(self, uri):
        self.mint_with_uri(uri)

    def test_named_by_serial_number_of_the_token(self):
        listed = run_tool(
            token.PKCS11_TOOL, "--module", token.MODULE, "--list-slots", env=self.env
        ).decode()
        serial = listed.partition("serial num")[2].partition(":")[2].split()[0]
        self.mint_with_uri(f"pkcs11:serial={serial};object=web")

    def test_a_label_with_every_kind_of_character(self):
        leaf = self.root.issue(
            self.token.generate("EC:prime256v1", label="ключ; a&b?%", key_id="d4")
        )
        self.write("web.pem", pki.pem(leaf))
        encoded = "%D0%BA%D0%BB%D1%8E%D1%87%3B%20a%26b%3F%25"
        self.mint_with_uri(f"pkcs11:token=test;object={encoded}")

    def test_the_only_key_needs_no_name(self):
        self.token.delete("privkey", "other")
        self.mint_with_uri("pkcs11:token=test")

    def test_the_only_key_of_the_only_token_needs_nothing(self):
        self.token.delete("privkey", "other")
        self.mint_with_uri("pkcs11:")

    def test_of_many_the_error_is_cut_off_and_not_lost(self):
        """OpenSSL drops an error longer than 1023 bytes."""
        self.token.crowd(30, "EC:prime256v1")
        self.write("web.pem", pki.pem(self.root.issue(pki.make_key().public_key())))
        self.mint_fails_locally(
            *(program.KEY, "32 private keys on token 'test' match"),
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test", *self.pin_flags),
            *("--pkcs11-lib", token.MODULE),
        )

    def test_of_two_tokens_the_named_one(self):
        self.token.add_token("second")
        self.token.generate("EC:prime256v1", label="web", token="second")
        self.mint_with_uri("pkcs11:token=test;object=web")


class WhereTheCertificateIs(TokenTest):
    def setUp(self):
        super().setUp()
        self.token.write_certificate(self.leaf)

    def mint_from_token(self, *flags):
        return self.mint(*flags, *self.pin_flags, "--pkcs11-lib", token.MODULE)

    def test_on_the_token_with_the_key(self):
        self.mint_from_token("--certificate", KEY)

    def test_on_the_token_and_both_named(self):
        self.mint_from_token("--certificate", KEY, "--private-key", KEY)

    def test_with_its_type(self):
        self.mint_from_token("--certificate", f"{KEY};type=cert")

    def test_with_the_type_of_each(self):
        self.mint_from_token(
            "--certificate", f"{KEY};type=cert", "--private-key", f"{KEY};type=private"
        )

    def test_under_another_label_than_the_key_but_with_its_id(self):
        self.token.delete("cert")
        self.token.write_certificate(self.leaf, label="web certificate")
        self.mint_from_token("--certificate", "pkcs11:token=test;object=web%20certificate")

    def test_on_the_token_for_a_key_in_a_file(self):
        key = pki.make_key()
        self.token.write_certificate(self.root.issue(key.public_key()), "file", "0f")
        self.write("web.key", pki.pkcs8_pem(key))
        self.mint_from_token(
            "--certificate", "pkcs11:token=test;object=file", "--private-key", "web.key"
        )

    def test_without_public_key_object_the_certificate_tells_it(self):
        self.token.delete("pubkey")
        self.mint_from_token("--certificate", KEY)

    def test_issuers_from_a_file(self):
        intermediate = self.use_leaf_of_an_intermediate()
        self.write("chain.pem", pki.pem(intermediate.certificate))
        self.mint_from_token("--certificate", KEY, "--intermediates", "chain.pem")
        self.assertEqual(self.last_request()["chain_length"], 1)

    def test_issuers_on_the_token_too(self):
        intermediate = self.use_leaf_of_an_intermediate()
        self.token.write_certificate(intermediate.certificate, "issuing CA", "ca")
        self.mint_from_token("--certificate", KEY)
        self.assertEqual(self.last_request()["chain_length"], 1)

    def use_leaf_of_an_intermediate(self):
        intermediate = self.root.make_intermediate("issuing CA")
        self.token.delete("cert")
        self.token.write_certificate(intermediate.issue(self.token.public_key()))
        return intermediate


class ChainOnTheToken(TokenTest):
    """A leaf, its intermediate and other certificates: only the intermediate is sent."""

    def test_exactly_the_right_certificate_is_sent(self):
        intermediate = self.root.make_intermediate("issuing CA")
        expired = pki.make_certificate(
            *(intermediate.key.public_key(), "issuing CA"),
            *(self.root.certificate.subject, self.root.key),
            ca=True,
            usage={"key_cert_sign"},
            not_before=-9 * pki.DAY,
            not_after=-2 * pki.DAY,
        )
        stranger = pki.make_root("stranger")
        self.token.write_certificate(intermediate.issue(self.token.public_key()))
        self.token.write_certificate(expired, "a expired twin", "b0")
        self.token.write_certificate(intermediate.certificate, "issuing CA", "b1")
        self.token.write_certificate(self.root.certificate, "root", "b2")
        self.token.write_certificate(stranger.certificate, "stranger", "b3")
        self.token.write_certificate(stranger.issue(pki.make_key().public_key()), "other", "b4")
        self.mint("--certificate", KEY, *self.pin_flags, "--pkcs11-lib", token.MODULE)
        sent = self.last_request()["headers"]["x-amz-x509-chain"]
        self.assertEqual(base64.b64decode(sent), pki.der(intermediate.certificate))


class CertificateAndKeyApart(TokenTest):
    """They may be on different tokens and have different names."""

    @classmethod
    def make_objects(cls, made):
        cls.leaf = cls.root.issue(made.generate("EC:prime256v1"))
        made.add_token("certificates")
        made.write_certificate(cls.leaf, "the certificate", "77", token="certificates")

    def test_on_two_tokens(self):
        self.mint(
            *("--certificate", "pkcs11:token=certificates;object=the%20certificate"),
            *("--private-key", KEY, *self.pin_flags, "--pkcs11-lib", token.MODULE),
        )

    def test_by_the_public_key_where_neither_label_nor_id_agree(self):
        self.token.write_certificate(self.leaf, "renewed", "78")
        self.token.generate("EC:prime256v1", "other", "79")
        self.mint(
            *("--certificate", "pkcs11:token=test;object=renewed"),
            *(*self.pin_flags, "--pkcs11-lib", token.MODULE),
        )

    def test_the_token_that_holds_the_certificate_is_meant(self):
        self.token.write_certificate(self.leaf)
        self.mint("--certificate", "pkcs11:object=web", *self.pin_flags, "--pkcs11-lib", token.MODULE)

    def test_two_keys_of_one_id_are_told_apart_by_their_label(self):
        leaf = self.root.issue(self.token.generate("EC:prime256v1", "twin", "01"))
        self.write("web.pem", pki.pem(leaf))
        self.mint_with_uri("pkcs11:token=test;object=twin")
        self.write("web.pem", pki.pem(self.leaf))
        self.mint_with_uri(KEY)

    def test_latest_expiring_over_all_tokens(self):
        public_key = self.token.public_key()
        late = self.root.issue(public_key, "late", not_after=90 * pki.DAY)
        self.token.write_certificate(self.leaf, "on test", "01")
        self.token.write_certificate(late, "late", "01", token="certificates")
        self.mint(
            *("--certificate", "pkcs11:", "--private-key", KEY, *self.pin_flags),
            *("--use-latest-expiring-certificate", "--pkcs11-lib", token.MODULE),
        )
        self.assertEqual(self.last_request()["serial"], str(late.serial_number))


class SeveralCertificatesOnTheToken(TokenTest):
    CERTIFICATES = "pkcs11:token=test"

    @classmethod
    def make_objects(cls, made):
        public_key = made.generate("EC:prime256v1")
        cls.old = cls.root.issue(public_key, "old", serial=0x51, not_after=5 * pki.DAY)
        cls.new = cls.root.issue(public_key, "new", serial=0x52, not_after=90 * pki.DAY)
        made.write_certificate(cls.old, "old")
        made.write_certificate(cls.new, "new")
        made.write_certificate(cls.root.certificate, "root", "ca")

    def mint_from_token(self, *flags):
        self.mint(
            *("--certificate", self.CERTIFICATES, "--private-key", KEY, *flags),
            *(*self.pin_flags, "--pkcs11-lib", token.MODULE),
        )
        return int(self.last_request()["serial"])

    def test_cert_selector_chooses(self):
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=old")
        self.assertEqual(self.mint_from_token(*selector), self.old.serial_number)

    def test_use_latest_expiring_certificate_chooses(self):
        self.assertEqual(
            self.mint_from_token("--use-latest-expiring-certificate"), self.new.serial_number
        )

    def test_both_flags_together(self):
        selector = ("--cert-selector", "Key=x509Issuer,Value=CN=test root")
        self.assertEqual(
            self.mint_from_token(*selector, "--use-latest-expiring-certificate"),
            self.new.serial_number,
        )

    def test_without_a_choice_they_are_listed(self):
        flags = ("--certificate", self.CERTIFICATES, "--private-key", KEY)
        result = self.mint_fails_locally(
            program.KEY,
            "certificates match",
            *(*flags, *self.pin_flags, "--pkcs11-lib", token.MODULE),
            hint="--use-latest-expiring-certificate",
        )
        self.assertIn("CN=old (serial 51) pkcs11:", result.stderr)
        self.assertIn("CN=new (serial 52) pkcs11:", result.stderr)

    def test_the_uri_of_each_in_the_list_chooses_it(self):
        flags = ("--certificate", self.CERTIFICATES, "--private-key", KEY)
        more = (*self.pin_flags, "--pkcs11-lib", token.MODULE)
        listed = self.run_program(*self.arguments(*flags, *more)).stderr.split()
        uris = [word.rstrip(",") for word in listed if ";type=cert" in word]
        serials = set()
        for uri in uris:
            self.mint("--certificate", uri, "--private-key", KEY, *self.pin_flags)
            serials.add(int(self.last_request()["serial"]))
        self.assertEqual(serials, {0x51, 0x52})


class AlwaysAuthenticate(TokenTest):
    """A key that requires the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)."""

    @classmethod
    def make_objects(cls, made):
        cls.leaf = cls.root.issue(made.generate("EC:prime256v1", flags=("--always-auth",)))

    def test_reuse_pin(self):
        self.mint_with_uri(KEY, "--reuse-pin")

    def test_context_passin(self):
        self.mint_with_uri(KEY, "--context-passin", f"pass:{token.PIN}")

    def test_without_either_the_flag_is_named(self):
        self.mint_fails_locally(
            program.KEY,
            "context-specific PIN",
            *("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags),
            *("--pkcs11-lib", token.MODULE),
            hint="--reuse-pin",
        )

    def test_a_wrong_context_pin(self):
        self.mint_fails_locally(
            program.KEY,
            "PIN",
            *("--certificate", "web.pem", "--private-key", KEY, *self.pin_flags),
            *("--context-passin", "pass:" + self.secret("wrong-2718")),
            *("--pkcs11-lib", token.MODULE),
        )


class FileNamedLikeTheUri(TokenTest):
    """A user who can write to the working directory must not be able to replace the key."""

    URI = "pkcs11:token=test;object=web"

    def setUp(self):
        super().setUp()
        self.file_key = pki.make_key()
        self.file_leaf = self.root.issue(self.file_key.public_key(), "slipped in")
        for name in (self.URI, f"{self.URI};type=private", f"{self.URI};type=cert"):
            self.write(name, pki.pkcs8_pem(self.file_key) + pki.pem(self.file_leaf))

    def test_the_key_of_the_token_is_used(self):
        self.mint_with_uri(self.URI)

    def test_the_key_of_the_file_is_not(self):
        self.write("web.pem", pki.pem(self.file_leaf))
        self.mint_fails_locally(
            program.CERTIFICATE,
            "the private key does not belong to it",
            *("--certificate", "web.pem", "--private-key", self.URI, *self.pin_flags),
            *("--pkcs11-lib", token.MODULE),
        )

    def test_not_even_where_the_token_has_no_such_key(self):
        uri = "pkcs11:token=test;object=absent"
        self.write(uri, pki.pkcs8_pem(self.file_key))
        self.write("web.pem", pki.pem(self.file_leaf))
        self.mint_fails_locally(
            program.KEY,
            "no private key",
            *("--certificate", "web.pem", "--private-key", uri, *self.pin_flags),
            *("--pkcs11-lib", token.MODULE),
        )

    def test_not_even_where_the_scheme_is_in_capitals(self):
        """RFC 3986 section 3.1: schemes are case-insensitive."""
        uri = self.URI.replace("pkcs11", "PKCS11")
        self.write(uri, pki.pkcs8_pem(self.file_key))
        self.mint_with_uri(uri)

    def test_the_certificate_of_the_file_is_not_used(self):
        self.token.write_certificate(self.leaf)
        self.mint("--certificate", self.URI, *self.pin_flags, "--pkcs11-lib", token.MODULE)
        self.assertEqual(self.last_request()["serial"], str(self.leaf.serial_number))


if __name__ == "__main__":
    unittest.main()
