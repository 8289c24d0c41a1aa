#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that `openssl genpkey` makes with our provider modules, on a SoftHSM token and in a TPM.

tpm2-tools, tpm2-openssl, pkcs11-tool and plain openssl judge them.
"""

import unittest

from support import openssl, pki, program, token, tpm, tss2
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import provider_modules
from support.system_test import SystemTest

TYPES = {
    "ec-p256": ("EC", "group:P-256"),
    "ec-p384": ("EC", "ec_paramgen_curve:P-384"),
    "ec-p521": ("EC", "group:secp521r1"),
    "rsa-2048": ("RSA", "rsa_keygen_bits:2048"),
    "rsa-default": ("RSA", None),
}
BITS = {"ec-p256": 256, "ec-p384": 384, "ec-p521": 521, "rsa-2048": 2048, "rsa-default": 2048}
SIGNING = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign"


class GenpkeyTest(SystemTest):
    provider = ""

    def providers(self):
        return ("-provider", f"credmint-{self.provider}", "-provider", "default")

    def openssl(self, *arguments, env=None):
        env = {**self.env, **(env or {})}
        return run_tool(openssl.OPENSSL, *arguments, env=env, cwd=self.folder)

    def genpkey(self, algorithm, *options, out="key.pem", providers=None):
        flags = [part for option in options if option for part in ("-pkeyopt", option)]
        providers = providers or self.providers()
        self.openssl("genpkey", *providers, "-algorithm", algorithm, *flags, "-out", out)
        return (self.folder / out).read_bytes()

    def refuse(self, message, algorithm, *options, hint=""):
        with self.assertRaises(AssertionError) as failed:
            self.genpkey(algorithm, *options)
        self.assertIn(message, str(failed.exception))
        self.assertIn(hint, str(failed.exception))
        written = self.folder / "key.pem"
        self.assertEqual(written.read_bytes() if written.exists() else b"", b"")

    def request_verifies(self, *flags):
        self.openssl(
            *("req", "-new", *self.providers(), "-key", "key.pem", *flags),
            *("-subj", "/CN=web", "-out", "web.csr"),
        )
        return self.openssl("req", "-in", "web.csr", "-noout", "-verify", "-text").decode()


@expand
class InATpm(GenpkeyTest):
    provider = "tpm2"

    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, self.folder / "t")
        self.env = {**self.tpm.env, "OPENSSL_MODULES": str(provider_modules())}

    def attributes(self, pem):
        public, _ = tss2.parts(tss2.to_der(pem))
        shown = self.tpm.tool("print", "-t", "TPM2B_PUBLIC", self.write("public", public))
        return shown.split("attributes:\n  value: ")[1].split()[0]

    @each(*TYPES)
    def test_type(self, name):
        algorithm, option = TYPES[name]
        pem = self.genpkey(algorithm, option)
        public, private = tss2.parts(tss2.to_der(pem))
        self.assertEqual(pem, tss2.KeyFile(public, private).pem())
        self.assertEqual(self.attributes(pem), SIGNING)
        self.assertIn(f"({BITS[name]} bit)", self.request_verifies())
        self.assertEqual(self.tpm.loaded(), [])

    def test_read_by_the_program_and_by_tpm2_openssl(self):
        self.genpkey("EC", "group:P-256")
        key = ("--private-key", "key.pem")
        self.succeed("csr", *key, "--subject", "/CN=web", "--out", "ours.csr")
        self.openssl("req", "-in", "ours.csr", "-noout", "-verify")
        theirs = run_tool(
            *(openssl.OPENSSL, "pkey", "-provider", "tpm2", "-provider", "default"),
            *("-in", self.folder / "key.pem", "-pubout"),
            env={"TPM2OPENSSL_TCTI": self.tpm.tcti},
        )
        ours = self.openssl("pkey", *self.providers(), "-in", "key.pem", "-pubout")
        self.assertEqual(ours, theirs)

    def test_with_a_parent_and_pcrs(self):
        self.tpm.make_parent("0x81000010", attributes=tpm.STORAGE + "|noda")
        pem = self.genpkey(
            "EC", "group:P-256", "tpm2-key-parent:0x81000010", "tpm2-key-pcrs:sha256:16"
        )
        public, _ = tss2.parts(tss2.to_der(pem))
        self.assertIn(self.tpm.policy_pcr_digest("sha256:16"), public)
        self.assertIn(bytes.fromhex("02050081000010"), tss2.to_der(pem))
        self.request_verifies()
        self.tpm.tool("pcrextend", f"16:sha256={'01' * 32}")
        with self.assertRaises(AssertionError):
            self.request_verifies()

    def test_by_properties(self):
        providers = (
            *("-provider", "default", "-provider", "credmint-tpm2"),
            *("-propquery", "?provider=credmint-tpm2"),
        )
        pem = self.genpkey("EC", "group:P-256", providers=providers)
        self.assertIn(b"TSS2 PRIVATE KEY", pem)

    def test_with_a_request(self):
        self.openssl(
            *("req", "-new", *self.providers(), "-newkey", "ec", "-pkeyopt", "group:P-256"),
            *("-keyout", "key.pem", "-noenc", "-subj", "/CN=web", "-out", "first.csr"),
        )
        self.openssl("req", "-in", "first.csr", "-noout", "-verify")
        self.request_verifies()

    def test_refused(self):
        self.refuse("no curve is given", "EC", hint="P-256")
        self.refuse("'P-224' is not a curve for such keys", "EC", "group:P-224", hint="P-521")
        self.refuse("no TPM makes 'rsa-1024' keys", "RSA", "rsa_keygen_bits:1024")
        self.refuse("these are no PCRs", "EC", "group:P-256", "tpm2-key-pcrs:0,7")
        self.assertEqual(self.tpm.loaded(), [])

    def test_an_owner_with_an_auth_value(self):
        """There is no way to give it."""
        self.tpm.tool("changeauth", "-Q", "-c", "o", self.secret("owner-31415926"))
        self.refuse("the owner hierarchy needs an auth value", "EC", "group:P-256")

    def test_no_tpm(self):
        self.env["TPM2TOOLS_TCTI"] = "device:/nowhere"
        self.refuse("/nowhere", "EC", "group:P-256")


@expand
class OnAToken(GenpkeyTest):
    provider = "pkcs11"

    def setUp(self):
        super().setUp()
        self.card = token.Token(self.folder / "t")
        self.secret(token.PIN)
        self.pin = self.write("pin", token.PIN)
        self.pin.chmod(0o600)
        self.configuration(token.MODULE)
        self.env = {
            **self.card.env,
            "OPENSSL_MODULES": str(provider_modules()),
            "OPENSSL_CONF": str(self.folder / "openssl.cnf"),
        }

    def configuration(self, module):
        self.write(
            "openssl.cnf",
            "openssl_conf = all\n[all]\nproviders = list\n[list]\ncredmint-pkcs11 = ours\n"
            f"default = theirs\n[ours]\npkcs11-module-path = {module}\nactivate = 1\n"
            "[theirs]\nactivate = 1\n",
        )

    def providers(self):
        return ()

    def uri(self, label="web", pin=None):
        pin = pin or f"pin-source=file:{self.pin}"
        return f"pkcs11_uri:pkcs11:token=test;object={label}?{pin}"

    @each(*TYPES)
    def test_type(self, name):
        algorithm, option = TYPES[name]
        uri = pki.uri_in_file(self.genpkey(algorithm, option, self.uri()))
        self.assertRegex(uri, r"\Apkcs11:[^?]*token=test;[^?]*object=web;type=private\?pin-source=")
        self.assertIn("never extractable, local", self.card.describe_objects())
        self.assertIn(f"({BITS[name]} bit)", self.request_verifies())

    def test_ed25519(self):
        """SoftHSM uses OpenSSL to make it, and must not find our provider first."""
        by_properties = ("-propquery", "?provider=credmint-pkcs11")
        configured = (self.folder / "openssl.cnf").read_text()
        ours, default = "credmint-pkcs11 = ours\n", "default = theirs\n"
        self.write("openssl.cnf", configured.replace(ours + default, default + ours))
        self.genpkey("ED25519", self.uri(), providers=by_properties)
        self.write("message", "to be signed")
        self.openssl(
            *("pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "message", "-out", "sig")
        )
        self.openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
        verified = self.openssl(
            *("pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin"),
            *("-in", "message", "-sigfile", "sig"),
            env={"OPENSSL_CONF": "/dev/null"},
        )
        self.assertIn(b"Verified", verified)

    def test_a_pin_value_is_not_kept(self):
        pem = self.genpkey("EC", "group:P-256", self.uri(pin=f"pin-value={token.PIN}"))
        self.assertNotIn("?", pki.uri_in_file(pem))
        self.request_verifies("-passin", f"file:{self.pin}")

    def test_a_refused_pin_is_sent_once(self):
        """OpenSSL tries one decoder for each type of key."""
        self.genpkey("EC", "group:P-256", self.uri(pin=f"pin-value={token.PIN}"))
        log = self.folder / "spy.log"
        self.configuration(token.SPY)
        self.env.update(token.spied(self.env, log))
        with self.assertRaises(AssertionError):
            self.request_verifies("-passin", f"pass:{self.secret('wrong-14142135')}")
        self.assertEqual(token.calls(log).count("C_Login"), 1)

    def test_read_by_the_program(self):
        self.genpkey("EC", "group:P-256", self.uri(pin=f"pin-value={token.PIN}"))
        place = ("--private-key", "key.pem", "--pkcs11-lib", token.MODULE)
        arguments = ("csr", *place, "--subject", "/CN=web", "--out", "ours.csr")
        self.fail_with(program.KEY, "needs a PIN and none was given", *arguments, hint="--passin")
        self.succeed(*arguments, "--passin", "file:pin")
        self.openssl("req", "-in", "ours.csr", "-noout", "-verify")
        flags = ("--pkcs11-lib", token.MODULE, "--passin", "file:pin")
        listed = self.succeed("list", "key.pem", *flags)
        self.assertIn(b"object=web;type=private", listed)

    def test_a_file_does_not_name_the_module(self):
        self.card.generate("EC:prime256v1")
        uri = f"pkcs11:token=test;object=web?module-path={token.MODULE}"
        self.write("key.pem", pki.uri_file(uri))
        flags = ("-passin", f"file:{self.pin}")
        self.request_verifies(*flags)  # the one of openssl.cnf
        self.configuration(token.SPY)
        with self.assertRaises(AssertionError):
            self.request_verifies(*flags)
        arguments = ("csr", "--private-key", "key.pem", "--passin", "file:pin")
        arguments += ("--subject", "/CN=web", "--out", "ours.csr")
        message = "the file names the PKCS#11 module, and must not decide which code runs"
        self.fail_with(program.USAGE, message, *arguments, hint="--pkcs11-lib")
        self.succeed(*arguments, "--pkcs11-lib", token.MODULE)

    @each("https://example.com/key", "handle:0x81000002", "other.pem", "pkcs11:colour=red")
    def test_a_file_with_something_else(self, uri):
        self.write("key.pem", pki.uri_file(uri))
        with self.assertRaises(AssertionError):
            self.request_verifies()
        status = program.run(("sign-string", "--private-key", "key.pem"), self.folder, self.env)
        self.assertNotEqual(status.status, program.SUCCESS)
        self.assertIn("opening key key.pem: ", status.stderr)

    def test_refused(self):
        self.refuse("the URI of the new key is missing", "EC", "group:P-256", hint="pkcs11_uri")
        self.refuse("no curve is given", "EC", self.uri())
        without_pin = "pkcs11_uri:pkcs11:token=test;object=web"
        self.refuse("no PIN for token 'test' was given", "EC", "group:P-256", without_pin)
        nameless = "pkcs11_uri:pkcs11:token=test?pin-source=file:" + str(self.pin)
        self.refuse("the URI gives the key no label", "EC", "group:P-256", nameless)
        self.assertNotIn("Key Object", self.card.describe_objects())

    def test_a_key_is_never_overwritten(self):
        self.genpkey("EC", "group:P-256", self.uri())
        before = self.card.describe_objects()
        (self.folder / "key.pem").unlink()
        self.refuse("has such a private key already", "EC", "group:P-256", self.uri())
        self.assertEqual(self.card.describe_objects(), before)


if __name__ == "__main__":
    unittest.main()
