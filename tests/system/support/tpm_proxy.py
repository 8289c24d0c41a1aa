# SPDX-License-Identifier: Apache-2.0
"""A proxy between a program and a TPM.

It records commands, answers them itself, or drops connections:

    proxy = TpmProxy(test, tpm, folder)      # test.env = proxy.env
    proxy.answer("Sign", 0x922, times=1)     # the first Sign does not reach the TPM
    proxy.hold("Load")                       # the TPM loads, the program gets no response yet
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
        """The code of the response, or None if the response is incomplete."""
        return _HEADER.unpack_from(self.answer)[2] if len(self.answer) >= _HEADER.size else None


class LineCut(Exception):
    """Raised by a rule to drop the connection."""


class TpmProxy:
    """Serves the same two sockets as swtpm, at `tcti`, until `owner`, a test, ends.

    `answer`, `hold`, `cut`, `cut_answer`, `before`, `change` and `between` add rules. A rule applies to the
    next `times` commands of one name (pcap.py). The first matching rule is used.
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

    # --- queries --------------------------------------------------------------------------------

    def names(self):
        return [command.name for command in self.commands]

    def count(self, name):
        return self.names().count(name)

    def response_codes(self, name):
        return [command.response_code for command in self.commands if command.name == name]

    def saw(self, secret):
        """Whether these bytes passed through, in either direction."""
        return any(secret in command.request + command.answer for command in self.commands)

    # --- rules ----------------------------------------------------------------------------------

    def answer(self, name, response_code, parameters=b"", times=ALWAYS):
        """Answers the command without asking the TPM."""
        size = _HEADER.size + len(parameters)
        response = _HEADER.pack(_NO_SESSIONS, size, response_code) + parameters
        self._add(name, times, lambda _command: response)

    def before(self, name, action, times=1):
        """Calls `action` with the connection to the TPM before passing the command on."""

        def act(command):
            action(self._server)
            return self._ask(command)

        self._add(name, times, act)

    def change(self, name, function):
        """Passes on what `function` makes of the next such command, of the same size."""
        self._add(name, 1, lambda request: self._ask(function(request)))

    def between(self, name, action):
        """Disconnects from the TPM and calls `action`, which can run tools on it, before the next
        such command."""

        def act(command):
            self._server.close()
            action()
            self._server = self._tpm.connect()
            return self._ask(command)

        self._add(name, 1, act)

    def hold(self, name):
        """Holds back the TPM's response to the next such command until `release`."""

        def wait(command):
            answer = self._ask(command)
            self.held.set()
            self._released.wait()
            return answer

        self._add(name, 1, wait)

    def release(self):
        self._released.set()

    def cut(self, name):
        """Drops the connection instead of passing on the next such command."""

        def cut(_command):
            raise LineCut

        self._add(name, 1, cut)

    def cut_answer(self, name, size):
        """Drops the connection after `size` bytes of the next such response."""

        def cut(command):
            self._client.sendall(self._ask(command)[:size])
            raise LineCut

        self._add(name, 1, cut)

    def _add(self, name, times, rule):
        self._rules.append([_CODES[name], times, rule])

    # --- implementation -------------------------------------------------------------------------

    def _carry_commands(self, client):
        self._server = self._tpm.connect()
        self._client = client
        try:
            while request := receive(client):
                client.sendall(self._handle(request))
        except (LineCut, OSError):
            pass  # the program may disconnect in the middle of a command
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
    """One command or response of a TPM; empty at the end of the connection."""
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
    """Serves one connection at a time, as swtpm does."""
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
        pass  # the other direction has closed the connection
