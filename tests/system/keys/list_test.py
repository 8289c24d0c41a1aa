#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`credmint list`: the objects on tokens, each with a URI that selects only this object."""

import hashlib
import json
import re
import unittest
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from support import misbehaving, pki, program, token, tpm
from support.cases import each, expand
from support.system_test import SystemTest, make_folder


class ListTest(SystemTest):
    """A token with several kinds of keys and certificates for some of them, and a second token."""

    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()
        cls.original = made = token.Token(make_folder(cls) / "t")
        made.add_token("second token")
        cls.keys = {
            "web": made.generate("EC:prime256v1", "web", "01"),
            "ключ; a&b?%": made.generate("RSA:2048", "ключ; a&b?%", "a1ff"),
            "signs twice": made.generate("EC:secp384r1", "signs twice", "03", ("--always-auth",)),
        }
        cls.leaf = cls.root.issue(cls.keys["web"], "web.example", serial=0x51)
        cls.expired = cls.root.issue(
            cls.keys["ключ; a&b?%"], "old.example", not_before=-9 * pki.DAY, not_after=-2 * pki.DAY
        )
        made.write_certificate(cls.leaf, "web", "01")
        made.write_certificate(cls.expired, "alt; ü", "a1ff")
        made.write_certificate(cls.root.certificate, "root", "ca")

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.env = dict(self.token.env)
        self.pin_flags = ("--passin", f"pass:{self.secret(token.PIN)}")

    def list_text(self, *arguments, **more):
        return self.succeed("list", *arguments, **more).decode()

    def list_json(self, *arguments, **more):
        return json.loads(self.succeed("list", "--json", *arguments, **more))

    def tokens(self, *arguments, **more):
        """The listed tokens, by label."""
        (module,) = self.list_json(*arguments, **more)["modules"]
        return {
            slot["token"]["label"]: slot["token"]
            for slot in module["slots"]
            if slot["token"] and "uninitialized" not in slot["token"]["flags"]
        }

    def everything(self):
        """The token `test`, listed with a login."""
        return self.tokens("pkcs11:token=test", *self.pin_flags)["test"]


class WithoutLogin(ListTest):
    def test_shows_what_is_public(self):
        listed = self.tokens()["test"]
        self.assertEqual([key["private"] for key in listed["keys"]], [False] * 3)
        self.assertEqual({key["label"] for key in listed["keys"]}, set(self.keys))
        labels = {certificate["label"] for certificate in listed["certificates"]}
        self.assertEqual(labels, {"web", "alt; ü", "root"})

    def test_shows_both_tokens(self):
        self.assertEqual(set(self.tokens()), {"test", "second token"})

    def test_asks_nobody_and_sends_no_pin(self):
        log = self.folder / "spy"
        self.succeed("list", "--pkcs11-lib", token.SPY, env=token.spied(self.env, log))
        self.assertNotIn("C_Login", token.calls(log))

    def test_a_uri_narrows_it(self):
        self.assertEqual(set(self.tokens("pkcs11:token=second%20token")), {"second token"})
        listed = self.tokens("pkcs11:token=test;object=web")["test"]
        self.assertEqual([key["label"] for key in listed["keys"]], ["web"])
        listed = self.tokens("pkcs11:token=test;type=cert")["test"]
        self.assertEqual((listed["keys"], len(listed["certificates"])), ([], 3))


