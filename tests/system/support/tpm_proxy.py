# SPDX-License-Identifier: Apache-2.0
"""Stands between a program and a TPM: records what passes, answers in its place, cuts the line.

    proxy = TpmProxy(test, tpm, folder)      # test.env = proxy.env
    proxy.answer("Sign", 0x922, times=1)     # the first Sign does not reach the TPM
    proxy.hold("Load")                       # the TPM has done it, the program is not told
    proxy.held.wait(); ...; proxy.release()
"""

import dataclasses
import pathlib
import socket
import struct
import threading

from support.pcap import COMMANDS

_CODES = {name: code for code, name in COMMANDS.items()}
_HEADER = struct.Struct(">HII")
_NO_SESSIONS = 0x8001
ALWAYS = 1 << 30


@dataclasses.dataclass
class Command:
    name: str
    request: bytes
    answer: bytes = b""

    @property
    def response_code(self):
        """None if there was no whole answer."""
        return _HEADER.unpack_from(self.answer)[2] if len(self.answer) >= _HEADER.size else None


class LineCut(Exception):
    """Ends a connection, in a rule."""


class TpmProxy:
    """Offers what swtpm offers, two sockets, at `tcti` until `owner`, a test, ends.

    Rules are made with `answer`, `hold`, `cut`, `cut_answer`, `before` and `between`. Each is for one command,
    by its name in pcap.py, and for so many `times` from now on; the first that fits is used.
    """

    def __init__(self, owner, tpm, folder):
        folder = pathlib.Path(folder)
        folder.mkdir()
        self.tcti = f"swtpm:path={folder}/p"
        self.env = {"TPM2TOOLS_TCTI": self.tcti}
        self.commands = []
        self.held = threading.Event()
        self._released = threading.Event()
        self._rules = []
        self._tpm = tpm
        self._listeners = [
            _serve(folder / "p", self._carry_commands),
            _serve(folder / "p.ctrl", self._carry_control),
        ]
        owner.addCleanup(self._stop)

    def _stop(self):
        self._released.set()
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    # --- what the test asks -------------------------------------------------------------------

    def names(self):
        return [command.name for command in self.commands]

    def count(self, name):
        return self.names().count(name)

    def response_codes(self, name):
        return [command.response_code for command in self.commands if command.name == name]

    def saw(self, secret):
        """Whether these bytes passed, in either direction."""
        return any(secret in command.request + command.answer for command in self.commands)

    # --- what the test orders -----------------------------------------------------------------

    def answer(self, name, response_code, parameters=b"", times=ALWAYS):
        """The TPM is not asked."""
        size = _HEADER.size + len(parameters)
        response = _HEADER.pack(_NO_SESSIONS, size, response_code) + parameters
        self._add(name, times, lambda _command: response)

    def before(self, name, action, times=1):
        """`action` is called with the connection to the TPM before the command is passed on."""

        def act(command):
            action(self._server)
            return self._ask(command)

        self._add(name, times, act)

    def between(self, name, action):
        """`action` is called before the next such command while nobody is connected to the TPM, so
        that it can run tools on it."""

        def act(command):
            self._server.close()
            action()
            self._server = self._tpm.connect()
            return self._ask(command)

        self._add(name, 1, act)

    def hold(self, name):
        """Keeps back the TPM's answer to the next such command until `release`."""

        def wait(command):
            answer = self._ask(command)
            self.held.set()
            self._released.wait()
            return answer

        self._add(name, 1, wait)

    def release(self):
        self._released.set()

    def cut(self, name):
        """The line goes dead instead of passing the next such command on."""

        def cut(_command):
            raise LineCut

        self._add(name, 1, cut)

    def cut_answer(self, name, size):
        """The line goes dead after so many bytes of the next such answer."""

        def cut(command):
            self._client.sendall(self._ask(command)[:size])
            raise LineCut

        self._add(name, 1, cut)

    def _add(self, name, times, rule):
        self._rules.append([_CODES[name], times, rule])

    # --- how it is done -----------------------------------------------------------------------

    def _carry_commands(self, client):
        self._server = self._tpm.connect()
        self._client = client
        try:
            while request := receive(client):
                client.sendall(self._handle(request))
        except (LineCut, OSError):
            pass  # the program may go away in mid-command as well
        finally:
            self._server.close()

    def _handle(self, request):
        code = _HEADER.unpack_from(request)[2]
        command = Command(COMMANDS.get(code, hex(code)), request)
        self.commands.append(command)
        command.answer = self._rule_for(code)(request)
        return command.answer

    def _rule_for(self, code):
        for rule in self._rules:
            if rule[0] == code and rule[1] > 0:
                rule[1] -= 1
                return rule[2]
        return self._ask

    def _ask(self, request):
        self._server.sendall(request)
        return receive(self._server)

    def _carry_control(self, client):
        with self._tpm.connect(".ctrl") as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def receive(connection):
    """One command or answer of a TPM; nothing at the end of the connection."""
    message = _receive(connection, _HEADER.size)
    if not message:
        return b""
    return message + _receive(connection, _HEADER.unpack(message)[1] - _HEADER.size)


def _receive(connection, size):
    data = b""
    while len(data) < size and (part := connection.recv(size - len(data))):
        data += part
    return data if len(data) == size else b""


def _serve(path, carry):
    """Serves one connection after the other, as swtpm does."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve():
        try:
            while True:
                client, _ = listener.accept()
                with client:
                    carry(client)
        except OSError:
            pass  # the test has ended

    threading.Thread(target=serve, daemon=True).start()
    return listener


def _pump(source, sink):
    try:
        while data := source.recv(4096):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other direction has ended the conversation
