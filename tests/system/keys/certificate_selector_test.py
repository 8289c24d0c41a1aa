#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""--cert-selector accepts a name in every form in which tools print it.

python3-cryptography makes the names and the openssl command prints them. Go's form is computed here
by the rules of its crypto/x509/pkix.
"""

import json
import random
import unittest

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

from support import openssl, pki, program
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest, SystemTest

COMMA = "sep_comma_plus"
# Each form is a list of values of -nameopt. Without esc_2253, a comma in a value is not escaped.
FORMS = {
    "default": (),
    "compat": ("compat",),
    "rfc2253": ("RFC2253",),
    "oneline": ("oneline",),
    "multiline": ("multiline",),
    "multiline_in_utf8": ("multiline,-esc_msb,utf8",),
    "comma_plus": (COMMA,),
    "comma_plus_space": ("sep_comma_plus_space,esc_2253,utf8",),
    "semicolon": ("sep_semi_plus_space,esc_2253",),
    "reversed": (f"{COMMA},dn_rev,esc_2253",),
    "space_eq": (f"{COMMA},space_eq,esc_2253",),
    "escapes": (f"{COMMA},esc_2253,esc_2254,esc_ctrl,esc_msb",),
    "escapes_of_utf8": (f"{COMMA},esc_2253,esc_ctrl,esc_msb,utf8",),
    "quotes": (f"{COMMA},use_quote,esc_ctrl,utf8",),
    "quotes_and_escapes": (f"{COMMA},use_quote,esc_2253,esc_msb,utf8",),
    "long_names": (f"{COMMA},lname,esc_2253,utf8",),
    "long_names_aligned": ("sep_multiline,lname,align,space_eq,esc_ctrl,utf8",),
    "short_names": (f"{COMMA},sname,esc_2253",),
    "oids": (f"{COMMA},oid,esc_2253,utf8",),
    "types": (f"{COMMA},show_type,esc_2253,utf8",),
    "no_types": (f"{COMMA},ignore_type,esc_2253,esc_msb,esc_ctrl",),
    "dump": (f"{COMMA},dump_all",),
    "dump_der": (f"{COMMA},dump_all,dump_der",),
    "dump_unknown": (f"{COMMA},dump_unknown,dump_der,esc_2253",),
    "dump_no_strings": (f"{COMMA},dump_nostr,dump_der,esc_2253",),
}

UNKNOWN_TYPE = ObjectIdentifier("1.3.6.1.4.1.55555.7")
TYPES = [
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    NameOID.STREET_ADDRESS,
    NameOID.POSTAL_CODE,
    NameOID.SERIAL_NUMBER,
    NameOID.EMAIL_ADDRESS,
    NameOID.DOMAIN_COMPONENT,
    NameOID.USER_ID,
    NameOID.TITLE,
    NameOID.GIVEN_NAME,
    NameOID.SURNAME,
    UNKNOWN_TYPE,
]
VALUES = [
    *("web", "web 1", "Example, Inc.", "a+b", "x=y", "a;b", "a/b", "#1", " lead", "trail ", "a  b"),
    *('say "hi"', "back\\slash", "<a>", "Müller & Söhne", "Ωmega", "日本", "tab\there", "O=x", "*"),
    *("a, OU=b", "a/CN=b", "\\41", "naïve", "0", "😀"),
]
PRINTABLE = set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
)


def random_name(chance):
    """A name of one to six RDNs, some with several values."""
    rdns = []
    for _ in range(chance.randint(1, 6)):
        types = chance.sample(sorted(set(TYPES), key=lambda oid: oid.dotted_string), 2)
        count = 2 if chance.random() < 0.2 else 1
        rdns.append(
            x509.RelativeDistinguishedName(random_attribute(chance, kind) for kind in types[:count])
        )
    return x509.Name(rdns)


def random_attribute(chance, oid):
    value = chance.choice(VALUES)
    string_type = _ASN1Type.UTF8String
    if oid in (NameOID.EMAIL_ADDRESS, NameOID.DOMAIN_COMPONENT) and value.isascii():
        string_type = _ASN1Type.IA5String
    elif set(value) <= PRINTABLE and chance.random() < 0.5:
        string_type = _ASN1Type.PrintableString
    elif max(map(ord, value)) < 0x10000 and chance.random() < 0.2:
        string_type = _ASN1Type.BMPString
    return x509.NameAttribute(oid, value, string_type, _validate=False)


GO_FIELDS = [
    *("2.5.4.6", "2.5.4.10", "2.5.4.11", "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.17"),
    *("2.5.4.3", "2.5.4.5"),
]
GO_NAMES = dict(zip(GO_FIELDS, "C O OU L ST STREET POSTALCODE CN SERIALNUMBER".split()))


def go_string(name):
    """The result of Go's pkix.Name.String() for a name parsed from a certificate."""
    fields = {oid: [] for oid in GO_FIELDS}
    rdns = []
    # DER sorts the values of an RDN; python3-cryptography does not keep their order.
    for attribute in (each for rdn in name.rdns for each in sorted(rdn, key=encoded)):
        oid = attribute.oid.dotted_string
        if oid in fields:
            fields[oid].append(attribute)
        else:
            rdns.append([attribute])
    for oid in ("2.5.4.3", "2.5.4.5"):
        fields[oid] = fields[oid][-1:]
    rdns += [values for values in fields.values() if values]
    return ",".join("+".join(map(go_attribute, rdn)) for rdn in reversed(rdns))


