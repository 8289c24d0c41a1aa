#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every common form of keys and certificates is read, or refused by name.

The files are made by common tools: openssl, ssh-keygen, Java's keytool.
"""

import os
import re
import shlex
import unittest

from support import openssl, pki, program
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest

PASSPHRASE = "correct horse 3917"
KEYTOOL = "/usr/bin/keytool"
SWAPPED = "are certificate and private key swapped?"


class FormTest(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = pki.make_key()
        cls.issuer = cls.root.make_intermediate("issuing CA")
        cls.leaf = cls.issuer.issue(cls.key.public_key())

    def setUp(self):
        super().setUp()
        self.write_identity(self.key, self.leaf)
        self.write("chain.pem", pki.pem(self.issuer.certificate))
        self.secret(PASSPHRASE)

    def openssl(self, *command, stdin=None):
        return run_tool(openssl.OPENSSL, *command, stdin=stdin)

    def path(self, name):
        return self.folder / name


@expand
class CertificatesThatAreRead(FormTest):
    """All blocks of a file are read, whatever their labels."""

    def mint_chain(self, *flags):
        self.mint("--private-key", "web.key", *flags)
        self.assertEqual(self.last_request()["chain_length"], 1)

    def pkcs7(self, *names, form="PEM"):
        files = [part for name in names for part in ("-certfile", self.path(name))]
        return self.openssl("crl2pkcs7", "-nocrl", *files, "-outform", form)

    def trusted(self, name):
        return self.openssl("x509", "-in", self.path(name), "-trustout", "-addtrust", "clientAuth")

    @each("PEM", "DER")
    def test_pkcs7_with_leaf_and_issuer(self, form):
        self.write("web.p7b", self.pkcs7("chain.pem", "web.pem", form=form))
        self.mint_chain("--certificate", "web.p7b")

    @each("PEM", "DER")
    def test_pkcs7_of_intermediates(self, form):
        self.write("chain.p7b", self.pkcs7("chain.pem", form=form))
        self.mint_chain("--certificate", "web.pem", "--intermediates", "chain.p7b")

    def test_pkcs7_beside_a_certificate(self):
        self.write("both.pem", self.path("web.pem").read_bytes() + self.pkcs7("chain.pem"))
        self.mint_chain("--certificate", "both.pem")

    def test_pkcs7_in_an_old_form_of_the_label(self):
        self.write("chain.p7b", self.pkcs7("chain.pem").replace(b"PKCS7", b"PKCS #7 SIGNED DATA"))
        self.mint_chain("--certificate", "web.pem", "--intermediates", "chain.p7b")

    def test_trusted_certificate_as_issuer_beside_others(self):
        self.write("both.pem", self.path("web.pem").read_bytes() + self.trusted("chain.pem"))
        self.assertIn(b"TRUSTED", self.path("both.pem").read_bytes())
        self.mint_chain("--certificate", "both.pem")

    def test_trusted_certificate_as_leaf(self):
        self.write("web.pem", self.trusted("web.pem") + self.path("chain.pem").read_bytes())
        self.mint_chain("--certificate", "web.pem")

    def test_x509_certificate(self):
        old = self.path("chain.pem").read_bytes().replace(b" CERTIFICATE", b" X509 CERTIFICATE")
        self.write("both.pem", self.path("web.pem").read_bytes() + old)
        self.mint_chain("--certificate", "both.pem")

    def test_byte_order_mark_of_utf8(self):
        for name in ("web.key", "web.pem"):
            self.write(name, b"\xef\xbb\xbf" + self.path(name).read_bytes())
        self.mint_chain("--certificate", "web.pem", "--intermediates", "chain.pem")


@expand
class CertificatesThatAreNot(FormTest):
    """No block is ignored silently."""

    FLAGS = ("--private-key", "web.key")

    def refuse(self, contents, message, *flags, hint="copy the whole file again"):
        self.write("all.pem", contents)
        flags = flags or ("--certificate", "all.pem")
        self.mint_fails_locally(
            program.CERTIFICATE, message, *self.FLAGS, *flags, hint=hint
        )

    @each(key="PRIVATE KEY", certificate="CERTIFICATE", trusted="TRUSTED CERTIFICATE", pkcs7="PKCS7")
    def test_last_block_cut_off(self, label):
        cut = self.path("chain.pem").read_bytes().replace(b"CERTIFICATE", label.encode())[:200]
        self.refuse(
            self.path("web.pem").read_bytes() + cut,
            re.compile(rf"all.pem: its block {label} at line \d+ is cut off: its END line is missing"),
        )

    def test_first_block_cut_off(self):
        cut = self.path("web.pem").read_bytes()[:200] + b"\n"
        self.refuse(cut + self.path("chain.pem").read_bytes(), "its block CERTIFICATE at line 1 is cut off")

    def test_of_intermediates_cut_off(self):
        chain = self.path("chain.pem").read_bytes()
        flags = ("--certificate", "web.pem", "--intermediates", "all.pem")
        message = "the intermediates: opening certificate all.pem: its block CERTIFICATE at line"
        self.refuse(chain + chain[:200], message, *flags)

    def test_second_block_damaged(self):
        lines = self.path("chain.pem").read_bytes().splitlines(keepends=True)
        damaged = b"".join([lines[0], *lines[2:]])
        self.refuse(
            self.path("web.pem").read_bytes() + damaged,
            re.compile(r"its block CERTIFICATE at line \d+ is not a certificate that can be read"),
        )

    def test_pkcs7_without_certificates(self):
        empty = self.openssl("crl2pkcs7", "-nocrl")
        self.refuse(empty, "its block PKCS7 at line 1 is not a certificate")


@expand
class SeveralKeys(FormTest):
    """PKCS#12 files with more than one key, as Java and NSS write them."""

    def setUp(self):
        super().setUp()
        self.other = pki.make_key()
        self.write("other.key", pki.pkcs8_pem(self.other))
        self.write("other.pem", pki.pem(self.root.issue(self.other.public_key(), "other")))

    def pkcs12(self, name, *flags):
        return self.openssl(
            *("pkcs12", "-export", "-nomac", "-inkey", self.path(f"{name}.key")),
            *("-in", self.path(f"{name}.pem"), "-passout", f"pass:{PASSPHRASE}", *flags),
        )

    def write_several(self):
        self.write("several.p12", pki.merged_pkcs12(self.pkcs12("other"), self.pkcs12("web")))
        listed = self.openssl(
            *("pkcs12", "-in", self.path("several.p12"), "-nomacver", "-nodes"),
            *("-passin", f"pass:{PASSPHRASE}"),
        )
        self.assertEqual(listed.count(b"BEGIN PRIVATE KEY"), 2)

    PASSIN = ("--passin", f"pass:{PASSPHRASE}")

    @each("web", "other")
    def test_the_one_that_fits_the_certificate(self, name):
        self.write_several()
        chain = ("--intermediates", "chain.pem")
        self.mint("--certificate", f"{name}.pem", "--private-key", "several.p12", *self.PASSIN, *chain)

    @each("web", "other")
    def test_the_one_that_fits_the_selector(self, name):
        self.write_several()
        selector = ("--cert-selector", f"Key=x509Subject,Value=CN={name}")
        chain = ("--intermediates", "chain.pem")
        self.mint("--certificate", "several.p12", *selector, *self.PASSIN, *chain)

    def test_which_of_them(self):
        self.write_several()
        self.mint_fails_locally(
            *(program.KEY, "it holds 2 private keys", "--certificate", "several.p12", *self.PASSIN),
            hint="--cert-selector",
        )

    def test_none_of_them(self):
        self.write_several()
        self.write_identity()
        self.mint_fails_locally(
            *(program.KEY, "it holds 2 private keys", "--certificate", "web.pem"),
            *("--private-key", "several.p12", *self.PASSIN),
        )

    def test_in_pem(self):
        keys = self.path("other.key").read_bytes() + self.path("web.key").read_bytes()
        self.write("keys.pem", keys)
        flags = ("--certificate", "web.pem", "--private-key", "keys.pem")
        self.mint(*flags, "--intermediates", "chain.pem")

    @each("plain", "encrypted")
    def test_one_without_a_mac(self, how):
        plain = ("-keypbe", "NONE", "-certpbe", "NONE") if how == "plain" else ()
        self.write("web.p12", self.pkcs12("web", *plain))
        passin = () if how == "plain" else self.PASSIN
        self.mint("--certificate", "web.p12", *passin, "--intermediates", "chain.pem")

    def test_without_a_mac_a_wrong_passphrase_is_named(self):
        self.write("web.p12", self.pkcs12("web"))
        message = "it cannot be decrypted with the passphrase given"
        self.mint_fails_locally(program.KEY, message, "--certificate", "web.p12", "--passin", "pass:wrong")

    def test_old_one_with_an_empty_passphrase(self):
        old = self.openssl(
            *("pkcs12", "-export", "-legacy", "-inkey", self.path("web.key")),
            *("-in", self.path("web.pem"), "-passout", "pass:"),
        )
        self.write("web.p12", old)
        self.mint_fails_locally(program.KEY, "only in its legacy provider", "--certificate", "web.p12")


