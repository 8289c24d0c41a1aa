# SPDX-License-Identifier: Apache-2.0
"""A smart card in software, which OpenSC uses through pcscd as it uses a real one.

It is a PIV card (NIST SP 800-73-4): an application with certificates, a PIN, and RSA keys that sign.
OpenSC 0.23 uses no EC keys of a PIV card of which it knows nothing more.

vpcd, a driver of pcscd for readers without hardware, waits for it at a port. Debian's own card for
that reader, in the package vsmartcard-vpicc, does not start on Debian 12.
"""

import contextlib
import pathlib
import socket
import struct
import subprocess
import threading
import time

from support import asn1, pki, ports
from support.processes import ENDING_WITH_PARENT, run_tool
from support.requirements import in_library_folder, need

MODULE = in_library_folder("opensc-pkcs11.so")
PCSCD = "/usr/sbin/pcscd"
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
SOCKET = "/run/pcscd/pcscd.comm"
FOLDERS = ("/run",)
PIN = "314159"

# By the id that OpenSC gives the key: PIV's reference to it, and the object with its certificate.
_SLOTS = {1: (0x9A, "5fc105"), 2: (0x9C, "5fc10a")}
_CARD_HOLDER_ID = "5fc102"

_APPLICATION = bytes.fromhex("a000000308")
_VERSION = bytes.fromhex("000010000100")
_ATR = bytes.fromhex("3b80800101")
_TRIES = 3
_TIME_LIMIT_SECONDS = 15

_DONE, _NOT_FOUND, _UNKNOWN = b"\x90\x00", b"\x6a\x82", b"\x6d\x00"
_NOT_VERIFIED, _WRONG_DATA = b"\x69\x82", b"\x6a\x80"


class Card:
    """The card's application, as functions of what it is sent. `keys` by OpenSC's ids."""

    def __init__(self, keys, certificates):
        self._keys = {_SLOTS[number][0]: key for number, key in keys.items()}
        self._objects = {
            _SLOTS[number][1]: _certificate_object(certificate)
            for number, certificate in certificates.items()
        }
        self._objects[_CARD_HOLDER_ID] = _card_holder_id()
        self._tries = _TRIES
        self.reset()

    def reset(self):
        self._verified = False
        self._begun = self._left = b""

    def answer(self, command):
        instruction = command[1]
        length = command[4] if len(command) > 5 else 0
        data = self._begun + command[5 : 5 + length]
        self._begun = data if command[0] & 0x10 else b""
        if self._begun:
            return _DONE  # the rest follows in further commands
        if instruction == 0xA4:
            return self._select(data)
        if instruction == 0xCB:
            return self._get_data(data)
        if instruction == 0xC0:
            return self._part()
        if instruction == 0x20:
            return self._verify(data)
        if instruction == 0x87:
            return self._sign(command[3], data)
        return _UNKNOWN

    def _select(self, application):
        if not application.startswith(_APPLICATION):
            return _NOT_FOUND
        authority = asn1.element(0x79, asn1.element(0x4F, _APPLICATION))
        return self._whole(asn1.element(0x61, asn1.element(0x4F, _VERSION), authority))

    def _get_data(self, data):
        contents = self._objects.get(data[2:].hex())
        return self._whole(asn1.element(0x53, contents)) if contents else _NOT_FOUND

    def _whole(self, answer):
        self._left = answer
        return self._part()

    def _part(self):
        """An answer holds 256 bytes, and says how many more the next one has (0 for 256)."""
        part, self._left = self._left[:256], self._left[256:]
        status = bytes((0x61, min(len(self._left), 256) % 256)) if self._left else _DONE
        return part + status

    def _verify(self, padded):
        if not padded:
            return _DONE if self._verified else bytes((0x63, 0xC0 | self._tries))
        self._verified = padded.rstrip(b"\xff") == PIN.encode()
        self._tries = _TRIES if self._verified else max(self._tries - 1, 0)
        return _DONE if self._verified else bytes((0x63, 0xC0 | self._tries))

    def _sign(self, reference, data):
        if not self._verified:
            return _NOT_VERIFIED
        ((_, template, _),) = asn1.elements(data)
        padded = {tag: contents for tag, contents, _ in asn1.elements(template)}.get(0x81)
        key = self._keys.get(reference)
        if key is None or padded is None:
            return _WRONG_DATA
        self._verified = reference != 0x9C  # which wants the PIN for each signature
        return self._whole(asn1.element(0x7C, asn1.element(0x82, _raw_rsa(key, padded))))


def _raw_rsa(key, padded):
    numbers = key.private_numbers()
    power = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n)
    return power.to_bytes(len(padded), "big")


def _certificate_object(certificate):
    return (
        asn1.element(0x70, pki.der(certificate))
        + asn1.element(0x71, b"\0")
        + asn1.element(0xFE, b"")
    )


def _card_holder_id():
    """A number of the card, which a reader asks for. This one belongs to nobody."""
    fields = ((0x30, bytes(25)), (0x34, bytes(range(16))), (0x35, b"20991231"), (0x3E, b""))
    return b"".join(asn1.element(tag, contents) for tag, contents in fields) + asn1.element(0xFE)


class Reader:
    """pcscd with one reader, in which a card lies. It ends with `owner`.

    pcscd has one socket on a machine, so FOLDERS are the test's own (private_host.cover).
    """

    def __init__(self, owner, folder, card):
        need(PCSCD, "pcscd")
        need(DRIVER, "vsmartcard-vpcd")
        need(MODULE, "opensc-pkcs11")
        self._card = card
        self._port = ports.free_pair()
        self._configuration = pathlib.Path(folder)
        self._configuration.mkdir()
        (self._configuration / "reader").write_text(
            f'FRIENDLYNAME "Virtual"\nDEVICENAME /dev/null:{self._port:#x}\n'
            f"LIBPATH {DRIVER}\nCHANNELID {self._port:#x}\n"
        )
        self.start()
        owner.addCleanup(self.stop)

    def start(self):
        # polkit, where pcscd knows it, admits nobody without a message bus.
        more = ("--disable-polkit",) if b"--disable-polkit" in run_tool(PCSCD, "--help") else ()
        self._process = subprocess.Popen(
            (*ENDING_WITH_PARENT, PCSCD, "--foreground", "--config", self._configuration, *more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._insert()

    def stop(self):
        self._process.terminate()
        self._process.wait()
        pathlib.Path(SOCKET).unlink(missing_ok=True)

    def _insert(self):
        deadline = time.monotonic() + _TIME_LIMIT_SECONDS
        while True:
            try:
                reader = socket.create_connection(("127.0.0.1", self._port))
                break
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise AssertionError("pcscd does not open its reader") from None
                time.sleep(0.05)
        seen = threading.Event()
        arguments = (reader, self._card, seen)
        threading.Thread(target=_lie_in, args=arguments, daemon=True).start()
        if not seen.wait(_TIME_LIMIT_SECONDS):
            raise AssertionError("pcscd does not see its card")


def _lie_in(reader, card, seen):
    """vpcd sends a length and that many bytes: one for the power, or a command."""
    with contextlib.suppress(OSError), reader, reader.makefile("rb") as received:
        while header := received.read(2):
            command = received.read(struct.unpack(">H", header)[0])
            if len(command) > 1:
                answer = card.answer(command)
            elif command == b"\x04":
                answer = _ATR
                seen.set()
            else:
                card.reset()
                continue
            reader.sendall(struct.pack(">H", len(answer)) + answer)
