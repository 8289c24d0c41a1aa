#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that open only files use keys in devices: on a token by the file that `key reference`
writes, in a TPM by the key file. `openssl ts` and Python's ssl know no URIs.
"""

import unittest

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from support import openssl, pki, program, token, tpm
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import SystemTest, make_folder

PRIVATE = ";type=private"
STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
PYTHON = "/usr/bin/python3"
TYPES = {"ec": "EC:prime256v1", "rsa": "rsa:2048"}

# A handshake in memory, in which the server signs with the key.
HANDSHAKE = """
import ssl, sys
certificate, key, root, password = sys.argv[1:]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(certificate, key, password or None)
client = ssl.create_default_context(cafile=root)
client.check_hostname = False
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
sides = [client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)]
while sides:
    for side in list(sides):
        try:
            side.do_handshake()
            sides.remove(side)
        except ssl.SSLWantReadError:
            pass
print("shaken")
"""

TIME_STAMPS = """
[tsa]
default_tsa = ours
[ours]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class FilesTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()

    def setUp(self):
        super().setUp()
        self.write("root.pem", pki.pem(self.root.certificate))

    def certify(self, public_key, **changes):
        self.write("web.crt", pki.pem(self.root.issue(public_key, **changes)))

    def shake_hands(self, key, password=""):
        command = (PYTHON, "-c", HANDSHAKE, "web.crt", key, "root.pem", password)
        return run_tool(*command, env=self.env, cwd=self.folder)

    def stamp(self, key):
        """Has `openssl ts` sign a time stamp, and plain openssl verify it."""
        self.write("ts.cnf", TIME_STAMPS)
        self.write("serial", "01\n")
        self.write("data", "to be stamped")
        ts = (openssl.OPENSSL, "ts")
        query = ("-query", "-data", "data", "-sha256", "-cert", "-out", "query")
        reply = ("-reply", "-config", "ts.cnf", "-section", "ours", "-queryfile", "query")
        signer = ("-signer", "web.crt", "-inkey", key, "-out", "reply")
        run_tool(*ts, *query, cwd=self.folder)
        run_tool(*ts, *reply, *signer, env=self.env, cwd=self.folder)
        verify = ("-verify", "-data", "data", "-in", "reply", "-CAfile", "root.pem")
        return run_tool(*ts, *verify, cwd=self.folder)