def encoded(attribute):
    return x509.Name([attribute]).public_bytes()[4:]  # without the headers of SEQUENCE and SET


def go_attribute(attribute):
    oid, value = attribute.oid.dotted_string, attribute.value
    if oid not in GO_NAMES:
        data = value.encode()
        # asn1.Marshal writes a PrintableString if possible, otherwise a UTF8String.
        tag = 0x13 if set(value) <= PRINTABLE else 0x0C
        return f"{oid}=#{tag:02x}{len(data):02x}{data.hex()}"
    escaped = ""
    for place, char in enumerate(value):
        first, last = place == 0, place == len(value) - 1
        if char in ',+"\\<>;' or (char == "#" and first) or (char == " " and (first or last)):
            escaped += "\\"
        escaped += char
    return f"{GO_NAMES[oid]}={escaped}"


class NamesTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.issuer_key = pki.make_key()

    def certify(self, name):
        public_key = self.issuer_key.public_key()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(pki.name("issuer"))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(pki.now() - pki.DAY)
            .not_valid_after(pki.now() + pki.DAY)
        )
        return certificate.sign(self.issuer_key, pki.hashes.SHA256())

    def printed(self, certificate, options):
        """The openssl command's output after "subject="."""
        nameopt = ("-nameopt", *options) if options else ()
        shown = run_tool(
            *(openssl.OPENSSL, "x509", "-noout", "-subject", *nameopt), stdin=pki.pem(certificate)
        )
        return shown.decode("utf-8", "surrogateescape").removeprefix("subject=").strip("\n")

    def selects(self, text, *certificates):
        """The serial number of the certificate that the text selects, or None."""
        self.write("all.pem", pki.pem(*certificates))
        selector = f"Key=x509Subject,Value={text}"
        result = self.run_program(
            *("read-certificate-data", "--certificate", "all.pem", "--cert-selector", selector)
        )
        if result.status == program.CERTIFICATE:
            self.assertIn("no certificate matches the selector", result.stderr)
            return None
        self.assertEqual(result.status, program.SUCCESS, str(result))
        return int(json.loads(result.stdout)["serialNumber"])


@expand
class PrintedNames(NamesTest):
    ROUNDS = 5

    @each(**FORMS)
    def test_openssl(self, options):
        chance = random.Random(str(options))
        for _ in range(self.ROUNDS):
            name, other = random_name(chance), random_name(chance)
            meant, decoy = self.certify(name), self.certify(other)
            text = self.printed(meant, options)
            if self.printed(decoy, options) == text or "\0" in text:
                continue
            with self.subTest(text):
                self.assertEqual(self.selects(text, decoy, meant), meant.serial_number, text)
                self.assertIsNone(self.selects(text, decoy))

    def test_go(self):
        chance = random.Random("go")
        for _ in range(3 * self.ROUNDS):
            meant, decoy = (self.certify(random_name(chance)) for _ in range(2))
            text = go_string(meant.subject)
            if text == go_string(decoy.subject):
                continue
            with self.subTest(text):
                self.assertEqual(self.selects(text, decoy, meant), meant.serial_number, text)
                self.assertIsNone(self.selects(text, decoy))


OU, CN = NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME
EXAMPLE = [
    (NameOID.COUNTRY_NAME, "DE"),
    (NameOID.STATE_OR_PROVINCE_NAME, "Bavaria"),
    (NameOID.ORGANIZATION_NAME, "Example, Inc."),
    (OU, "A"),
    (OU, "B"),
    (CN, "web"),
    (NameOID.SERIAL_NUMBER, "7"),
    (NameOID.EMAIL_ADDRESS, "a@example.com"),
]


