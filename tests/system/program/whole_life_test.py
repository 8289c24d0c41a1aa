#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The whole life of a key of each kind: init, certificate, mint, serve, end."""

import json
import os
import signal
import threading
import tomllib
import unittest

from support import p11_kit, program, token, tpm
from support.enrolment import SOFTHSM_FLAGS, NewUser
from support.requirements import need
from support.serve import Server, wait_until

NOBODY = 65534
LIB = ("--pkcs11-lib", token.MODULE)


class WholeLife(NewUser):
    def live(self, *flags, folder="credmint", rekeys=True):
        """From nothing to credentials by what init prints, then under a running server.

        A role that names the handle of its key stays with that key, so it gets no new one.
        """
        minted = json.loads(self.follow(self.init(*flags), folder))
        self.assertEqual(minted["AccessKeyId"], self.last_request()["access_key_id"])
        self.env["AWS_ENDPOINT_URL_ROLESANYWHERE"] = self.service.url
        config = ("--config", f"{folder}/config.toml")
        self.succeed("config", "check", config[1])
        server = Server(self, *config, "--port", "0", "--token-file", "token")
        authorization = {"Authorization": (self.folder / "token").read_text().strip()}
        answer = server.request("GET", "/role/web", authorization)
        self.assertEqual(answer.status, 200, answer)
        given = json.loads(answer.body)
        self.assertEqual(given["AccessKeyId"], self.last_request()["access_key_id"])
        self.renew_under_load(server, authorization, folder)
        if rekeys:
            self.renew_under_load(server, authorization, folder, "--rekey", "--keep-old", "1d")
        self.assertEqual(server.end(signal.SIGTERM).status, program.SUCCESS)
        return config

    def renew_under_load(self, server, authorization, folder, *how):
        """Renews the certificate while a client asks without a pause; no answer may fail."""
        written = tomllib.loads((self.folder / folder / "config.toml").read_text())
        flags = [
            part
            for name, value in written["identity"]["web"].items()
            for part in (f"--{name}", value)
        ]
        before = self.last_request()["serial"]
        statuses, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                statuses.append(server.request("GET", "/role/web", authorization).status)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            self.succeed("renew", *flags, "--force", *how, "--exec", self.sign_command())
            server.process.send_signal(signal.SIGHUP)
            earlier = len(self.service.requests())
            wait_until(lambda: len(self.service.requests()) > earlier)
        finally:
            stop.set()
            asking.join()
        self.assertEqual(set(statuses), {200})
        self.assertEqual(self.last_request()["reason"], "accepted")
        self.assertNotEqual(self.last_request()["serial"], before)

    def sign_command(self):
        """The command of a CA that reads a request and writes a certificate."""
        paths = (("-CA", "ca.pem"), ("-CAkey", "ca.key"), ("-extfile", "leaf.ext"))
        named = " ".join(f"{flag} {self.folder / name}" for flag, name in paths)
        return f"openssl x509 -req -in /dev/stdin -days 30 -CAcreateserial {named} 2> errors"

    def is_gone(self, config, status, message):
        self.fail_with(status, message, "credential-process", *config)

    def test_on_a_token(self):
        token.need_softhsm()
        program.need_back_end("pkcs11")
        self.make_empty_softhsm()
        config = self.live("--token", "prod", *LIB, *SOFTHSM_FLAGS)
        secret = ("--passin", "file:pin")
        listed = json.loads(self.succeed("list", "--json", "pkcs11:token=prod", *secret, *LIB))
        (slot,) = listed["modules"][0]["slots"]
        for key in slot["token"]["keys"]:
            if key["private"]:
                self.succeed("key", "delete", key["uri"], "--yes", *secret, *LIB)
        self.is_gone(config, program.KEY, "no private key")

    def test_on_a_token_that_p11_kit_finds(self):
        """Without a flag for the module, and from a slot that is free."""
        token.need_softhsm()
        program.need_back_end("pkcs11")
        self.make_empty_softhsm()
        self.env.update(p11_kit.Configuration(self.folder, softhsm=token.MODULE).env)
        self.wrapper = p11_kit.wrapper()
        if os.getuid() == 0:  # root's p11-kit reads no user configuration
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        self.follow(self.init("--token", "prod", *SOFTHSM_FLAGS))

    def test_in_the_tpm(self):
        self.env = dict(tpm.Tpm(self, self.folder / "t").env)
        config = self.live("--tpm", "0x81000002", rekeys=False)
        self.succeed("key", "delete", "handle:0x81000002", "--yes")
        self.is_gone(config, program.KEY, "handle:0x81000002")

    def test_in_a_file_for_the_tpm(self):
        self.env = dict(tpm.Tpm(self, self.folder / "t").env)
        config = self.live("--tpm-file", "keys", folder="keys")
        (self.folder / "keys" / "key.pem").unlink()
        self.is_gone(config, program.LOCAL_IO, "No such file or directory")

    def test_in_a_plain_file(self):
        config = self.live("--file", "keys", folder="keys")
        (self.folder / "keys" / "key.pem").unlink()
        self.is_gone(config, program.LOCAL_IO, "No such file or directory")

    def test_in_an_encrypted_file(self):
        self.write("pass", self.secret("correct horse 815") + "\n")
        self.live("--file", "keys", "--passin", "file:pass", folder="keys")
        need("/usr/bin/openssl", "openssl")
        self.assertIn("ENCRYPTED", (self.folder / "keys" / "key.pem").read_text())


if __name__ == "__main__":
    unittest.main()
