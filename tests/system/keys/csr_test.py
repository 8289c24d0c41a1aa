#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""csr makes a certificate request that a CA can sign, with any kind of key."""

import ipaddress
import json
import os
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from support import openssl, pki, program, token, tpm
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import need
from support.strace import STRACE, need_strace
from support.system_test import MintTest, SystemTest, make_folder

CERTTOOL = "/usr/bin/certtool"
HASHES = {"P256": hashes.SHA256, "P384": hashes.SHA384, "P521": hashes.SHA512}


def spki(public_key):
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


class CsrTest(SystemTest):
    def request(self, *flags, subject="/CN=web", **more):
        """Makes a request, which openssl must verify; returns it parsed."""
        pem = self.succeed("csr", "--subject", subject, *flags, **more)
        return self.check(pem)

    def check(self, pem):
        run_tool(openssl.OPENSSL, "req", "-verify", "-noout", stdin=pem)
        request = x509.load_pem_x509_csr(pem)
        self.assertTrue(request.is_signature_valid)
        return request

    def write_key(self, kind="P256"):
        key = pki.make_key(kind)
        self.write("web.key", pki.pkcs8_pem(key))
        return key.public_key()


@expand
class WithKeyFiles(CsrTest):
    @each("P256", "P384", "P521", "RSA2048", "RSA3072")
    def test_key_and_hash(self, kind):
        public_key = self.write_key(kind)
        request = self.request("--private-key", "web.key")
        self.assertEqual(spki(request.public_key()), spki(public_key))
        self.assertIsInstance(
            request.signature_hash_algorithm, HASHES.get(kind, hashes.SHA256)
        )

    def test_ed25519(self):
        key = ed25519.Ed25519PrivateKey.generate()
        self.write("web.key", pki.pkcs8_pem(key))
        request = self.request("--private-key", "web.key")
        self.assertEqual(spki(request.public_key()), spki(key.public_key()))
        self.assertIsNone(request.signature_hash_algorithm)

    def test_what_a_leaf_needs_is_asked_for(self):
        self.write_key()
        request = self.request("--private-key", "web.key")
        usage = request.extensions.get_extension_for_class(x509.KeyUsage)
        self.assertTrue(usage.critical)
        self.assertTrue(usage.value.digital_signature)
        self.assertFalse(usage.value.key_cert_sign or usage.value.key_encipherment)
        purposes = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        self.assertEqual(list(purposes.value), [ExtendedKeyUsageOID.CLIENT_AUTH])
        self.assertEqual(len(request.extensions), 2)

    def test_openssl_and_certtool_show_it(self):
        self.write_key()
        flags = ("--private-key", "web.key", "--dns", "web.example")
        pem = self.succeed("csr", "--subject", "/O=Example/CN=web", *flags)
        text = run_tool(openssl.OPENSSL, "req", "-verify", "-text", "-noout", stdin=pem).decode()
        self.assertIn("Subject: O = Example, CN = web", text)
        self.assertRegex(text, r"X509v3 Key Usage: critical\n +Digital Signature\n")
        self.assertIn("TLS Web Client Authentication", text)
        self.assertIn("DNS:web.example", text)
        need(CERTTOOL, "gnutls-bin")
        self.write("web.csr", pem)
        text = run_tool(CERTTOOL, "--crq-info", "--infile", self.folder / "web.csr").decode()
        self.assertIn("Self signature: verified", text)
        self.assertIn("DNSname: web.example", text)

    def test_every_kind_of_name(self):
        self.write_key()
        request = self.request(
            *("--private-key", "web.key", "--dns", "web.example", "--dns", "*.example"),
            *("--ip", "192.0.2.7", "--ip", "2001:db8::7", "--uri", "spiffe://example.org/web"),
            *("--email", "web@example.org"),
        )
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        self.assertFalse(names.critical)
        self.assertEqual(
            list(names.value),
            [
                x509.DNSName("web.example"),
                x509.DNSName("*.example"),
                x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
                x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
                x509.UniformResourceIdentifier("spiffe://example.org/web"),
                x509.RFC822Name("web@example.org"),
            ],
        )

    @each(
        one="/CN=web",
        several="/C=DE/O=Example/OU=Web Team/CN=web",
        joined="/O=Example/CN=web+serialNumber=7",
        escaped=r"/O=Example \/ Sons\+Co\\/CN=web",
        utf8="/O=Bäckerei Grün/CN=web",
        by_oid="/2.5.4.10=Example/commonName=web",
        equals="/CN=a=b",
        rare="/DC=org/DC=example/UID=web/emailAddress=web@example.org",
        blank="/CN= web ",
    )
    def test_subject_is_that_of_openssl(self, subject):
        self.write_key()
        request = self.request("--private-key", "web.key", subject=subject)
        theirs = run_tool(
            *(openssl.OPENSSL, "req", "-new", "-utf8", "-key", self.folder / "web.key"),
            *("-subj", subject, "-config", "/dev/null"),
        )
        self.assertEqual(
            request.subject.public_bytes(), x509.load_pem_x509_csr(theirs).subject.public_bytes()
        )

    def test_a_long_request(self):
        self.write_key()
        hosts = [f"host-{number}.example" for number in range(400)]
        flags = [part for host in hosts for part in ("--dns", host)]
        request = self.request("--private-key", "web.key", *flags)
        names = request.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
        self.assertEqual(names.value.get_values_for_type(x509.DNSName), hosts)

    @each(
        no_slash=("CN=web", "does not begin with '/'", "/CN=web"),
        no_equals=("/CN", "'CN' has no '='", "/CN=web"),
        unknown_type=("/XX=1", "there is no type 'XX'", "OID"),
        no_value=("/CN=", "'CN' has no value", None),
        only_a_slash=("/", "has no '='", None),
        plus_at_end=("/CN=web+", "nothing follows the last '+'", None),
        one_type_twice=("/O=a/CN=web+UID=1+CN=b", "joins 'CN' with another 'CN'", "'/'"),
        backslash=("/CN=web\\", "ends with a backslash", "\\\\"),
        too_long=("/CN=" + "w" * 65, "the value of 'CN'", None),
        country=("/C=Germany", "the value of 'C'", None),
        control=("/CN=a\tb", "control characters", None),
        not_utf8=("/CN=a\udcffb", "not UTF-8", None),
    )
    def test_bad_subject(self, case):
        subject, message, hint = case
        self.write_key()
        self.fail_with(
            *(program.USAGE, message, "csr", "--private-key", "web.key", "--subject", subject),
            hint=hint,
        )

    @each(
        dns=("--dns", "a..b", "is not a host name"),
        dns_blank=("--dns", "a b", "is not a host name"),
        dns_umlaut=("--dns", "grün.example", "is not a host name"),
        dns_hyphen=("--dns", "-a.example", "is not a host name"),
        dns_long=("--dns", "a" * 64 + ".example", "is not a host name"),
        dns_star=("--dns", "a.*.example", "is not a host name"),
        dns_brackets=("--dns", "[a,b]", "is not a host name"),
        ip_brackets=("--ip", "[2001:db8::1]", "is not an IP address"),
        ip=("--ip", "192.0.2.256", "is not an IP address"),
        ip_host=("--ip", "web.example", "is not an IP address"),
        uri=("--uri", "web", "is not a URI"),
        uri_blank=("--uri", "spiffe://a b", "is not a URI"),
        email=("--email", "web", "is not an email address"),
        email_host=("--email", "web@", "is not an email address"),
    )
    def test_bad_name(self, case):
        flag, value, message = case
        self.write_key()
        flags = ("--private-key", "web.key", "--subject", "/CN=web", flag, value)
        result = self.fail_with(program.USAGE, message, "csr", *flags)
        self.assertIn(f"credmint: {flag}: ", result.stderr)

    def test_an_option_takes_one_name(self):
        flags = ("--private-key", "web.key", "--subject", "/CN=web", "--dns", "a", "b")
        self.fail_with(program.USAGE, "unexpected argument", "csr", *flags)

    def test_no_subject_and_no_key(self):
        self.write_key()
        self.fail_with(
            *(program.USAGE, "--subject is missing", "csr", "--private-key", "web.key"),
            hint="/CN=web",
        )
        self.fail_with(
            program.USAGE, "--private-key is missing", "csr", "--subject", "/CN=web", hint="pkcs11:"
        )

    def test_a_weak_key_is_refused(self):
        self.write_key("RSA1024")
        flags = ("--subject", "/CN=web", "--private-key", "web.key")
        self.fail_with(program.KEY, "too weak", "csr", *flags)
        self.request("--private-key", "web.key", "--allow-weak-key")

    def test_encrypted_key_file(self):
        key = pki.make_key()
        self.write("web.key", pki.encrypted_pkcs8_pem(key, self.secret("open sesame")))
        request = self.request("--private-key", "web.key", "--passin", "pass:open sesame")
        self.assertEqual(spki(request.public_key()), spki(key.public_key()))
        flags = ("csr", "--subject", "/CN=web", "--private-key", "web.key")
        self.fail_with(program.KEY, "passphrase", *flags, "--passin", "pass:wrong")