class WithLogin(ListTest):
    def test_shows_the_private_keys(self):
        listed = self.everything()
        self.assertEqual([key["private"] for key in listed["keys"]], [True] * 3)

    def test_type_and_size_of_keys(self):
        keys = {key["label"]: key for key in self.everything()["keys"]}
        shown = {
            label: (key["type"], key["bits"], key.get("curve")) for label, key in keys.items()
        }
        expected = {
            "web": ("EC", 256, "prime256v1"),
            "ключ; a&b?%": ("RSA", 2048, None),
            "signs twice": ("EC", 384, "secp384r1"),
        }
        self.assertEqual(shown, expected)

    def test_flags_of_keys(self):
        self.token.generate("EC:prime256v1", "loose", "07", ("--extractable",))
        flags = {key["label"]: key["flags"] for key in self.everything()["keys"]}
        self.assertEqual(flags["web"], ["sensitive", "sign"])
        self.assertEqual(flags["signs twice"], ["sensitive", "sign", "always-authenticate"])
        self.assertEqual(flags["loose"], ["sensitive", "extractable", "sign"])

    def test_facts_of_certificates(self):
        by_label = {one["label"]: one for one in self.everything()["certificates"]}
        web = by_label["web"]
        self.assertEqual(web["subject"], self.leaf.subject.rfc4514_string())
        self.assertEqual(web["issuer"], self.leaf.issuer.rfc4514_string())
        self.assertEqual(web["serial"], "51")
        self.assertEqual(web["notAfter"], self.leaf.not_valid_after.isoformat() + "Z")

    def test_which_key_belongs_to_which_certificate(self):
        listed = self.everything()
        keys = {key["label"]: key for key in listed["keys"]}
        certificates = {one["label"]: one for one in listed["certificates"]}
        self.assertEqual(certificates["web"]["key"], keys["web"]["uri"])
        self.assertEqual(certificates["alt; ü"]["key"], keys["ключ; a&b?%"]["uri"])
        self.assertIsNone(certificates["root"]["key"])
        self.assertEqual(keys["web"]["certificates"], [certificates["web"]["uri"]])
        self.assertEqual(keys["signs twice"]["certificates"], [])

    def test_a_pin_is_for_one_token(self):
        log = self.folder / "spy"
        self.fail_with(
            program.KEY,
            "a PIN is for one token",
            *("list", "--pkcs11-lib", token.SPY, *self.pin_flags),
            env=token.spied(self.env, log),
            hint="token=LABEL",
        )
        self.assertNotIn("C_Login", token.calls(log))

    def test_a_pin_in_the_uri_logs_in(self):
        self.write("pin", token.PIN)
        listed = self.tokens(f"pkcs11:token=test?pin-source=file:{self.folder}/pin")["test"]
        self.assertTrue(all(key["private"] for key in listed["keys"]))

    def test_a_wrong_pin(self):
        self.fail_with(
            program.KEY,
            "the token refused the PIN",
            *("list", "pkcs11:token=test", "--passin", "pass:" + self.secret("wrong-2718")),
        )


