# SPDX-License-Identifier: Apache-2.0
"""The machine of the simulated day: `serve` with its roles, their keys, the service, the neighbours.

`happen` does what an event of schedule.py says.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import signal
import socket
import threading
import time

from support import emulator, p11_kit, pki, token, tpm
from support.serve import Server

SESSION_SECONDS = 15  # a quarter of an hour at sixty times the speed
MANY = 9999  # faults: more than the requests of an event
TIMEOUT_SECONDS = 5
TPM_AUTH = "auth-of-the-tpm-key"
ROLES = {  # the role's identity
    "web": "file",
    "api": "file",
    "mail": "file",
    "backup": "token",
    "reports": "token",
    "build": "remote",
    "metrics": "tpm",
    "alarms": "tpm",
}
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
    b"GET " + b"/" * 20000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"POST /role/web HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"\x00" * 5000,
)


@dataclasses.dataclass(frozen=True)
class Resources:
    """Resources of the server and its children."""

    resident_kib: int
    descriptors: int  # of the server itself
    threads: int
    children: int

    def __str__(self):
        return (
            f"{self.resident_kib} KiB, {self.descriptors} descriptors, "
            f"{self.threads} threads, {self.children} children"
        )


class House:
    def __init__(self, test):
        self.test = test
        self.roles = list(ROLES)
        self.secrets = {token.PIN, TPM_AUTH}
        self._folder = test.folder
        self.service = test.start_own_service(lifetime=SESSION_SECONDS)
        self._issued = {}  # access key ID: (role, its expiration as a time stamp)
        self._records = 0
        self._issuing = threading.Lock()
        test.write("pin", token.PIN)
        test.write("auth", TPM_AUTH)
        identities = [self._file(), self._token(), self._remote(), self._tpm()]
        test.write("c.toml", self._configuration(identities))
        self.server = Server(test, "--config", "c.toml", "--port", "0", "--token-file", "token")

    # --- the keys ---------------------------------------------------------------------------------

    def _file(self):
        self._rotate_pair()
        return 'file]\ncertificate = "web.pem"\nprivate-key = "web.key"'

    def _certify(self, name, public_key):
        path = f"{name}.pem.new"
        self.test.write(path, pki.pem(self.test.root.issue(public_key, name)))
        os.replace(self._folder / path, self._folder / f"{name}.pem")

    def _on_token(self, name):
        made = token.Token(self._folder / f"token-{name}", label=name)
        self._certify(name, made.generate("EC:prime256v1"))
        return made

    @staticmethod
    def _token_identity(name, module):
        return (
            f'{name}]\ncertificate = "{name}.pem"\nprivate-key = "pkcs11:token={name};object=web"\n'
            f'pkcs11-lib = "{module}"\npassin = "file:pin"'
        )

    def _token(self):
        self._held = self._on_token("token")
        self.test.env |= self._held.env
        return self._token_identity("token", token.MODULE)

    def _remote(self):
        self._away = self._on_token("remote")
        self._server_of_tokens = p11_kit.Server(
            self.test, self._folder / "p11", token.MODULE, self._away.env
        )
        self.test.env |= self._server_of_tokens.env
        return self._token_identity("remote", p11_kit.CLIENT)

    def _tpm(self):
        self._chip = tpm.Tpm(self.test, self._folder / "chip")
        # Each loss of power after a use of the key counts as a wrong auth value.
        self._chip.tool("dictionarylockout", "-s", "-n", "1000", "-t", "1000", "-l", "1000")
        self._losses = self._killed = 0
        self._certify("tpm", self._chip.make_persistent("0x81000001", auth=TPM_AUTH))
        return (
            'tpm]\ncertificate = "tpm.pem"\nprivate-key = "handle:0x81000001"\n'
            f'tcti = "{self._chip.tcti}"\npassin = "file:auth"'
        )

    def _configuration(self, identities):
        defaults = {
            "endpoint": self.service.url,
            "trust-anchor-arn": emulator.TRUST_ANCHOR_ARN,
            "profile-arn": emulator.PROFILE_ARN,
        }
        lines = ["[defaults]", f"timeout = {TIMEOUT_SECONDS}"]
        lines += [f'{name} = "{value}"' for name, value in defaults.items()]
        lines += [f"[identity.{text}" for text in identities]
        for role, identity in ROLES.items():
            arn = f"arn:aws:iam::{emulator.ACCOUNT}:role/{role}"
            lines += [f"[role.{role}]", f'identity = "{identity}"', f'role-arn = "{arn}"']
            lines += [f'token-file = "{self._token_file(role)}"']
        return "\n".join(lines) + "\n"

    # --- the clients' view ------------------------------------------------------------------------

    def _token_file(self, role):
        return self._folder / f"{role}.token"

    def token_of(self, role):
        return self._token_file(role).read_text()

    def ask(self, role, its_token):
        return self.server.request("GET", f"/role/{role}", {"Authorization": its_token})

    def issued(self, access_key_id):
        """(role, expiration as a time stamp) of credentials that the service has issued, or None."""
        with self._issuing:
            records = self.service.requests()
            for record in records[self._records :]:
                self._issued[record["access_key_id"]] = self._session(record)
            self._records = len(records)
            return self._issued.get(access_key_id)

    @staticmethod
    def _session(record):
        if not record["access_key_id"]:
            return None
        at = datetime.datetime.strptime(record["time"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        return json.loads(record["body"])["roleArn"].rpartition("/")[2], at + SESSION_SECONDS

    # --- events -----------------------------------------------------------------------------------

    def happen(self, name, seconds):
        getattr(self, f"_{name}")(*([seconds] if seconds else []))

    def _rotate_certificate(self):
        self._certify("web", self._key.public_key())

    def _rotate_pair(self):
        self._key = pki.make_key()
        self.test.write("web.key.new", pki.pkcs8_pem(self._key))
        os.replace(self._folder / "web.key.new", self._folder / "web.key")
        self._certify("web", self._key.public_key())

    def _reload(self):
        self.server.process.send_signal(signal.SIGHUP)

    def _kill_key_process(self):
        """The next one each time."""
        keys = [child for child in self._children() if _name(child) == "credmint-key"]
        self._killed += 1
        if keys:
            os.kill(keys[self._killed % len(keys)], signal.SIGKILL)

    def _restart_module(self, seconds):
        self._server_of_tokens.stop()
        time.sleep(seconds)
        self._server_of_tokens.start()

    def _restart_tpm(self):
        self._losses += 1
        self._chip.lose_power()

    def _fail_for(self, seconds, fault):
        self.service.fail(f"{fault}x{MANY}")
        time.sleep(seconds)
        self.service.fail()

    def _outage(self, seconds):
        self._fail_for(seconds, "reset")

    _long_outage = _outage

    def _refusals(self, seconds):
        self._fail_for(seconds, "503")

    def _slow_answers(self, seconds):
        self._fail_for(seconds, "slow:2")

    def _throttling(self, seconds):
        self._fail_for(seconds, "throttle:1")

    def _broken_answers(self, seconds):
        self._fail_for(seconds, "garbage")

    # --- the neighbours ---------------------------------------------------------------------------

    def _connect(self):
        return socket.create_connection((self.server.host, self.server.port), timeout=5)

    def _flood(self):
        with contextlib.ExitStack() as opened:
            for _ in range(300):
                opened.enter_context(self._connect())

    def _garbage(self):
        for data in GARBAGE:
            with contextlib.suppress(OSError), self._connect() as connection:
                connection.sendall(data)
                while connection.recv(65536):
                    pass

    def _slow_readers(self, seconds):
        request = b"GET /latest/meta-data/ HTTP/1.1\r\nHost: localhost\r\n"
        with contextlib.ExitStack() as opened:
            for _ in range(50):
                opened.enter_context(self._connect()).sendall(request)
            time.sleep(seconds)

    def _foreign_tokens(self):
        for role, other in zip(self.roles, self.roles[1:] + self.roles[:1]):
            for guess in (self.token_of(other), "", "x" * 500):
                answer = self.ask(role, guess)
                self.test.assertIn(answer.status, (400, 401, 403), (role, answer))

    # --- what it costs ----------------------------------------------------------------------------

    def _children(self):
        """The helper and the key processes."""
        found = _children_of(self.server.process.pid)
        return [*found, *(each for child in found for each in _children_of(child))]

    def resources(self):
        pid = self.server.process.pid
        children = self._children()
        return Resources(
            sum(_resident_kib(process) for process in (pid, *children)),
            len(os.listdir(f"/proc/{pid}/fd")),
            len(os.listdir(f"/proc/{pid}/task")),
            len(children),
        )

    def log(self):
        """Ends the server; returns what it has logged."""
        return self.server.end(signal.SIGTERM).stderr

    def open_files(self):
        folder = pathlib.Path(f"/proc/{self.server.process.pid}/fd")
        return sorted(os.readlink(each) for each in folder.iterdir())

    def lost_pin_tries(self):
        """Complaints of the tokens and the TPM, once the server has ended."""
        lost = []
        for held in (self._held, self._away):
            if complaints := re.findall(r"\w+ user PIN \w+|user PIN \w+ \w+", held.describe()):
                lost.append(f"token {held.label}: {complaints}")
        shown = self._chip.tool("getcap", "properties-variable")
        counted = int(re.search(r"TPM2_PT_LOCKOUT_COUNTER: (0x[0-9A-Fa-f]+)", shown)[1], 16)
        if counted > self._losses:
            lost.append(f"the TPM counts {counted}, and it lost its power {self._losses} times")
        return lost


def _read(path):
    return pathlib.Path(path).read_text()


def _children_of(pid):
    return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _name(pid):
    return _read(f"/proc/{pid}/comm").strip()


def _resident_kib(pid):
    match = re.search(r"VmRSS:\s+(\d+) kB", _read(f"/proc/{pid}/status"))
    return int(match[1]) if match else 0
