#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several TPM keys in one process: serve with several roles, at its start and later."""

import os
import pathlib
import signal
import subprocess
import unittest

from support import emulator, pki, tpm
from support.processes import die_with_parent
from support.serve import Server
from support.system_test import MintTest, make_folder

STARTS = int(os.environ.get("CREDMINT_TPM_STARTS", "8"))
BURNERS = int(os.environ.get("CREDMINT_TPM_BURNERS", "0"))  # processes that keep the cores busy
PATIENCE_SECONDS = 60
AUTH = "auth-27182818"


class SeveralKeys(MintTest):
    """A TPM with three slots for objects and no resource manager."""

    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.env = dict(self.tpm.env)
        self.write("auth", self.secret(AUTH))
        self.roles = []
        self.configuration = ""
        for _ in range(BURNERS):
            burner = subprocess.Popen(
                ["/bin/sh", "-c", "while :; do :; done"], preexec_fn=die_with_parent
            )
            self.addCleanup(burner.wait)
            self.addCleanup(burner.kill)

    def add_role(self, name, public_key, private_key, *settings):
        self.write(f"{name}.pem", pki.pem(self.root.issue(public_key)))
        self.roles.append(name)
        lines = [f'certificate = "{name}.pem"', f'private-key = "{private_key}"', *settings]
        flags = dict(zip(emulator.SESSION_FLAGS[::2], emulator.SESSION_FLAGS[1::2]))
        self.configuration += "\n".join(
            [
                f"[identity.{name}]",
                *lines,
                f"[role.{name}]",
                f'identity = "{name}"',
                f'endpoint = "{self.service.url}"',
                f"timeout = {PATIENCE_SECONDS}",
                *(f'{flag[2:]} = "{value}"' for flag, value in flags.items()),
                "",
            ]
        )

    def serve_all_roles(self):
        """Starts serve STARTS times. Each role must mint at each start."""
        self.write("c.toml", self.configuration, 0o644)
        (self.folder / "run").mkdir(mode=0o700)
        self.runtime = {"XDG_RUNTIME_DIR": str(self.folder / "run")}
        for number in range(STARTS):
            server = Server(self, "--config", "c.toml", "--port", "0", env=self.runtime)
            token_file = server.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
            token = pathlib.Path(token_file).read_text(encoding="ascii")
            for role in self.roles:
                headers = {"Authorization": token}
                answer = server.request("GET", f"/role/{role}", headers, PATIENCE_SECONDS)
                self.assertEqual(answer.status, 200, (number, role, answer.body))
            result = server.end(signal.SIGTERM)
            self.assertEqual(result.stderr, "", number)
        self.assertEqual((self.tpm.loaded(), self.tpm.wrong_tries()), ([], 0))

    def test_one_with_an_auth_value_and_one_in_the_place_of_the_storage_root_key(self):
        """One key's cleanup must not close what the other uses (0x70018)."""
        noda = tpm.SIGNING + "|noda"
        first = self.tpm.make_persistent("0x81000001", attributes=noda)
        self.add_role("first", first, "handle:0x81000001")
        second = self.tpm.make_persistent("0x81000002", auth=AUTH, attributes=noda)
        self.add_role("second", second, "handle:0x81000002?pass", 'passin = "file:auth"')
        self.serve_all_roles()

    def test_more_than_there_are_slots(self):
        """A key must not keep a slot while it waits for others."""
        for name in ("first", "second", "third", "fourth"):
            contents, public_key = self.tpm.make_key_file(tpm.EC_P256)
            self.write(f"{name}.tss2", contents)
            self.add_role(name, public_key, f"{name}.tss2")
        self.serve_all_roles()

    def test_more_with_auth_values_than_there_are_slots(self):
        for name in ("first", "second", "third", "fourth"):
            contents, public_key = self.tpm.make_key_file(tpm.EC_P256, f"user-auth:{AUTH}")
            self.write(f"{name}.tss2", contents)
            self.add_role(name, public_key, f"{name}.tss2", 'passin = "file:auth"')
        self.serve_all_roles()


if __name__ == "__main__":
    unittest.main()
