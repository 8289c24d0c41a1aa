#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""read-certificate-data shows a certificate in the form of aws_signing_helper."""

import base64
import json
import re
import unittest
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from support import openssl, pki, program, token
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import SystemTest, make_folder


@expand
class OfFiles(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()

    def read(self, contents, *flags):
        self.write("web.pem", contents)
        command = ("read-certificate-data", "--certificate", "web.pem", *flags)
        return json.loads(self.succeed(*command))

    def expected(self, certificate, key_type):
        return {
            "keyType": key_type,
            "certificateData": base64.b64encode(pki.der(certificate)).decode(),
            "serialNumber": str(certificate.serial_number),
            "supportedAlgorithms": [f"{key_type}SHA{bits}" for bits in (256, 384, 512)],
        }

    @each("RSA2048", "P256", "P521")
    def test_of(self, kind):
        leaf = self.root.issue(pki.make_key(kind).public_key())
        key_type = "RSA" if kind.startswith("RSA") else "EC"
        self.assertEqual(self.read(pki.pem(leaf)), self.expected(leaf, key_type))

    def test_of_der(self):
        leaf = self.root.issue(pki.make_key().public_key())
        self.assertEqual(self.read(pki.der(leaf)), self.expected(leaf, "EC"))

    def test_of_the_first_of_a_fullchain(self):
        leaf = self.root.issue(pki.make_key().public_key())
        shown = self.read(pki.pem(leaf, self.root.certificate))
        self.assertEqual(shown, self.expected(leaf, "EC"))

    def test_of_a_pkcs12_file(self):
        key = pki.make_key()
        leaf = self.root.issue(key.public_key())
        contents = pki.pkcs12_file(key, leaf, [self.root.certificate], "a passphrase")
        shown = self.read(contents, "--passin", "pass:" + self.secret("a passphrase"))
        self.assertEqual(shown, self.expected(leaf, "EC"))

    def test_of_a_file_that_holds_the_key_too(self):
        key = pki.make_key()
        leaf = self.root.issue(key.public_key())
        shown = self.read(pki.pkcs8_pem(key) + pki.pem(leaf))
        self.assertEqual(shown, self.expected(leaf, "EC"))

    @each(
        smallest=1, longest=2**159 - 1, with_its_top_bit_set=0x80, larger_than_64_bits=2**64 + 1
    )
    def test_serial_number(self, serial):
        leaf = self.root.issue(pki.make_key().public_key(), serial=serial)
        self.assertEqual(self.read(pki.pem(leaf))["serialNumber"], str(serial))

    def test_of_an_expired_one(self):
        leaf = self.root.issue(
            pki.make_key().public_key(), not_before=-9 * pki.DAY, not_after=-pki.DAY
        )
        self.assertEqual(self.read(pki.pem(leaf)), self.expected(leaf, "EC"))

    def test_of_a_ca(self):
        self.assertEqual(
            self.read(pki.pem(self.root.certificate)), self.expected(self.root.certificate, "EC")
        )

    def test_of_the_selected_one(self):
        leaves = [self.root.issue(pki.make_key().public_key(), name) for name in ("one", "two")]
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=two")
        self.assertEqual(self.read(pki.pem(*leaves), *selector), self.expected(leaves[1], "EC"))

    def text(self, *certificates):
        self.write("web.pem", pki.pem(*certificates))
        shown = self.succeed("read-certificate-data", "--certificate", "web.pem", "--format", "text")
        return [each.splitlines() for each in shown.decode().split("\n\n")]

    def test_as_text(self):
        leaf = self.root.issue(
            pki.make_key().public_key(), serial=0x51, not_before=-pki.DAY, not_after=pki.DAY * 7 / 2
        )
        begin, end = (
            each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in (leaf.not_valid_before, leaf.not_valid_after)
        )
        (shown,) = self.text(leaf)
        self.assertEqual(
            shown,
            [
                "subject  CN=web",
                f"issuer   {self.root.certificate.subject.rfc4514_string()}",
                "serial   51",
                f"valid    {begin} to {end}, 3 days left",
                "key      EC prime256v1",
                "usages   digitalSignature",
                "as leaf  no problem found",
            ],
        )

    def test_as_text_of_a_fullchain(self):
        _, ca = self.text(self.root.issue(pki.make_key().public_key()), self.root.certificate)
        self.assertIn("as leaf  refused: it is a CA certificate (CA:TRUE)", ca)

    def test_as_text_everything_that_is_wrong(self):
        leaf = self.root.issue(
            pki.make_key("RSA2048").public_key(),
            usage={"key_encipherment"},
            not_before=-9 * pki.DAY,
            not_after=-2.5 * pki.DAY,
        )
        (shown,) = self.text(leaf)
        self.assertRegex(shown[3], "expired 2 days ago$")
        self.assertIn("key      RSA 2048", shown)
        self.assertIn("usages   keyEncipherment", shown)
        refused = [line for line in shown if line.startswith("as leaf  refused: ")]
        self.assertEqual(len(refused), 2, shown)
        self.assertIn("it expired on", refused[0])
        self.assertIn("keyUsage does not include digitalSignature", refused[1])

    def test_as_text_what_its_key_is_for(self):
        usages = "keyUsage=digitalSignature,keyAgreement", "extendedKeyUsage=clientAuth,1.2.3.4"
        run_tool(
            *(openssl.OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
            *("-nodes", "-subj", "/CN=web", "-out", self.folder / "web.pem", "-keyout", self.folder / "key"),
            *(part for usage in usages for part in ("-addext", usage)),
        )
        command = ("read-certificate-data", "--certificate", "web.pem", "--format", "text")
        shown = self.succeed(*command).decode()
        self.assertIn("\nusages   digitalSignature, keyAgreement, clientAuth, 1.2.3.4\n", shown)
        self.assertIn("\nkey      EC secp384r1\n", shown)

    def test_as_json(self):
        leaf = self.root.issue(pki.make_key().public_key())
        self.assertEqual(self.read(pki.pem(leaf), "--format", "json"), self.expected(leaf, "EC"))

    def test_as_something_else(self):
        self.fail_with(program.USAGE, "--format", "read-certificate-data", "--format", "yaml")

    def test_of_nothing(self):
        self.fail_with(
            program.USAGE, "--certificate is missing", "read-certificate-data", hint="pkcs11:"
        )

    def test_of_a_file_without_certificate(self):
        self.write("web.key", pki.pkcs8_pem(pki.make_key()))
        self.fail_with(
            program.CERTIFICATE,
            re.compile("web.key: .*certificate"),
            *("read-certificate-data", "--certificate", "web.key"),
        )


class OnAToken(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()
        cls.original = token.Token(make_folder(cls) / "t")

    def read(self, uri, *flags):
        """Runs the command without a PIN, because certificates are public objects."""
        copy = self.original.copy(self.folder / uuid.uuid4().hex)
        command = ("read-certificate-data", "--certificate", uri, "--pkcs11-lib", token.MODULE)
        return self.succeed(*command, *flags, env=copy.env).decode()


class OfTokens(OnAToken):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.leaves = [
            cls.root.issue(pki.make_key().public_key(), name, serial=serial)
            for serial, name in enumerate(("one", "two"), start=0x70)
        ]
        for number, leaf in enumerate(cls.leaves, start=1):
            cls.original.write_certificate(leaf, f"leaf {number}", f"0{number}")

    def line(self, number, leaf):
        """aws_signing_helper's lines for a certificate, without the URI."""
        return (
            f"{number}) Hex Fingerprint: {leaf.fingerprint(hashes.SHA1()).hex()}\n"
            f"Subject: {leaf.subject.rfc4514_string()}\n"
            f"Issuer: {leaf.issuer.rfc4514_string()}\n"
            f"Serial Number: {leaf.serial_number:X}\n"
        )

    def read_matches(self, uri, *flags):
        """The printed lines of each match, and the URIs."""
        shown = self.read(uri, *flags)
        title, _, rest = shown.partition("\n")
        self.assertEqual(title, "Matching identities")
        self.assertTrue(rest.endswith("\n\n"), shown)
        matches, uris = zip(*(each.split("URI: ") for each in rest.removesuffix("\n\n").split("\n\n")))
        return list(matches), list(uris)

    def test_a_numbered_list(self):
        matches, _ = self.read_matches("pkcs11:token=test")
        expected = {self.line("N", leaf) for leaf in self.leaves}
        self.assertEqual({"N" + line[1:] for line in matches}, expected)
        self.assertEqual([line[0] for line in matches], ["1", "2"])

    def test_each_has_a_uri_that_means_it_alone(self):
        matches, uris = self.read_matches("pkcs11:token=test")
        for match, uri in zip(matches, uris, strict=True):
            self.assertEqual(self.read_matches(uri), (["1" + match[1:]], [uri]))

    def test_one_by_its_label(self):
        matches, _ = self.read_matches("pkcs11:token=test;object=leaf%202")
        self.assertEqual(matches, [self.line(1, self.leaves[1])])

    def test_one_by_a_selector(self):
        matches, _ = self.read_matches(
            "pkcs11:token=test", "--cert-selector", "Key=x509Serial,Value=70"
        )
        self.assertEqual(matches, [self.line(1, self.leaves[0])])

    def test_as_json_one_object_a_line(self):
        lines = self.read("pkcs11:token=test", "--format", "json").splitlines()
        serials = {json.loads(line)["serialNumber"] for line in lines}
        self.assertEqual(serials, {str(leaf.serial_number) for leaf in self.leaves})

    def test_as_text(self):
        first, second = self.read("pkcs11:token=test", "--format", "text").split("\n\n")
        _, (uri, other) = self.read_matches("pkcs11:token=test")
        self.assertIn(f"\nuri      {uri}\n", first)
        self.assertIn(f"\nuri      {other}\n", second)
        self.assertIn("\nas leaf  no problem found", first)


@expand
class Names(OnAToken):
    """Names in Go's form, which aws_signing_helper prints and compares."""

    _E = x509.NameOID
    NAMES = {
        "usual": ([[("C", "US")], [("O", "Example")], [("CN", "web")]], "CN=web,O=Example,C=US"),
        "in_another_order": (
            [[("CN", "web")], [("O", "Example")], [("SERIALNUMBER", "7")], [("ST", "Ohio")]],
            "SERIALNUMBER=7,CN=web,ST=Ohio,O=Example",
        ),
        "several_of_a_kind": (
            [[("OU", "A")], [("O", "X")], [("OU", "B")], [("CN", "old")], [("CN", "new")]],
            "CN=new,OU=A+OU=B,O=X",
        ),
        "escapes": ([[("CN", ' a,b+"c" '), ("O", "#1")]], r"CN=\ a\,b\+\"c\"\ ,O=\#1"),
        "others_by_number": (
            [[("EMAIL", "a@b")], [("DC", "test")], [("CN", "web")]],
            "CN=web,0.9.2342.19200300.100.1.25=#130474657374,1.2.840.113549.1.9.1=#0c03614062",
        ),
        "outside_ascii": ([[("CN", "Bücher")]], "CN=Bücher"),
        "a_control_character": ([[("CN", "a\x1bb")]], "CN=a?b"),
    }
    OIDS = {
        **{"C": _E.COUNTRY_NAME, "O": _E.ORGANIZATION_NAME, "OU": _E.ORGANIZATIONAL_UNIT_NAME},
        **{"CN": _E.COMMON_NAME, "ST": _E.STATE_OR_PROVINCE_NAME, "SERIALNUMBER": _E.SERIAL_NUMBER},
        **{"EMAIL": _E.EMAIL_ADDRESS, "DC": _E.DOMAIN_COMPONENT},
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, (name, (parts, _)) in enumerate(cls.NAMES.items(), start=0x20):
            subject = x509.Name(
                x509.RelativeDistinguishedName(x509.NameAttribute(cls.OIDS[kind], text) for kind, text in rdn)
                for rdn in parts
            )
            leaf = cls.root.issue(pki.make_key().public_key(), subject)
            cls.original.write_certificate(leaf, name, f"{number}")

    @each(*NAMES)
    def test_subject(self, name):
        shown = self.read(f"pkcs11:token=test;object={name}")
        self.assertIn(f"\nSubject: {self.NAMES[name][1]}\n", shown)


if __name__ == "__main__":
    unittest.main()
