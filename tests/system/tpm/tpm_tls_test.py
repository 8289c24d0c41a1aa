#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3 with a key in a TPM: the openssl command and curl with credmint-tpm2 as a module.

The peer is always an openssl command without the module, with a key in memory or none, because swtpm
serves one connection at a time.
"""

import re
import subprocess
import unittest

from support import openssl, pki, processes, tpm
from support.cases import each, expand
from support.requirements import need, provider_modules
from support.system_test import make_folder

CURL = "/usr/bin/curl"
TIME_LIMIT_SECONDS = 30
AUTH = "auth-16180339"

# (The signature's names in OpenSSL 3.0 and OpenSSL 3.5, the scheme's name in TLS 1.3)
RSA = (r"RSA-PSS|rsa_pss_rsae_sha256", "rsa_pss_rsae_sha256")
P256 = (r"ECDSA|ecdsa_secp256r1_sha256", "ecdsa_secp256r1_sha256")
P384 = (r"ECDSA|ecdsa_secp384r1_sha384", "ecdsa_secp384r1_sha384")

CONFIGURATION = """
openssl_conf = init
[init]
providers = providers
[providers]
default = software
credmint-tpm2 = tpm2
[software]
activate = 1
[tpm2]
activate = 1
tcti = {tcti}
"""


class TlsTest(unittest.TestCase):
    """The tests of a class share a TPM with keys of every kind, and a CA that certified them."""

    @classmethod
    def setUpClass(cls):
        cls.env = {"OPENSSL_MODULES": provider_modules()}
        cls.folder = make_folder(cls)
        cls.tpm = tpm.Tpm(cls, cls.folder / "t")
        cls.env |= cls.tpm.env
        cls.root = pki.make_root()
        cls.write("root.pem", pki.pem(cls.root.certificate))
        cls.schemes = {}
        cls.references = {}
        for number, (name, algorithm, schemes) in enumerate(
            (
                ("P256", "ecc256", P256),
                ("P384", "ecc384", P384),
                ("RSA", "rsa2048", RSA),
                ("RSA fixed to PSS", "rsa2048:rsapss-sha256:null", RSA),
            ),
            start=0x81000001,
        ):
            public_key = cls.tpm.make_persistent(hex(number), algorithm)
            cls.add(f"handle {name}", f"handle:{number:#x}", public_key, schemes)
        public_key = cls.tpm.make_persistent("0x81000009", auth=AUTH)
        cls.add("handle P256 with auth", "handle:0x81000009?pass", public_key, P256)
        for name, algorithm, options, schemes in (
            ("P256", tpm.EC_P256, (), P256),
            ("P384", tpm.EC_P384, (), P384),
            ("RSA", tpm.RSA_2048, (), RSA),
            ("P256 with auth", tpm.EC_P256, (f"user-auth:{AUTH}",), P256),
        ):
            contents, public_key = cls.tpm.make_key_file(algorithm, *options)
            path = cls.write(f"{name}.tss2".replace(" ", "_"), contents)
            cls.add(f"file {name}", path, public_key, schemes)
        other = pki.make_key()
        cls.write("other.key", pki.pkcs8_pem(other))
        cls.write("other.pem", pki.pem(cls.root.issue(other.public_key(), "other")))

    @classmethod
    def add(cls, name, reference, public_key, schemes):
        cls.references[name], cls.schemes[name] = reference, schemes
        cls.write(f"{name}.pem", pki.pem(cls.root.issue(public_key, "tpm")))

    @classmethod
    def write(cls, name, contents):
        path = cls.folder / name
        path.write_bytes(contents)
        return path

    def identity(self, name):
        """Flags for s_server and s_client; the identity `other` has its key in memory."""
        if name == "other":
            return ("-cert", "other.pem", "-key", "other.key")
        return (
            *("-provider", "credmint-tpm2", "-provider", "default"),
            *("-cert", f"{name}.pem", "-key", self.references[name], "-pass", f"pass:{AUTH}"),
        )

    def start(self, *command, env=None):
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", **(self.env if env is None else env)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=processes.die_with_parent,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def serve(self, name, *flags):
        """Starts a server for one connection; returns its process and port once it listens."""
        server = self.start(
            *(openssl.OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-naccept", "1"),
            *("-CAfile", "root.pem", *self.identity(name), *flags),
        )
        said = b""
        for line in server.stdout:
            said += line
            if accepting := re.match(rb"ACCEPT .*:(\d+)$", line):
                return server, int(accepting[1])
        self.fail(f"the server does not start: {said.decode()}")

    def end(self, process, stdin=b""):
        """Waits for a process to end; returns its status and output."""
        said, _ = process.communicate(stdin, timeout=TIME_LIMIT_SECONDS)
        return process.returncode, said.decode()

    def connect(self, port, name=None):
        client = self.start(
            *(openssl.OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-brief", "-ign_eof"),
            *("-CAfile", "root.pem", "-verify_return_error"),
            *(self.identity(name) if name else ()),
        )
        return self.end(client, b"hello\nCLOSE\n")

    def assert_peer(self, said, name, common_name):
        """Checks that `said`, the peer's summary, shows that it verified the key of `name`."""
        self.assertIn("Protocol version: TLSv1.3\n", said)
        self.assertRegex(said, rf"\nPeer certificate: CN ?= ?{common_name}\n")
        self.assertRegex(said, rf"\nSignature type: ({self.schemes[name][0]})\n")
        self.assertIn("Verification: OK\n", said)
        self.assertEqual(self.tpm.loaded(), [])


