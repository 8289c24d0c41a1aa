# SPDX-License-Identifier: Apache-2.0
"""The duties of credmint with any PKCS#11 module, as tests of one module of real_modules.py.

tests/system/tokens/modules_test.py has the modules of CI. scripts/test-modules runs the same with
all modules, and writes docs/reference/compatibility.md.
"""

import json
import signal
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

import private_host
from support import emulator, openssl, pki, program
from support.processes import die_with_parent, run_tool
from support.real_modules import LABELS
from support.requirements import miss, provider_modules
from support.serve import Server, wait_until
from support.system_test import MintTest

ROLES = f"arn:aws:iam::{emulator.ACCOUNT}:role"
AWAY_SECONDS = 3
BACK_SECONDS = 10
PLAIN = {"PATH": "/usr/bin:/bin", "OPENSSL_CONF": "/dev/null"}


class ModuleTrials(MintTest):
    """Each class below has a RealModule as its MODULE."""

    MODULE = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program.need_back_end("pkcs11")
        try:
            private_host.cover(*cls.MODULE.FOLDERS)
        except OSError as error:
            miss(str(error))

    def setUp(self):
        super().setUp()
        self.device = self.MODULE(self, self.folder, self.root)
        self.env = dict(self.device.env)
        for label in LABELS:
            self.write(f"{label}.pem", pki.pem(self.device.certificates[label]))
            if pin := self.device.pin_of(label):
                self.write(f"{label}.pin", self.secret(pin))

    def run_program(self, *arguments, **more):
        return super().run_program(*arguments, wrapper=self.device.wrapper, **more)

    def pin_flags(self, label):
        return ("--passin", f"file:./{label}.pin") if self.device.pin_of(label) else ()

    def flags(self, label):
        """The key and its certificate, for a command."""
        more = ("--reuse-pin",) if self.device.more_settings.get(label) else ()
        key = ("--private-key", self.device.uri(label), *self.pin_flags(label), *more)
        return ("--certificate", f"{label}.pem", *key, "--pkcs11-lib", self.device.path)

    def test_list(self):
        """The URI that is printed for a key is good for a mint."""
        token_uri = self.device.uri("web").partition(";")[0]
        listed = json.loads(self.succeed(
            *("list", "--json", "--login", token_uri, "--pkcs11-lib", self.device.path),
            *self.pin_flags("web"),
        ))
        keys = [
            key["uri"]
            for module in listed["modules"] for slot in module["slots"] if slot["token"]
            for key in slot["token"]["keys"] if key["private"]
        ]
        name = self.device.uri("web").rpartition(";")[2]
        (uri,) = (uri for uri in keys if name in uri.partition("?")[0].split(";"))
        flags = self.flags("web")
        self.mint(*(uri if flag == self.device.uri("web") else flag for flag in flags))

    def test_mint(self):
        for label in LABELS:
            self.mint(*self.flags(label))
            serial = self.device.certificates[label].serial_number
            self.assertEqual(self.last_request()["serial"], str(serial))

    def test_openssl_req(self):
        """The command has our provider; another one, which has not, verifies the request."""
        provider = f"{provider_modules()}/credmint-pkcs11.so"
        settings = {"module": provider, "pkcs11-module-path": self.device.path}
        env = openssl.configuration(self.folder, {"credmint-pkcs11": settings})
        del env["OPENSSL_MODULES"]  # where openCryptoki looks for OpenSSL's legacy provider
        request = subprocess.run(
            [
                *(*self.device.wrapper, openssl.OPENSSL, "req", "-new", "-subj", "/CN=web"),
                *("-key", self.device.uri("web"), *self.pin_flags("web")),
            ],
            env={**PLAIN, **self.device.env, **env},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=program.TIME_LIMIT_SECONDS,
            preexec_fn=die_with_parent,
        )
        self.assertEqual(request.returncode, 0, request.stderr.decode(errors="replace"))
        run_tool(openssl.OPENSSL, "req", "-noout", "-verify", stdin=request.stdout, env=PLAIN)
        of_request = x509.load_pem_x509_csr(request.stdout).public_key()
        of_certificate = self.device.certificates["web"].public_key()
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.assertEqual(of_request.public_bytes(*form), of_certificate.public_bytes(*form))

    def test_two_roles(self):
        server = self.serve()
        given = {label: self.credentials(server, label) for label in LABELS}
        accepted = {record["access_key_id"]: record for record in self.service.requests()}
        for label in LABELS:
            serial = self.device.certificates[label].serial_number
            self.assertEqual(accepted[given[label]]["serial"], str(serial))

    def test_restart(self):
        """Credentials stay while the module is dead, and both roles are back afterwards."""
        server = self.serve()
        before = {label: self.credentials(server, label) for label in LABELS}
        earlier = len(self.service.requests())
        self.device.leave()
        server.process.send_signal(signal.SIGHUP)
        time.sleep(AWAY_SECONDS)
        self.assertEqual(len(self.service.requests()), earlier, "it minted without its module")
        self.assertEqual({label: self.credentials(server, label) for label in LABELS}, before)
        self.device.come_back()
        wait_until(
            lambda: all(self.credentials(server, label) != before[label] for label in LABELS),
            BACK_SECONDS,
        )

    def serve(self):
        """Starts a server with a role for each key."""
        self.start_own_service(role_arns=[f"{ROLES}/{label}" for label in LABELS])
        self.write("c.toml", "\n".join([
            *(f'[defaults]\nendpoint = "{self.service.url}"',),
            f'trust-anchor-arn = "{emulator.TRUST_ANCHOR_ARN}"',
            f'profile-arn = "{emulator.PROFILE_ARN}"',
            *(self.role(label) for label in LABELS),
        ]), 0o644)
        server = Server(self, "--config", "c.toml", "--port", "0", wrapper=self.device.wrapper)
        wait_until(lambda: all(self.credentials(server, label) for label in LABELS))
        return server

    def role(self, label):
        settings = {
            "certificate": f"{label}.pem",
            "private-key": self.device.uri(label),
            "pkcs11-lib": str(self.device.path),
            **({"passin": f"file:./{label}.pin"} if self.device.pin_of(label) else {}),
            **self.device.more_settings.get(label, {}),
        }
        lines = [f"{setting} = {json.dumps(value)}" for setting, value in settings.items()]
        role = (f"[role.{label}]", f'role-arn = "{ROLES}/{label}"', f'identity = "{label}"')
        return "\n".join((*role, f"[identity.{label}]", *lines))

    def credentials(self, server, label):
        """The access key id that the role gets, or None."""
        answer = server.metadata(f"/meta-data/iam/security-credentials/{label}")
        return json.loads(answer.body)["AccessKeyId"] if answer.status == 200 else None