@expand
class FormsThatAreNamed(FormTest):
    def openssh_key(self):
        run_tool(
            *("/usr/bin/ssh-keygen", "-q", "-t", "ecdsa", "-N", ""),
            *("-f", self.path("id")),
        )

    def made(self, form):
        """A file of this form, written by its tool."""
        name, _, encoding = form.partition("_")
        outform = ("-outform", encoding.upper() or "PEM")
        key = self.path("web.key")
        if name == "request":
            return self.openssl("req", "-new", "-key", key, "-subj", "/CN=web", *outform)
        if name == "public":
            return self.openssl("pkey", "-in", key, "-pubout", *outform)
        if name == "crl":
            return self.crl(outform)
        if name == "parameters":
            return self.openssl("ecparam", "-name", "prime256v1")
        if name == "openssh":
            self.openssh_key()
            return self.path("id" if encoding == "key" else "id.pub").read_bytes()
        if name == "java":
            return self.java_keystore()
        if name == "key":
            return pki.pkcs8_der(self.key) if encoding == "der" else pki.pkcs8_pem(self.key)
        if name == "certificate":
            return pki.der(self.leaf) if encoding == "der" else pki.pem(self.leaf)
        return {
            "pgp": b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n-----END PGP PRIVATE KEY BLOCK-----\n",
            "putty": b"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n",
        }[name]

    def crl(self, outform):
        self.write("index.txt", "")
        self.write("ca.cnf", f"[ca]\ndefault_ca=it\n[it]\ndatabase={self.path('index.txt')}\n"
                             "default_md=sha256\ndefault_crl_days=9\n")
        self.write("ca.key", pki.pkcs8_pem(self.root.key))
        self.write("ca.pem", pki.pem(self.root.certificate))
        pem = self.openssl(
            *("ca", "-gencrl", "-config", self.path("ca.cnf"), "-keyfile", self.path("ca.key")),
            *("-cert", self.path("ca.pem")),
        )
        return self.openssl("crl", *outform, stdin=pem)

    def java_keystore(self):
        if not os.path.exists(KEYTOOL):
            self.skipTest(f"{KEYTOOL} is missing")
        run_tool(
            *(KEYTOOL, "-genkeypair", "-keystore", self.path("web.jks"), "-storetype", "JKS"),
            *("-storepass", PASSPHRASE, "-keypass", PASSPHRASE, "-dname", "CN=web", "-keyalg", "EC"),
        )
        return self.path("web.jks").read_bytes()

    KEY_CASES = {
        "request": ("a certificate signing request", "give the private key that was made with it"),
        "request_der": ("a certificate signing request", "give the private key"),
        "public": ("a public key", "give the private key that was made with it"),
        "public_der": ("a public key", "give the private key"),
        "openssh_pub": ("a public key", "give the private key"),
        "openssh_key": ("a private key in OpenSSH's form", "ssh-keygen -p -m PKCS8 -f NEW"),
        "putty": ("a private key in PuTTY's form", "PuTTYgen"),
        "java": ("a Java keystore (JKS)", "PKCS12"),
        "crl": ("a certificate revocation list", "give an X.509 certificate"),
        "crl_der": ("a certificate revocation list", "give an X.509 certificate"),
        "pgp": ("an OpenPGP file", "give an X.509 certificate"),
        "parameters": ("parameters without a key", "give the private key"),
        "certificate": ("a certificate", SWAPPED),
        "certificate_der": ("a certificate", SWAPPED),
    }
    CERTIFICATE_CASES = {
        "request": ("a certificate signing request", "the certificate that the CA issued"),
        "request_der": ("a certificate signing request", "the certificate that the CA issued"),
        "public": ("a public key", "the certificate that the CA issued"),
        "public_der": ("a public key", "the certificate that the CA issued"),
        "openssh_pub": ("a public key", "the certificate that the CA issued"),
        "openssh_key": ("a private key in OpenSSH's form", "the certificate that the CA issued"),
        "java": ("a Java keystore (JKS)", "PKCS12"),
        "crl": ("a certificate revocation list", "give an X.509 certificate"),
        "crl_der": ("a certificate revocation list", "give an X.509 certificate"),
        "pgp": ("an OpenPGP file", "give an X.509 certificate"),
        "parameters": ("parameters without a key", "the certificate that the CA issued"),
        "key": ("a private key", SWAPPED),
        "key_der": ("a private key", SWAPPED),
    }

    @each(*KEY_CASES)
    def test_key_that_is(self, form):
        name, hint = self.KEY_CASES[form]
        self.write("given", self.made(form))
        message = f"opening key given: it is {name}, not a private key"
        flags = ("--certificate", "web.pem", "--private-key", "given")
        self.mint_fails_locally(program.KEY, message, *flags, hint=hint)

    @each(*CERTIFICATE_CASES)
    def test_certificate_that_is(self, form):
        name, hint = self.CERTIFICATE_CASES[form]
        self.write("given", self.made(form))
        message = f"opening certificate given: it is {name}, not a certificate"
        flags = ("--private-key", "web.key", "--certificate", "given")
        self.mint_fails_locally(program.CERTIFICATE, message, *flags, hint=hint)

    def test_key_cut_off(self):
        self.write("given", pki.pkcs8_pem(self.key)[:100])
        self.mint_fails_locally(
            *(program.KEY, "opening key given: it is PEM that is cut off: an END line is missing"),
            *("--certificate", "web.pem", "--private-key", "given"),
            hint="copy the whole file again",
        )


@expand
class BrokenCommands(FormTest):
    r"""A `\` at the end of a line of ~/.aws/config, as the ways of splitting a command leave it."""

    @each(alone="\\", with_line="\\\n", crlf="\\\r\n", line="\n", joined="\n--private-key")
    def test_with(self, rest):
        self.mint_fails_locally(
            *(program.USAGE, "the command is broken by a backslash"),
            *("--certificate", "web.pem", rest),
            hint="write the whole command on one line",
        )

    def test_as_botocore_takes_it_apart(self):
        """botocore uses shlex and no shell, so the newline becomes an argument."""
        self.assertEqual(shlex.split("credmint \\\n  --debug"), ["credmint", "\n", "--debug"])


if __name__ == "__main__":
    unittest.main()