@expand
class Output(CsrTest):
    def setUp(self):
        super().setUp()
        self.public_key = self.write_key()
        self.flags = ("--subject", "/O=Bäcker/CN=web", "--dns", "web.example")
        self.flags += ("--private-key", "web.key")

    def test_file(self):
        os.umask(0o022)
        stdout = self.succeed("csr", *self.flags, "--out", "web.csr")
        self.assertEqual(stdout, b"")
        path = self.folder / "web.csr"
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        self.check(path.read_bytes())
        names = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(names, ["web.csr", "web.key"])

    def test_a_file_is_never_overwritten(self):
        before = (self.folder / "web.key").read_bytes()
        self.fail_with(
            *(program.LOCAL_IO, "web.key: File exists", "csr", *self.flags, "--out", "web.key"),
            hint="never overwritten",
        )
        self.assertEqual((self.folder / "web.key").read_bytes(), before)
        (self.folder / "web.csr").symlink_to("nowhere")
        self.fail_with(program.LOCAL_IO, "File exists", "csr", *self.flags, "--out", "web.csr")

    @each("EINVAL", "ENOSYS")
    def test_a_file_system_that_cannot_rename_without_replacing(self, error):
        need_strace()
        inject = ("-e", "trace=renameat2", "-e", f"inject=renameat2:error={error}")
        strace = (STRACE, "-f", "-qq", "-o", "/dev/null", *inject)
        out = ("--out", "web.csr")
        self.succeed("csr", *self.flags, *out, wrapper=strace)
        self.check((self.folder / "web.csr").read_bytes())
        before = sorted(path.name for path in self.folder.iterdir())
        self.fail_with(program.LOCAL_IO, "File exists", "csr", *self.flags, *out, wrapper=strace)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)

    def test_a_folder_that_does_not_exist(self):
        flags = (*self.flags, "--out", "no/web.csr")
        self.fail_with(program.LOCAL_IO, "no/web.csr: No such file", "csr", *flags)

    def test_json(self):
        printed = json.loads(self.succeed("csr", *self.flags, "--json"))
        self.check(printed.pop("request").encode())
        self.assertEqual(
            printed,
            {
                "subject": "CN=web,O=Bäcker",
                "names": ["DNS:web.example"],
                "key": "EC prime256v1",
                "signatureAlgorithm": "ecdsa-with-SHA256",
            },
        )

    def test_text(self):
        text = self.succeed("csr", *self.flags, "--text")
        self.check(text)  # openssl finds the PEM in it
        self.assertTrue(text.decode().startswith("subject    CN=web,O=Bäcker\nnames      DNS:web"))

    def test_json_beside_the_file(self):
        printed = json.loads(self.succeed("csr", *self.flags, "--json", "--out", "web.csr"))
        self.assertEqual(printed["request"], (self.folder / "web.csr").read_text())

    def test_a_full_stdout(self):
        with open("/dev/full", "wb") as full:
            result = self.run_program("csr", *self.flags, stdout=full)
        self.check_failure(result, program.LOCAL_IO, "stdout")


