# SPDX-License-Identifier: Apache-2.0
"""A SoftHSM token for one test, with its own configuration, objects and PIN.

pkcs11-tool, which shares no code with the tested program, generates its keys. That takes time, so a
class makes a token with keys and each test copies it. Tests cannot share a token, because SoftHSM
rewrites its files at each login and two processes would disturb each other.
"""

import pathlib
import re
import shutil
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import program
from support.processes import run_tool
from support.requirements import in_library_folder, need

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SPY = in_library_folder("pkcs11-spy.so")
SOFTHSM2_UTIL = "/usr/bin/softhsm2-util"
PKCS11_TOOL = "/usr/bin/pkcs11-tool"

PIN = "pin-48151623"
SO_PIN = "so-pin-108"

_CURVES = {32: ec.SECP256R1(), 48: ec.SECP384R1(), 66: ec.SECP521R1()}
_EC_POINT = re.compile(r"EC_POINT: +04(?:81)?[0-9a-f]{2}(04[0-9a-f]+)")  # in an OCTET STRING


def need_softhsm():
    need(MODULE, "softhsm2")
    need(SOFTHSM2_UTIL, "softhsm2")
    need(PKCS11_TOOL, "opensc")


class Token:
    """A SoftHSM configuration in `folder` with one token; add_token adds more."""

    module = MODULE

    def __init__(self, folder, label="test", pin=PIN):
        need_softhsm()
        program.need_back_end("pkcs11")
        self.folder = pathlib.Path(folder)
        self.label = label
        self.pin = pin
        self._objects = self.folder / "objects"
        self._objects.mkdir(parents=True)
        self._write_configuration()
        self.add_token(label, pin)

    def _write_configuration(self):
        configuration = self.folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self._objects}\nlog.level = ERROR\n")
        self.env = {"SOFTHSM2_CONF": str(configuration)}

    def copy(self, folder):
        """Copies the token into `folder` for another test."""
        twin = object.__new__(Token)
        twin.folder, twin.label, twin.pin = pathlib.Path(folder), self.label, self.pin
        twin._objects = twin.folder / "objects"
        shutil.copytree(self._objects, twin._objects)
        twin._write_configuration()
        return twin

    def add_token(self, label, pin=PIN):
        run_tool(
            *(SOFTHSM2_UTIL, "--init-token", "--free", "--label", label),
            *("--so-pin", SO_PIN, "--pin", pin),
            env=self.env,
        )

    def generate(self, key_type, label="web", key_id="01", flags=(), token=None):
        """Generates a key pair (such as EC:prime256v1) in the token; returns the public key."""
        self.generate_unread(key_type, label, key_id, flags, token)
        return self.public_key(label, token, key_id)

    def generate_unread(self, key_type, label="web", key_id="01", flags=(), token=None):
        """The same for keys that public_key() cannot read, such as Ed25519."""
        self._tool(
            *("--keypairgen", "--key-type", key_type, "--label", label, "--id", key_id, *flags),
            token=token,
        )

    def public_key(self, label="web", token=None, key_id=None):
        """Reads a public key. pkcs11-tool 0.23 cannot export EC keys on every curve, so those are
        built from their point."""
        listed = self._tool("--list-objects", "--type", "pubkey", token=token).decode()
        named = rf"  label: +{re.escape(label)}\n" + (rf"  ID: +{key_id}\n" if key_id else "")
        (shown,) = re.findall(rf"EC_POINT[^;]*?\n{named}|$", listed)[:1]
        if point := _EC_POINT.search(shown):
            encoded = bytes.fromhex(point[1])
            curve = _CURVES[len(encoded) // 2]
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, encoded)
        encoded = self._tool("--read-object", "--type", "pubkey", "--label", label, token=token)
        return serialization.load_der_public_key(encoded)

    def write_certificate(self, certificate, label="web", key_id="01", token=None):
        path = self.folder / "certificate.der"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
        self._tool(
            *("--write-object", path, "--type", "cert", "--label", label, "--id", key_id),
            token=token,
        )

    def delete(self, kind, label="web", token=None):
        self._tool("--delete-object", "--type", kind, "--label", label, token=token)

    def relabel_public_key(self, label, new_label, key_id):
        """Replaces a public key by itself under another label."""
        path = self.folder / "public.der"
        path.write_bytes(self._tool("--read-object", "--type", "pubkey", "--label", label))
        self.delete("pubkey", label)
        self._tool(
            *("--write-object", path, "--type", "pubkey", "--label", new_label, "--id", key_id)
        )

    def describe(self):
        """The output of pkcs11-tool about the tokens, with their flags."""
        return run_tool(PKCS11_TOOL, "--module", MODULE, "--list-token-slots", env=self.env).decode()

    def describe_objects(self):
        return self._tool("--list-objects").decode()

    def crowd(self, count, key_type):
        """Adds `count` key pairs labelled `other`. One is generated, the rest copy its files."""
        (token,) = (entry for entry in self._objects.iterdir() if entry.is_dir())
        before = set(token.glob("*.object"))
        self.generate(key_type, "other", "99")
        for original in set(token.glob("*.object")) - before:
            for _ in range(count - 1):
                shutil.copy(original, token / f"{uuid.uuid4()}.object")

    def _tool(self, *arguments, token=None):
        login = ("--module", self.module, "--token-label", token or self.label, "--login")
        return run_tool(PKCS11_TOOL, *login, "--pin", self.pin, *arguments, env=self.env)


def spied(env, output):
    """The environment for a program that loads SPY: it uses the token and logs each call."""
    need(SPY, "opensc")
    return {**env, "PKCS11SPY": MODULE, "PKCS11SPY_OUTPUT": str(output)}


def calls(output):
    """The names of the functions in a spy's log, in order."""
    lines = output.read_text(errors="replace").splitlines()
    numbered = (line.partition(": ") for line in lines)
    return [name for number, _, name in numbered if number.isdigit() and name.startswith("C_")]