@expand
class Uris(ListTest):
    """Each listed URI selects its object and no other."""

    @each(by_default=(), by_module=("--pkcs11-lib", token.MODULE))
    def test_of_private_keys_sign_with_that_key(self, module):
        listed = self.tokens("pkcs11:token=test", *self.pin_flags, *module)["test"]
        for key in listed["keys"]:
            flags = (*self.pin_flags, "--reuse-pin", "--format", "bin")
            signature = self.succeed("sign-string", "--private-key", key["uri"], *flags)
            self.check_signature(self.keys[key["label"]], signature)

    def check_signature(self, public_key, signature):
        """Verifies a signature of sign-string's text, as aws_signing_helper documents it."""
        text = b"AWS Roles Anywhere Credential Helper Signing Test1" + self.digest(public_key)
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
        else:
            public_key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())

    @staticmethod
    def digest(public_key):
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            encoded = public_key.public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
        else:
            encoded = public_key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.PKCS1
            )
        return hashlib.sha256(b"IAM RA" + encoded).digest()

    @each("shortUri", "uri")
    def test_of_public_keys_sign_with_their_pair(self, name):
        for key in self.tokens("pkcs11:token=test")["test"]["keys"]:
            flags = (*self.pin_flags, "--reuse-pin", "--format", "bin")
            signature = self.succeed("sign-string", "--private-key", key[name], *flags)
            self.check_signature(self.keys[key["label"]], signature)

    def test_of_a_public_key_with_a_label_of_its_own_sign_by_its_id(self):
        pair = self.token.generate("EC:prime256v1", "half", "0b")
        self.token.relabel_public_key("half", "other half", "0b")
        shown = {key["label"]: key for key in self.tokens("pkcs11:token=test")["test"]["keys"]}
        uri = shown["other half"]["uri"]
        flags = ("--private-key", uri, *self.pin_flags, "--format", "bin")
        self.check_signature(pair, self.succeed("sign-string", *flags))

    def test_that_are_short(self):
        listed = self.everything()
        self.assertEqual(listed["shortUri"], "pkcs11:token=test")
        shown = {key["label"]: key["shortUri"] for key in listed["keys"]}
        encoded = "%D0%BA%D0%BB%D1%8E%D1%87%3B%20a%26b%3F%25"
        for label, name in (("web", "web"), ("ключ; a&b?%", encoded), ("signs twice", "signs%20twice")):
            self.assertEqual(shown[label], f"pkcs11:token=test;object={name}")
        (root,) = [one for one in listed["certificates"] if one["label"] == "root"]
        self.assertEqual(root["shortUri"], "pkcs11:token=test;object=root;type=cert")

    def test_that_are_short_never_mean_a_key_where_a_certificate_is_listed(self):
        """Key and certificate of one label may belong to different pairs."""
        self.token.write_certificate(self.expired, "signs twice", "0d")
        (certificate,) = [
            one for one in self.everything()["certificates"] if one["label"] == "signs twice"
        ]
        self.assertEqual(
            certificate["shortUri"], "pkcs11:token=test;object=signs%20twice;type=cert"
        )
        before = self.token.describe_objects()
        self.fail_with(
            program.KEY, "it says type=cert where type=private is needed",
            *("key", "delete", certificate["shortUri"], "--yes", *self.pin_flags),
        )
        self.assertEqual(self.token.describe_objects(), before)

    def test_that_are_short_name_the_module_if_the_listed_uri_does(self):
        query = f"?module-path={token.MODULE}"
        listed = self.tokens(f"pkcs11:token=test;type=cert{query}")["test"]
        for uri in (listed["shortUri"], *(one["shortUri"] for one in listed["certificates"])):
            self.assertRegex(urllib.parse.unquote(uri), re.escape(query) + "$")
            self.assertTrue(self.tokens(uri))

    def test_that_are_short_fall_back_on_the_id_or_are_left_out(self):
        """Also if only one of those that share a name is listed."""
        self.token.generate("EC:prime256v1", "web", "0c")
        (key,) = self.tokens("pkcs11:token=test;id=%0c;type=public")["test"]["keys"]
        self.assertEqual(key["shortUri"], "pkcs11:token=test;id=%0C")
        self.token.generate("RSA:2048", "web", "0c")
        for key in self.tokens("pkcs11:token=test;id=%0c;type=public")["test"]["keys"]:
            self.assertNotIn("shortUri", key)

    def test_of_tokens_with_the_same_label_have_no_short_form(self):
        self.token.add_token("test")
        (module,) = self.list_json("pkcs11:token=test")["modules"]
        for slot in module["slots"]:
            self.assertNotIn("shortUri", slot["token"])
            for key in slot["token"]["keys"]:
                self.assertNotIn("shortUri", key)

    @each(by_default=(), by_module=("--pkcs11-lib", token.MODULE))
    def test_of_certificates_read_that_certificate(self, module):
        listed = self.tokens("pkcs11:token=test", *module)["test"]["certificates"]
        by_label = {"web": self.leaf, "alt; ü": self.expired, "root": self.root.certificate}
        for one in listed:
            shown = self.succeed("read-certificate-data", "--certificate", one["uri"]).decode()
            fingerprint = by_label[one["label"]].fingerprint(hashes.SHA1()).hex()
            self.assertIn(f"1) Hex Fingerprint: {fingerprint}\n", shown)
            self.assertNotIn("2)", shown)

    def test_of_everything_list_it_alone(self):
        (module,) = self.list_json()["modules"]
        self.assertEqual(self.list_json(module["uri"])["modules"], [module])
        for slot in module["slots"]:
            self.assertEqual(self.list_json(slot["uri"])["modules"][0]["slots"], [slot])
            if slot["token"] is None or "uninitialized" in slot["token"]["flags"]:
                continue
            self.assertEqual(self.list_json(slot["token"]["uri"])["modules"][0]["slots"], [slot])
            for kind in ("keys", "certificates"):
                for one in slot["token"][kind]:
                    (found,) = self.tokens(one["uri"])[slot["token"]["label"]][kind]
                    self.assertEqual(found["uri"], one["uri"])

    def test_of_tokens_with_the_same_label_differ(self):
        self.token.add_token("test")
        (module,) = self.list_json()["modules"]
        uris = [
            slot["token"]["uri"] for slot in module["slots"] if slot["token"]["label"] == "test"
        ]
        self.assertEqual(len(set(uris)), 2)
        for uri in uris:
            self.assertEqual(len(self.list_json(uri)["modules"][0]["slots"]), 1)

    def test_that_two_objects_share_are_marked(self):
        self.token.write_certificate(self.expired, "web", "01")
        listed = self.tokens("pkcs11:token=test;type=cert")["test"]["certificates"]
        self.assertEqual(sorted(one["unique"] for one in listed), [False, False, True, True])
        self.assertIn("another object has the same URI", self.list_text())

    def test_hold_no_pin(self):
        self.write("pin", token.PIN)
        shown = self.list_text(f"pkcs11:token=test?pin-source={self.folder}/pin")
        self.assertNotIn("pin-source", shown)


