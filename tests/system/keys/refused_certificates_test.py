#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Defects that the service reports as "Insufficient certificate" are found before anything is sent.

A client that checks nothing shows that the emulator refuses each of them.
"""

import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from support import asn1, openssl, pki, program
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest, SystemTest

PSS = "it is signed with RSASSA-PSS, which the service does not accept"
ED25519 = "it is signed with ED25519, which the service does not accept"
CURVE = "its key has explicit EC parameters, the service takes named curves only"
EXTENSION = "its critical extension 1.2.3.4 is unknown to the service"
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
ML_DSA_65 = bytes.fromhex("0609608648016503040312")
FLAGS = ("--certificate", "web.pem", "--private-key", "web.key")


class RefusedTest(MintTest):
    def setUp(self):
        super().setUp()
        self.key = pki.make_key()
        self.write("web.key", pki.pkcs8_pem(self.key))

    def refuse(self, message, *certificates, hint=None):
        self.write("web.pem", pki.pem(*certificates))
        return self.mint_fails_locally(
            program.CERTIFICATE, f"certificate CN=web: {message}", *FLAGS, hint=hint
        )

    def certify(self, issuer, public_key, name, *options, ca=False):
        """Has the openssl command make a certificate; `options` choose the signature."""
        issuer_key = self.write("issuer.key", pki.pkcs8_pem(issuer.key))
        issuer_pem = self.write("issuer.pem", pki.pem(issuer.certificate))
        usage = "keyCertSign" if ca else "digitalSignature"
        extensions = self.write(
            "extensions",
            f"basicConstraints=critical,CA:{ca}\nkeyUsage=critical,{usage}\n".replace(
                "True", "TRUE"
            ).replace("False", "FALSE"),
        )
        key = self.write("certified.key", public_key)
        request = run_tool(openssl.OPENSSL, "req", "-new", "-key", key, "-subj", f"/CN={name}")
        made = run_tool(
            *(openssl.OPENSSL, "x509", "-req", "-CA", issuer_pem, "-CAkey", issuer_key),
            *("-days", "9", "-extfile", extensions, "-set_serial", "77", *options),
            stdin=request,
        )
        return x509.load_pem_x509_certificate(made)


def rsa_root():
    key = pki.make_key("RSA2048")
    certificate = pki.make_certificate(
        key.public_key(), "rsa root", pki.name("rsa root"), key, ca=True, usage={"key_cert_sign"}
    )
    return pki.Issuer(key, certificate)


def ed25519_root():
    key = ed25519.Ed25519PrivateKey.generate()
    certificate = pki.make_certificate(
        *(key.public_key(), "ed root", pki.name("ed root"), key),
        ca=True,
        usage={"key_cert_sign"},
        digest=None,
    )
    return pki.Issuer(key, certificate)


PSS_OPTIONS = ("-sigopt", "rsa_padding_mode:pss", "-sha256")


class Leaves(RefusedTest):
    def test_signed_with_pss(self):
        leaf = self.certify(rsa_root(), pki.pkcs8_pem(self.key), "web", *PSS_OPTIONS)
        self.refuse(PSS, leaf, hint="PKCS#1 v1.5")

    def test_signed_with_ed25519(self):
        leaf = ed25519_root().issue(self.key.public_key(), digest=None)
        self.refuse(ED25519, leaf, hint="ECDSA")

    def test_with_explicit_ec_parameters(self):
        key = run_tool(
            *(openssl.OPENSSL, "genpkey", "-algorithm", "EC"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"),
        )
        leaf = self.certify(self.root, key, "web")
        self.write("web.key", key)
        result = self.refuse(CURVE, leaf, hint="openssl genpkey")
        command = result.stderr.splitlines()[1].partition(": openssl ")[2].split()
        key = run_tool(openssl.OPENSSL, *command)
        self.write("web.key", key)
        self.write("web.pem", pki.pem(self.certify(self.root, key, "web")))
        self.mint(*FLAGS)

    def test_with_an_unknown_critical_extension(self):
        leaf = self.root.issue(self.key.public_key(), extensions=[UNKNOWN])
        self.refuse(EXTENSION, leaf, hint="not critical")

    def test_a_critical_extension_that_everybody_knows_is_none(self):
        usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH])
        names = x509.SubjectAlternativeName([x509.DNSName("web.example")])
        self.write_identity(
            self.key, self.root.issue(self.key.public_key(), extensions=[usage, names])
        )
        self.mint(*FLAGS)


class Issuers(RefusedTest):
    def test_signed_with_pss(self):
        root, issuer_key = rsa_root(), pki.make_key()
        issuer = self.certify(root, pki.pkcs8_pem(issuer_key), "sub", *PSS_OPTIONS, ca=True)
        leaf = pki.Issuer(issuer_key, issuer).issue(self.key.public_key())
        self.refuse(f"its issuer CN=sub: {PSS}", leaf, issuer)

    def test_signed_with_ed25519(self):
        issuer = ed25519_root().make_intermediate("sub", digest=None)
        self.refuse(
            f"its issuer CN=sub: {ED25519}",
            *(issuer.issue(self.key.public_key()), issuer.certificate),
        )

    def test_with_explicit_ec_parameters(self):
        pem = run_tool(
            *(openssl.OPENSSL, "genpkey", "-algorithm", "EC"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"),
        )
        issuer = self.certify(self.root, pem, "sub", ca=True)
        issuer_key = self.write("sub.key", pem)
        issuer_pem = self.write("sub.pem", pki.pem(issuer))
        extensions = self.write("usage", "keyUsage=critical,digitalSignature\n")
        request = run_tool(
            *(openssl.OPENSSL, "req", "-new", "-key", self.folder / "web.key", "-subj", "/CN=web")
        )
        leaf = run_tool(
            *(openssl.OPENSSL, "x509", "-req", "-CA", issuer_pem, "-CAkey", issuer_key),
            *("-days", "9", "-extfile", extensions, "-set_serial", "78"),
            stdin=request,
        )
        self.refuse(
            f"its issuer CN=sub: {CURVE}", x509.load_pem_x509_certificate(leaf), issuer
        )

    def test_with_an_unknown_critical_extension(self):
        issuer = self.root.make_intermediate("sub", extensions=[UNKNOWN])
        self.refuse(
            f"its issuer CN=sub: {EXTENSION}",
            *(issuer.issue(self.key.public_key()), issuer.certificate),
        )

    def test_one_above_the_trust_anchor_is_no_reason_to_refuse(self):
        above = ed25519_root().make_intermediate("above", digest=None)
        anchor = above.make_intermediate("anchor")
        issuer = anchor.make_intermediate("sub")
        self.start_own_service(anchor.certificate)
        leaf = issuer.issue(self.key.public_key())
        self.write("web.pem", pki.pem(leaf, issuer.certificate, anchor.certificate, above.certificate))
        self.mint_with_records(*FLAGS)

    def test_one_further_up_is_named_when_the_service_refuses(self):
        root = ed25519_root()
        upper = root.make_intermediate("upper", digest=None)
        lower = upper.make_intermediate("lower")
        self.start_own_service(root.certificate)
        leaf = lower.issue(self.key.public_key())
        self.write("web.pem", pki.pem(leaf, lower.certificate, upper.certificate))
        self.mint_fails(
            *(program.SERVICE, "Untrusted signing certificate", *FLAGS),
            hint=f"its issuer CN=upper: {ED25519}",
        )


def ml_dsa_certificate(root):
    """Builds a certificate for an ML-DSA-65 key, which python3-cryptography cannot."""
    pattern = root.issue(pki.make_key().public_key())
    (_, fields, _), *_ = asn1.elements(pattern.tbs_certificate_bytes)
    parts = [whole for *_, whole in asn1.elements(fields)]
    algorithm = asn1.element(0x30, ML_DSA_65)
    parts[6] = asn1.element(0x30, algorithm, asn1.element(0x03, b"\0", bytes(1952)))
    signed = asn1.element(0x30, *parts)
    signature = root.key.sign(signed, pki.ec.ECDSA(pki.hashes.SHA256()))
    return asn1.element(0x30, signed, parts[2], asn1.element(0x03, b"\0", signature))


@expand
@unittest.skipIf(openssl.version() >= (3, 5), "OpenSSL has ML-DSA from version 3.5 on")
class MlDsaWithAnOldOpenssl(SystemTest):
    """A message names the key's algorithm even if OpenSSL does not have it."""

    NEEDED = "certificate CN=web: its key is ML-DSA-65, which needs OpenSSL 3.5 or later"

    def setUp(self):
        super().setUp()
        self.write("web.der", ml_dsa_certificate(pki.make_root()))
        self.write_key()

    def write_key(self):
        seed = asn1.element(0x80, bytes(32))
        key = asn1.element(
            0x30, asn1.integer(0), asn1.element(0x30, ML_DSA_65), asn1.element(0x04, seed)
        )
        self.write("web.key", key)

    def test_read_certificate_data_says_what_is_needed(self):
        self.fail_with(
            *(program.CERTIFICATE, self.NEEDED),
            *("read-certificate-data", "--certificate", "web.der"),
        )

    def test_a_mint_says_what_is_needed(self):
        arn = "arn:aws:rolesanywhere:us-east-1:111122223333:"
        self.fail_with(
            *(program.CERTIFICATE, self.NEEDED, "credential-process"),
            *("--certificate", "web.der", "--private-key", "web.key"),
            *("--trust-anchor-arn", f"{arn}trust-anchor/00000000-0000-4000-8000-000000000002"),
            *("--profile-arn", f"{arn}profile/00000000-0000-4000-8000-000000000001"),
            *("--role-arn", "arn:aws:iam::111122223333:role/demo"),
        )

    @each("web.der")
    def test_the_version_at_hand_is_named(self, path):
        result = self.run_program("read-certificate-data", "--certificate", path)
        number = run_tool(openssl.OPENSSL, "version").split()[1].decode()
        self.assertIn(f"; this is {number}\n", result.stderr)


if __name__ == "__main__":
    unittest.main()