@expand
class WithATokenKey(CsrTest):
    @classmethod
    def setUpClass(cls):
        cls.original = token.Token(make_folder(cls) / "t")
        cls.public_keys = {
            "RSA": cls.original.generate("RSA:2048", "RSA", "01"),
            "P256": cls.original.generate("EC:prime256v1", "P256", "02"),
            "P384": cls.original.generate("EC:secp384r1", "P384", "03"),
        }
        cls.original.generate_unread("EC:edwards25519", "ED25519", "04")

    def flags(self, kind, pin=token.PIN):
        uri = f"pkcs11:token=test;object={kind}"
        return ("--private-key", uri, "--passin", f"pass:{pin}", "--pkcs11-lib", token.MODULE)

    @each("RSA", "P256", "P384")
    def test_key(self, kind):
        copy = self.original.copy(self.folder / "t")
        request = self.request(*self.flags(kind), env=copy.env)
        self.assertEqual(spki(request.public_key()), spki(self.public_keys[kind]))

    def test_ed25519(self):
        copy = self.original.copy(self.folder / "t")
        request = self.request(*self.flags("ED25519"), env=copy.env)
        self.assertIsInstance(request.public_key(), ed25519.Ed25519PublicKey)

    def test_without_a_key_process(self):
        copy = self.original.copy(self.folder / "t")
        self.request(*self.flags("P256"), "--no-key-process", env=copy.env)

    def test_a_wrong_pin_is_sent_once(self):
        copy = self.original.copy(self.folder / "t")
        log = self.folder / "calls"
        env = token.spied(copy.env, log)
        flags = ("csr", "--subject", "/CN=web", *self.flags("P256", self.secret("wrong-pin-1")))
        flags = (*flags, "--pkcs11-lib", token.SPY, "--key-paths", str(self.folder))
        log.touch()
        self.fail_with(program.KEY, "refused the PIN", *flags, env=env)
        self.assertEqual(token.calls(log).count("C_Login"), 1)