@expand
class ExampleName(NamesTest):
    def setUp(self):
        super().setUp()
        self.meant = self.certify(
            x509.Name(x509.NameAttribute(oid, value) for oid, value in EXAMPLE)
        )

    @each(
        go="SERIALNUMBER=7,CN=web,OU=A+OU=B,O=Example\\, Inc.,ST=Bavaria,C=DE,"
        "1.2.840.113549.1.9.1=#0c0d61406578616d706c652e636f6d",
        go_in_its_own_order="1.2.840.113549.1.9.1=#160d61406578616d706c652e636f6d,SERIALNUMBER=7,"
        "CN=web,OU=B+OU=A,O=Example\\, Inc.,ST=Bavaria,C=DE",
        windows='E=a@example.com, SERIALNUMBER=7, CN=web, OU=B, OU=A, O="Example, Inc.", '
        "S=Bavaria, C=DE",
        java="EMAILADDRESS=a@example.com, SERIALNUMBER=7, CN=web, OU=B, OU=A, "
        'O="Example, Inc.", ST=Bavaria, C=DE',
        slashes="/C=DE/ST=Bavaria/O=Example, Inc./OU=A/OU=B/CN=web/serialNumber=7"
        "/emailAddress=a@example.com",
        with_its_title="subject=C = DE, ST = Bavaria, O = \"Example, Inc.\", OU = A, OU = B, "
        "CN = web, serialNumber = 7, emailAddress = a@example.com",
        oids="OID.2.5.4.6=DE,2.5.4.8=Bavaria,2.5.4.10=Example\\, Inc.,2.5.4.11=A,2.5.4.11=B,"
        "2.5.4.3=web,2.5.4.5=7,1.2.840.113549.1.9.1=a@example.com",
    )
    def test_in_the_form_of(self, text):
        self.assertEqual(self.selects(text, self.meant), self.meant.serial_number)

    @each(
        another_value="SERIALNUMBER=8,CN=web,OU=A+OU=B,O=Example\\, Inc.,ST=Bavaria,C=DE,"
        "1.2.840.113549.1.9.1=#0c0d61406578616d706c652e636f6d",
        a_part_less="E=a@example.com, CN=web, OU=B, OU=A, O=Example\\, Inc., S=Bavaria, C=DE",
        a_part_more="/C=DE/ST=Bavaria/O=Example, Inc./OU=A/OU=B/CN=web/serialNumber=7"
        "/emailAddress=a@example.com/CN=web",
        another_case="E=a@example.com,SERIALNUMBER=7,CN=Web,OU=B,OU=A,O=Example\\, Inc.,"
        "S=Bavaria,C=DE",
        another_order="CN=web,E=a@example.com,SERIALNUMBER=7,OU=B,OU=A,O=Example\\, Inc.,"
        "S=Bavaria,C=DE",
        other_values_merged="SERIALNUMBER=7,CN=web,OU=A+OU=A,O=Example\\, Inc.,ST=Bavaria,C=DE,"
        "1.2.840.113549.1.9.1=#0c0d61406578616d706c652e636f6d",
    )
    def test_not_with(self, text):
        self.assertIsNone(self.selects(text, self.meant))


class Messages(MintTest):
    def setUp(self):
        super().setUp()
        key = pki.make_key()
        leaf = self.root.issue(key.public_key(), "test web", serial=0x51)
        self.flags = self.write_identity(key, leaf)

    def test_no_match_lists_what_there_is(self):
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=nobody")
        self.mint_fails_locally(
            *(program.CERTIFICATE, "there is CN=test web (serial 51)", *self.flags, *selector),
            hint="openssl x509 -subject",
        )

    def test_at_most_eight_are_listed(self):
        public_key = pki.make_key().public_key()
        many = [self.root.issue(public_key, f"web {number:02}") for number in range(30)]
        self.write("web.pem", pki.pem(*many))
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=nobody")
        result = self.mint_fails_locally(
            *(program.CERTIFICATE, "CN=web 07 (serial", *self.flags, *selector)
        )
        self.assertNotIn("CN=web 08", result.stderr)

    def test_what_is_listed_is_fit_for_a_terminal(self):
        leaf = self.root.issue(pki.make_key().public_key(), "a\u202eb\x1b[31mc\n")
        self.write("web.pem", pki.pem(leaf))
        selector = ("--cert-selector", "Key=x509Subject,Value=CN=nobody")
        self.mint_fails_locally(
            program.CERTIFICATE, "CN=a?b\\1B[31mc\\0A (serial", *self.flags, *selector
        )

    def test_pairs_that_the_shell_took_apart(self):
        for words in (
            ("Key=x509Subject,Value=CN=web", "Key=x509Issuer,Value=CN=root"),
            ("Key=x509Subject,Value=CN=test", "web"),
        ):
            self.mint_fails_locally(
                *(program.USAGE, "", *self.flags, "--cert-selector", *words),
                hint="put the value of --cert-selector in single quotes",
            )


if __name__ == "__main__":
    unittest.main()