class Text(ListTest):
    def test_reads_well(self):
        shown = self.list_text("pkcs11:token=test;object=web", *self.pin_flags).splitlines()
        (token_line,) = [line for line in shown if line.startswith("    token ")]
        self.assertRegex(
            token_line, r"    token 'test': SoftHSM v2, SoftHSM project, serial [0-9a-f]{16}"
        )
        key = shown.index("      private key 'web' id 01: EC prime256v1, sensitive, sign")
        self.assertEqual(shown[key + 1], "        pkcs11:token=test;object=web")
        self.assertRegex(shown[key + 2], r"        pkcs11:\S+;id=%01;object=web;type=private$")
        self.assertEqual(shown[key + 3], "        certificate 'web' id 01")
        certificate = shown.index("      certificate 'web' id 01")
        self.assertEqual(
            shown[certificate + 3 : certificate + 6],
            ["        subject CN=web.example", "        issuer  CN=test root", "        serial  51"],
        )
        self.assertEqual(shown[-1], "        private key 'web' id 01")

    def test_says_what_a_login_would_add(self):
        line = "      private keys appear after a login: add --login, or --passin SOURCE\n"
        self.assertEqual(self.list_text().count(line), 2, "an uninitialised token has no line")
        self.assertNotIn(line, self.list_text("pkcs11:token=test", *self.pin_flags))
        open_token = misbehaving.environment(self.env, "no-login-required")
        module = ("--pkcs11-lib", misbehaving.module())
        self.assertNotIn(line, self.list_text(*module, env=open_token))

    def test_says_what_has_expired(self):
        lines = self.list_text("pkcs11:token=test;object=alt%3B%20%C3%BC").splitlines()
        expires = self.expired.not_valid_after.isoformat() + "Z"
        self.assertIn(f"        expires {expires} (expired)", lines)

    def test_labels_cannot_steer_the_terminal(self):
        self.token.write_certificate(self.leaf, "\x1b[31mred\u202e", "0e")
        shown = self.list_text()
        self.assertNotIn("\x1b", shown)
        self.assertNotIn("\u202e", shown)
        self.assertIn("'?[31mred?'", shown)

    def test_agrees_with_pkcs11_tool(self):
        described = self.token.describe_objects()
        shown = self.list_text("pkcs11:token=test", *self.pin_flags)
        for label in (*self.keys, "alt; ü", "root"):
            self.assertIn(label, described)
            self.assertIn(f"'{label}'", shown)