class WithATpmKey(CsrTest):
    def test_handle_and_key_file(self):
        device = tpm.Tpm(self, self.folder / "t")
        public_key = device.make_persistent("0x81000001", "ecc384")
        request = self.request("--private-key", "handle:0x81000001", env=device.env)
        self.assertEqual(spki(request.public_key()), spki(public_key))
        self.assertIsInstance(request.signature_hash_algorithm, hashes.SHA384)
        contents, _ = device.make_key_file(("-algorithm", "EC", "-pkeyopt", "group:P-256"))
        self.write("web.pem", contents)
        request = self.request("--private-key", "web.pem", env=device.env)
        self.assertIsInstance(request.public_key().curve, ec.SECP256R1)


class FromRequestToCredentials(MintTest):
    def test_openssl_signs_the_request_and_the_certificate_mints(self):
        """The CA is the openssl command, which copies what the request asks for."""
        card = token.Token(self.folder / "t")
        card.generate("EC:prime256v1", "web", "01")
        reference = ("--pkcs11-lib", token.MODULE, "--passin", f"pass:{self.secret(token.PIN)}")
        uri = "pkcs11:token=test;object=web"
        self.succeed(
            *("csr", "--private-key", uri, *reference, "--subject", "/CN=web", "--out", "web.csr"),
            env=card.env,
        )
        self.write("ca.key", pki.pkcs8_pem(self.root.key))
        self.write("ca.pem", pki.pem(self.root.certificate))
        leaf = run_tool(
            *(openssl.OPENSSL, "x509", "-req", "-in", self.folder / "web.csr", "-days", "7"),
            *("-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key"),
            *("-copy_extensions", "copyall", "-set_serial", "77"),
        )
        certificate = x509.load_pem_x509_certificate(leaf)
        self.assertEqual(
            certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value, "web"
        )
        card.write_certificate(certificate)
        self.mint("--certificate", uri, *reference, env=card.env)


if __name__ == "__main__":
    unittest.main()