KINDS = (
    "handle P256",
    "handle P384",
    "handle RSA",
    "handle RSA fixed to PSS",
    "handle P256 with auth",
    "file P256",
    "file P384",
    "file RSA",
    "file P256 with auth",
)


@expand
class Servers(TlsTest):
    @each(*KINDS)
    def test_with(self, name):
        server, port = self.serve(name, "-rev")
        status, said = self.connect(port)
        server_status, server_said = self.end(server)
        self.assertEqual((status, server_status), (0, 0), said + server_said)
        self.assertIn("\nolleh\n", said)
        self.assert_peer(said, name, "tpm")


@expand
class Clients(TlsTest):
    DEMAND = ("-rev", "-Verify", "1", "-verify_return_error")

    @each(*KINDS)
    def test_with(self, name):
        server, port = self.serve("other", *self.DEMAND)
        status, said = self.connect(port, name)
        server_status, server_said = self.end(server)
        self.assertEqual((status, server_status), (0, 0), said + server_said)
        self.assertIn("\nolleh\n", said)
        self.assert_peer(server_said, name, "tpm")

    def test_without_key_is_refused(self):
        server, port = self.serve("other", *self.DEMAND)
        _, said = self.connect(port)
        _, server_said = self.end(server)
        self.assertNotIn("olleh", said)
        self.assertIn("peer did not return a certificate", server_said)

    def test_with_a_certificate_for_another_key_does_not_start(self):
        _, port = self.serve("other", *self.DEMAND)
        client = self.start(
            *(openssl.OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}"),
            *(*self.identity("handle P256"), "-cert", "handle P384.pem"),
        )
        status, said = self.end(client)
        self.assertNotEqual(status, 0)
        self.assertIn("mismatch", said)


@expand
class Curl(TlsTest):
    """curl knows the provider only through openssl.cnf."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need(CURL, "curl")
        path = cls.write("openssl.cnf", CONFIGURATION.format(tcti=cls.tpm.tcti).encode())
        cls.curl_env = {"OPENSSL_CONF": str(path), "OPENSSL_MODULES": cls.env["OPENSSL_MODULES"]}

    def get(self, certificate, key, scheme):
        """Gets a page from a server that accepts only this signature scheme of a client."""
        demand = ("-Verify", "1", "-verify_return_error", "-client_sigalgs", scheme)
        server, port = self.serve("other", "-www", *demand)
        client = self.start(
            *(CURL, "-sS", "--tlsv1.3", "--cacert", "root.pem", "--noproxy", "*"),
            *("--cert", certificate, "--key", key, "--pass", AUTH),
            *("--connect-to", f"other:{port}:127.0.0.1:{port}", f"https://other:{port}/"),
            env=self.curl_env,
        )
        status, page = self.end(client)
        server.kill()
        return status, page

    def test_without_the_signature_that_the_server_takes(self):
        status, page = self.get("file P256.pem", self.references["file P256"], RSA[1])
        self.assertNotEqual(status, 0, page)

    @each(*(name for name in KINDS if name.startswith("file")))
    def test_with(self, name):
        status, page = self.get(f"{name}.pem", self.references[name], self.schemes[name][1])
        self.assertEqual(status, 0, page)
        self.assertRegex(page, r"\bTLSv1\.3\b")
        self.assertRegex(page, r"Client certificate\nCertificate:(.|\n)*Subject: CN ?= ?tpm\n")
        self.assertEqual(self.tpm.loaded(), [])

    def test_with_a_handle(self):
        """curl reads a key without a type from a PEM file. In 7.88 the other type is an ENGINE."""
        name = "handle P256"
        status, said = self.get(f"{name}.pem", self.references[name], self.schemes[name][1])
        self.assertEqual(status, 58, said)  # CURLE_SSL_CERTPROBLEM
        self.assertIn("unable to set private key file: 'handle:0x81000001'", said)


if __name__ == "__main__":
    unittest.main()