@expand
class Trouble(ListTest):
    def test_one_token_that_cannot_be_read_does_not_hide_the_others(self):
        listed = self.tokens(
            *("--pkcs11-lib", misbehaving.module()),
            env=misbehaving.environment(self.env, "C_OpenSession=CKR_DEVICE_ERROR"),
        )
        self.assertIn("CKR_DEVICE_ERROR", listed["test"]["error"])
        self.assertEqual(set(listed), {"test", "second token"})

    def test_a_token_that_does_not_answer_hides_nothing_else(self):
        (module,) = self.list_json(
            *("--pkcs11-lib", misbehaving.module()),
            env=misbehaving.environment(self.env, "C_GetTokenInfo=CKR_DEVICE_ERROR"),
        )["modules"]
        self.assertEqual({slot["token"] for slot in module["slots"]}, {None})
        self.assertGreaterEqual(len(module["slots"]), 2)

    def test_a_certificate_that_is_none(self):
        shown = self.list_text(
            *("--pkcs11-lib", misbehaving.module()),
            env=misbehaving.environment(self.env, "garbage-certificate=web"),
        )
        self.assertIn("it cannot be read", shown)
        self.assertIn("subject CN=old.example", shown)

    def test_a_token_that_is_not_there(self):
        self.fail_with(program.KEY, "it shows '", "list", "pkcs11:token=absent")

    def test_a_file_that_is_not_there(self):
        self.fail_with(program.LOCAL_IO, "No such file", "list", "web.pem")

    def test_another_library(self):
        self.fail_with(
            program.KEY, "a library other than", "list", "pkcs11:library-manufacturer=Nobody"
        )

    @each(
        misplaced="pkcs11:token=test;pin-value=secret-77",
        twice="pkcs11:token=test?pin-value=secret-77&pin-source=x",
        misnamed="pkcs11:token=test?pin=secret-77",
    )
    def test_a_pin_in_a_malformed_uri_is_not_shown(self, uri):
        self.secret("secret-77")
        self.fail_with(program.KEY, re.compile("PIN|'pin' is unknown"), "list", uri)

    def test_a_malformed_uri(self):
        self.fail_with(program.KEY, "the attribute 'colour' is unknown", "list", "pkcs11:colour=1")