@expand
class OnAToken(FilesTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = token.Token(make_folder(cls) / "t")
        cls.public = {name: cls.card.generate(kind, name) for name, kind in TYPES.items()}

    def setUp(self):
        super().setUp()
        self.secret(token.PIN)
        self.pin = self.write("pin", token.PIN)
        self.pin.chmod(0o600)
        settings = {"pkcs11-module-path": token.MODULE}
        configured = openssl.configuration(self.folder, {"credmint-pkcs11": settings})
        self.env = self.card.copy(self.folder / "t").env | configured

    def uri(self, name, source=None, kind=""):
        source = source or f"file:{self.pin}"
        return f"pkcs11:token=test;object={name}{kind}?pin-source={source}"

    def refer(self, uri, *flags, out="key.pem"):
        arguments = ("key", "reference", uri, "--out", out, "--pkcs11-lib", token.MODULE, *flags)
        self.assertEqual(self.succeed(*arguments), f"{out}\n".encode())
        return (self.folder / out).read_bytes()

    def refuse(self, status, message, uri, *flags, hint=None):
        arguments = ("key", "reference", uri, "--out", "key.pem", "--pkcs11-lib", token.MODULE)
        self.fail_with(status, message, *arguments, *flags, hint=hint)
        self.assertFalse((self.folder / "key.pem").exists())

    @each(*TYPES)
    def test_python(self, name):
        contents = self.refer(self.uri(name))
        self.assertEqual(pki.uri_in_file(contents), self.uri(name, kind=PRIVATE))
        self.certify(self.public[name])
        self.assertEqual(self.shake_hands("key.pem"), b"shaken\n")

    def test_python_gives_the_pin(self):
        contents = self.refer("pkcs11:token=test;object=ec", "--passin", "file:pin")
        self.assertEqual(pki.uri_in_file(contents), f"pkcs11:token=test;object=ec{PRIVATE}")
        self.certify(self.public["ec"])
        self.assertEqual(self.shake_hands("key.pem", token.PIN), b"shaken\n")

    @each(*TYPES)
    def test_time_stamps(self, name):
        self.refer(self.uri(name))
        self.certify(self.public[name], extensions=[STAMPING])
        self.assertIn(b"Verification: OK", self.stamp("key.pem"))

    def test_as_openssl_writes_it(self):
        """From a file that leads to the key it writes the same file again."""
        contents = self.refer(self.uri("ec"))
        for key in (self.uri("ec", kind=PRIVATE), "key.pem"):
            command = (openssl.OPENSSL, "pkey", "-in", key)
            written = run_tool(*command, env=self.env, cwd=self.folder)
            self.assertEqual(written, contents)

    def test_a_file_with_the_name_of_the_uri(self):
        """OpenSSL opens it first, unless its properties name the provider."""
        place = "pkcs11:token=test;object=ec"
        self.write(place, pki.pkcs8_pem(pki.make_key()))
        pin, wanted = ("-passin", "file:pin"), pki.public_pem(self.public["ec"])

        def public(*flags):
            command = (openssl.OPENSSL, "pkey", "-in", place, *pin, "-pubout", *flags)
            return run_tool(*command, env=self.env, cwd=self.folder)

        self.assertNotEqual(public(), wanted)
        self.assertNotEqual(public("-propquery", "?provider=credmint-pkcs11"), wanted)
        self.assertEqual(public("-propquery", "provider=credmint-pkcs11"), wanted)
        request = ("req", "-new", "-key", place, *pin, "-subj", "/CN=web", "-out", "web.csr")
        by_ours = ("-propquery", "provider=credmint-pkcs11")
        run_tool(openssl.OPENSSL, *request, *by_ours, env=self.env, cwd=self.folder)
        signed = run_tool(
            *(openssl.OPENSSL, "req", "-in", "web.csr", "-verify", "-noout", "-pubkey"),
            cwd=self.folder,
        )
        self.assertEqual(signed, wanted)

    def test_read_by_the_program(self):
        self.refer(self.uri("ec"))
        flags = ("--subject", "/CN=web", "--out", "web.csr", "--pkcs11-lib", token.MODULE)
        self.succeed("csr", "--private-key", "key.pem", *flags)
        run_tool(openssl.OPENSSL, "req", "-in", "web.csr", "-noout", "-verify", cwd=self.folder)

    def test_no_pin_and_no_module_in_it(self):
        query = f"module-path={token.MODULE}&pin-value={token.PIN}"
        contents = self.refer(f"pkcs11:token=test;object=ec?{query}")
        self.assertEqual(pki.uri_in_file(contents), f"pkcs11:token=test;object=ec{PRIVATE}")

    def test_a_path_with_other_characters(self):
        (self.folder / "a b").mkdir()
        place = self.write("a b/p&n", token.PIN)
        place.chmod(0o600)
        encoded = f"file:{place}".replace(" ", "%20").replace("&", "%26")
        contents = self.refer(self.uri("ec", encoded))
        self.assertEqual(pki.uri_in_file(contents), self.uri("ec", encoded, PRIVATE))

    def test_refused(self):
        self.refuse(program.KEY, "", self.uri("absent"))
        message = "the pin-source is not an absolute path"
        self.refuse(program.USAGE, message, self.uri("ec", "file:pin"), hint="the whole path")
        self.refuse(program.USAGE, "is not in a device", "key.pem", hint="name a key on a token")
        self.fail_with(program.USAGE, "--out is missing", "key", "reference", self.uri("ec"))

    def test_refuses_a_key_in_a_tpm(self):
        program.need_back_end("handle")
        self.refuse(program.USAGE, "is not on a token", "handle:0x81000002", hint="TPM key")

    def test_a_file_that_is_there(self):
        self.write("key.pem", "mine")
        arguments = ("key", "reference", self.uri("ec"), "--out", "key.pem")
        self.fail_with(program.LOCAL_IO, "key.pem: File exists", *arguments, "--pkcs11-lib", token.MODULE)
        self.assertEqual((self.folder / "key.pem").read_text(), "mine")


@expand
class InATpm(FilesTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")

    def setUp(self):
        super().setUp()
        configured = openssl.configuration(self.folder, {"credmint-tpm2": {}})
        self.env = self.tpm.env | configured

    def make_key(self, *options):
        contents, public_key = self.tpm.make_key_file(*options)
        self.write("key.tss2", contents)
        return public_key

    @each(ec=tpm.EC_P256, rsa=tpm.RSA_2048)
    def test_python(self, kind):
        self.certify(self.make_key(kind))
        self.assertEqual(self.shake_hands("key.tss2"), b"shaken\n")

    def test_time_stamps(self):
        self.certify(self.make_key(tpm.EC_P256), extensions=[STAMPING])
        self.assertIn(b"Verification: OK", self.stamp("key.tss2"))


if __name__ == "__main__":
    unittest.main()
