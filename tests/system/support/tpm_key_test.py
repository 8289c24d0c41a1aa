# SPDX-License-Identifier: Apache-2.0
"""Tests of commands that make keys in a TPM. tpm2-tools and openssl judge the keys."""

import re

from cryptography.hazmat.primitives.asymmetric import ec

from support import openssl, pki, tpm, tss2
from support.processes import run_tool
from support.system_test import MintTest
from support.tpm_proxy import TpmProxy

HANDLE = "0x81000002"
URI = f"handle:{HANDLE}"
AUTH = "auth-27182818"
OWNER_AUTH = "owner-31415926"
PARENT_AUTH = "parent-16180339"
WRONG = "wrong-14142135"

SIGNING = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign"
UNDER_POLICY = SIGNING.replace("userwithauth|", "")
TYPES = {
    "ec-p256": ec.SECP256R1,
    "ec-p384": ec.SECP384R1,
    "ec-p521": ec.SECP521R1,
    "rsa-2048": 2048,
    "rsa-3072": 3072,
}


class KeyTest(MintTest):
    """Each test has an untouched TPM."""

    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, self.folder / "t")
        self.env = dict(self.tpm.env)
        for text in (AUTH, OWNER_AUTH, PARENT_AUTH, WRONG):
            self.secret(text)

    def use_proxy(self):
        proxy = TpmProxy(self, self.tpm, self.folder / "p")
        self.env = dict(proxy.env)
        return proxy

    def set_owner_auth(self):
        self.tpm.tool("changeauth", "-Q", "-c", "o", OWNER_AUTH)

    def create(self, *place, key_type="ec-p256"):
        """Creates a key; returns what the program prints."""
        printed = self.succeed("key", "create", *place, "--type", key_type).decode()
        self.assertEqual(self.tpm.loaded(), [])
        return printed

    def refuse(self, status, message, *place, key_type="ec-p256", hint=None):
        """Creates a key, which must fail and leave nothing in the TPM, and no file."""
        persistent, files = self.persistent(), self.files()
        arguments = ("key", "create", *place, "--type", key_type)
        result = self.fail_with(status, message, *arguments, hint=hint)
        self.assertEqual((self.tpm.loaded(), self.persistent()), ([], persistent))
        self.assertEqual(self.files(), files)
        return result

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def persistent(self):
        return re.findall("0x[0-9A-Fa-f]+", self.tpm.tool("getcap", "handles-persistent"))

    def attributes(self, *options):
        """The attributes of a key, as tpm2_readpublic or tpm2_print shows them."""
        shown = self.tpm.tool(*(options or ("readpublic", "-c", HANDLE)))
        return re.search(r"attributes:\n  value: (\S+)", shown)[1]

    def attributes_in_file(self, name="key.pem"):
        public, _ = tss2.parts(tss2.to_der((self.folder / name).read_bytes()))
        path = self.write("public-part", public)
        return self.attributes("print", "-t", "TPM2B_PUBLIC", path)

    def assert_is(self, key, key_type):
        expected = TYPES[key_type]
        if isinstance(expected, int):
            self.assertEqual((key.key_size, key.public_numbers().e), (expected, 65537))
        else:
            self.assertIsInstance(key.curve, expected)

    def certify(self, key, *flags):
        """Has a CA of openssl sign a request for the key, and writes the certificate web.pem."""
        self.succeed(
            *("csr", "--private-key", key, "--subject", "/CN=web", "--out", "web.csr", *flags)
        )
        self.write("ca.key", pki.pkcs8_pem(self.root.key))
        self.write("ca.pem", pki.pem(self.root.certificate))
        leaf = run_tool(
            *(openssl.OPENSSL, "x509", "-req", "-in", self.folder / "web.csr", "-days", "7"),
            *("-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key"),
            *("-copy_extensions", "copyall", "-set_serial", "77"),
        )
        self.write("web.pem", leaf)

    def mint_with(self, key, *flags):
        self.mint("--certificate", "web.pem", "--private-key", key, *flags)
        self.assertEqual(self.tpm.loaded(), [])

    def sign_with_tool(self, key, *flags):
        """Signs by tpm2_sign; returns the result of openssl's verification."""
        message = self.write("message", "to be signed")
        signature, public = self.folder / "signature", self.folder / "public"
        self.tpm.tool("sign", "-Q", "-c", key, "-f", "plain", "-o", signature, *flags, message)
        self.tpm.tool("readpublic", "-Q", "-c", key, "-f", "pem", "-o", public)
        return run_tool(
            *(openssl.OPENSSL, "dgst", "-sha256", "-verify", public, "-signature", signature),
            message,
        )