@expand
class Files(SystemTest):
    """Files are listed like tokens; the references are their paths."""

    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key(), "web.example", serial=0x51)

    PASSPHRASE = "file-secret-93"

    def list_file(self, name, contents, *flags):
        self.write(name, contents)
        listed = json.loads(self.succeed("list", "--json", name, *flags))
        self.assertEqual(set(listed), {"files"})
        (file,) = listed["files"]
        self.assertEqual(file["uri"], name)
        return file

    def passphrase(self):
        return ("--passin", "pass:" + self.secret(self.PASSPHRASE))

    def expected_key(self, name, *certificates):
        return {
            **{"uri": name, "unique": True, "label": "", "id": "", "private": True},
            **{"type": "EC", "bits": 256, "curve": "prime256v1", "flags": []},
            "certificates": list(certificates),
        }

    def expected_certificate(self, name, key=None):
        begin, end = (
            each.strftime("%Y-%m-%dT%H:%M:%SZ")
            for each in (self.leaf.not_valid_before, self.leaf.not_valid_after)
        )
        return {
            **{"uri": name, "unique": True, "label": "", "id": "", "subject": "CN=web.example"},
            **{"issuer": "CN=test root", "serial": "51", "notBefore": begin, "notAfter": end},
            "key": key,
        }

    @each(
        pem=pki.pkcs8_pem, der=pki.pkcs8_der, sec1=pki.traditional_pem, sec1_der=pki.traditional_der
    )
    def test_a_key(self, encode):
        file = self.list_file("web.key", encode(self.key))
        self.assertEqual((file["keys"], file["certificates"]), ([self.expected_key("web.key")], []))

    @each(pem=pki.pem, der=pki.der)
    def test_a_certificate(self, encode):
        file = self.list_file("web.pem", encode(self.leaf))
        self.assertEqual(file["keys"], [])
        self.assertEqual(file["certificates"], [self.expected_certificate("web.pem")])

    @each(pem=False, pkcs12=True)
    def test_key_and_certificate(self, pkcs12):
        contents = pki.pkcs8_pem(self.key) + pki.pem(self.leaf)
        if pkcs12:
            contents = pki.pkcs12_file(self.key, self.leaf, passphrase=self.PASSPHRASE)
        file = self.list_file("web", contents, *(self.passphrase() if pkcs12 else ()))
        self.assertEqual(file["keys"], [self.expected_key("web", "web")])
        self.assertEqual(file["certificates"], [self.expected_certificate("web", "web")])

    def test_several_certificates_are_not_unique(self):
        file = self.list_file("web.pem", pki.pem(self.leaf, self.root.certificate))
        shown = [(each["subject"], each["unique"]) for each in file["certificates"]]
        self.assertEqual(shown, [("CN=web.example", False), ("CN=test root", False)])

    def test_an_encrypted_key_hides_no_certificate(self):
        contents = pki.encrypted_pkcs8_pem(self.key, self.PASSPHRASE) + pki.pem(self.leaf)
        file = self.list_file("web", contents)
        (key,) = file["keys"]
        self.assertIn("passphrase", key["unusable"])
        self.assertEqual(file["certificates"], [self.expected_certificate("web")])
        file = self.list_file("web", contents, *self.passphrase())
        self.assertEqual(file["keys"], [self.expected_key("web", "web")])

    @each(pem=False, pkcs12=True)
    def test_a_wrong_passphrase(self, pkcs12):
        encrypted = pki.encrypted_pkcs8_pem(self.key, self.PASSPHRASE) + pki.pem(self.leaf)
        if pkcs12:
            encrypted = pki.pkcs12_file(self.key, self.leaf, passphrase=self.PASSPHRASE)
        self.write("web", encrypted)
        wrong = "pass:" + self.secret("another-secret-17")
        self.fail_with(program.KEY, "listing web: ", "list", "web", "--passin", wrong)

    def test_no_passphrase_for_all_that_is_there(self):
        self.write("web", pki.pkcs12_file(self.key, self.leaf, passphrase=self.PASSPHRASE))
        self.fail_with(program.KEY, re.compile("listing web: .*passphrase"), "list", "web")

    def test_something_else(self):
        self.write("web", "hello")
        self.fail_with(
            *(program.KEY, "listing web: it holds neither a private key nor a certificate", "list", "web"),
            hint="expected PEM",
        )

    def test_reads_well(self):
        self.write("web", pki.pkcs8_pem(self.key) + pki.pem(self.leaf))
        shown = self.succeed("list", "web").decode().splitlines()
        end = self.leaf.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertEqual(
            shown,
            [
                "file web",
                "      private key: EC prime256v1",
                "        web",
                "        certificate CN=web.example",
                "      certificate",
                "        web",
                "        subject CN=web.example",
                "        issuer  CN=test root",
                "        serial  51",
                f"        expires {end} (29 days left)",
                "        private key",
            ],
        )


class TpmKeyFiles(SystemTest):
    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, self.folder / "t")

    def test_a_key_beside_its_certificate(self):
        contents, public_key = self.tpm.make_key_file(tpm.EC_P256)
        leaf = pki.make_root().issue(public_key, "web.example")
        self.env = self.tpm.env
        self.write("web", contents + pki.pem(leaf))
        (file,) = json.loads(self.succeed("list", "--json", "web"))["files"]
        (key,), (certificate,) = file["keys"], file["certificates"]
        self.assertEqual((key["curve"], key["certificates"]), ("prime256v1", ["web"]))
        self.assertEqual(certificate["key"], "web")

    def test_a_key_without_its_tpm(self):
        contents, public_key = self.tpm.make_key_file(tpm.EC_P256)
        leaf = pki.make_root().issue(public_key, "web.example")
        self.write("web", contents + pki.pem(leaf))
        flags = ("--tcti", f"swtpm:path={self.folder}/nothing")
        (file,) = json.loads(self.succeed("list", "--json", "web", *flags))["files"]
        (key,), (certificate,) = file["keys"], file["certificates"]
        self.assertIn("TPM", key["unusable"])
        self.assertEqual((certificate["subject"], certificate["key"]), ("CN=web.example", None))


if __name__ == "__main__":
    unittest.main()
