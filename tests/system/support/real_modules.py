# SPDX-License-Identifier: Apache-2.0
"""PKCS#11 modules of others, each with two keys, for module_trials.py.

A class makes its module's token in a folder, with the keys `web` and `other`, and has `root` issue
a certificate for each. A daemon that comes with the token ends with `owner`, a test.
"""

import contextlib
import os
import pathlib
import signal

from support import gnome_keyring, nss, opencryptoki, p11_kit, pki, tabrmd, token, tpm
from support import tpm2_pkcs11, virtual_card
from support.processes import processes_of
from support.requirements import need

LABELS = ("web", "other")


def _kill(processes):
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _key_processes():
    """Those of the programs that this test has started."""
    below = processes_of(os.getpid())
    return [process for process, name in below.items() if name == "credmint-key"]


def _run_remote(variable):
    """The processes of `p11-kit remote` with this variable, such as "NAME=value"."""
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            if b"remote" in words and variable.encode() in (place / "environ").read_bytes():
                yield int(place.name)
        except OSError:
            continue  # it has ended


class RealModule:
    """What all have. Each sets `path`, `env` and `certificates`, and most a `pin`."""

    NAME = ""
    PACKAGES = ()  # which have the code that is tried
    LOST = "nothing"  # what leave() takes away
    FOLDERS = ()  # which must be the test's own, since the module has them compiled in

    pin = None
    wrapper = ()  # a command that runs a program in the right way
    env = {}
    more_settings = {}  # by label: settings of the configuration file

    def uri(self, label):
        return f"pkcs11:token=test;object={label}"

    def pin_of(self, label):
        """The PIN for that key, or None."""
        return self.pin

    def leave(self):
        """Takes away what the module needs, under running programs."""

    def come_back(self):
        """Ends that."""

    def make_keys(self, made, root, kind="EC:prime256v1"):
        """Has a token make both keys."""
        self.certificates = {
            label: root.issue(made.generate(kind, label, f"0{number}"), label)
            for number, label in enumerate(LABELS, 1)
        }


class SoftHsm(RealModule):
    NAME = "SoftHSM"
    PACKAGES = ("softhsm2",)
    LOST = "the folder of its tokens"

    path, pin = token.MODULE, token.PIN

    def __init__(self, owner, folder, root):
        self.token = token.Token(folder / "t")
        self.env = self.token.env
        self.make_keys(self.token, root)

    def leave(self):
        self.token.folder.rename(self.token.folder.with_suffix(".away"))

    def come_back(self):
        self.token.folder.with_suffix(".away").rename(self.token.folder)


class P11KitRemote(SoftHsm):
    """SoftHSM behind p11-kit's proxy, which runs it in another process."""

    NAME = "p11-kit `remote:`"
    PACKAGES = ("p11-kit", "p11-kit-modules")
    LOST = "the other process, and the folder of the tokens"

    path = p11_kit.PROXY

    def __init__(self, owner, folder, root):
        super().__init__(owner, folder, root)
        need(p11_kit.P11_KIT, "p11-kit")
        remote = f"|{p11_kit.P11_KIT} remote {token.MODULE}"
        configuration = p11_kit.Configuration(folder)
        configuration.add("far", remote=remote)
        self.env = {**self.token.env, **configuration.env}
        self.wrapper = p11_kit.wrapper()

    def leave(self):
        super().leave()
        _kill(_run_remote(f"SOFTHSM2_CONF={self.token.env['SOFTHSM2_CONF']}"))


class P11KitServer(SoftHsm):
    """SoftHSM in a process of its own, reached over a socket by p11-kit's client."""

    NAME = "p11-kit server"
    PACKAGES = ("p11-kit", "p11-kit-modules")
    LOST = "the server"

    path = p11_kit.CLIENT

    def __init__(self, owner, folder, root):
        super().__init__(owner, folder, root)
        self._server = p11_kit.Server(owner, folder / "p11", token.MODULE, self.token.env)
        self.env = self._server.env

    def leave(self):
        self._server.stop()

    def come_back(self):
        self._server.start()


class Nss(RealModule):
    """NSS's softokn, which only p11-kit can tell where its database is."""

    NAME = "NSS softokn"
    PACKAGES = ("libnss3",)
    LOST = "the process that has loaded it, and the folder of its database"

    path, pin = p11_kit.PROXY, nss.PIN

    def __init__(self, owner, folder, root):
        self._database = nss.Database(folder / "n")
        self.certificates = {}
        for label in LABELS:
            key = pki.make_key()
            self.certificates[label] = root.issue(key.public_key(), label)
            self._database.add(label, key, self.certificates[label])
        self.configuration = p11_kit.Configuration(folder, nss=self._database.module)
        self.env = self.configuration.env
        self.wrapper = p11_kit.wrapper()

    def uri(self, label):
        return f"pkcs11:token=NSS%20Certificate%20DB;object={label}"

    def leave(self):
        """It keeps the files open, so nothing is away until it is loaded again."""
        self._database.folder.rename(self._database.folder.with_suffix(".away"))
        _kill(_key_processes())

    def come_back(self):
        self._database.folder.with_suffix(".away").rename(self._database.folder)


class Tpm2Pkcs11(RealModule):
    NAME = "tpm2-pkcs11"
    PACKAGES = ("libtpm2-pkcs11-1", "tpm2-abrmd", "swtpm", "libtpms0")
    LOST = "tpm2-abrmd, and the power of the TPM"

    path, pin = tpm2_pkcs11.TpmToken.module, token.PIN

    def __init__(self, owner, folder, root):
        self._tpm = tpm.Tpm(owner, folder / "chip")
        self._manager = tabrmd.Tabrmd(owner, self._tpm, folder)
        held = tpm2_pkcs11.TpmToken(folder / "held", "tabrmd:bus_type=session", self._manager.env)
        self.env = held.env
        self.make_keys(held, root)

    def leave(self):
        self._manager.stop()

    def come_back(self):
        self._tpm.lose_power()
        self._manager.start()


class Opencryptoki(RealModule):
    NAME = "openCryptoki, software token"
    PACKAGES = ("libopencryptoki0", "opencryptoki")
    LOST = "the process that has loaded it, and pkcsslotd"
    FOLDERS = opencryptoki.FOLDERS

    path, pin = opencryptoki.MODULE, opencryptoki.PIN

    def __init__(self, owner, folder, root):
        self._daemon = opencryptoki.Daemon(owner)
        held = opencryptoki.Token(folder / "held")
        self.make_keys(held, root, "EC:prime256v1" if held.makes_ec_keys() else "RSA:2048")

    def leave(self):
        """A process that has loaded it goes on without the daemon."""
        self._daemon.stop()
        _kill(_key_processes())

    def come_back(self):
        self._daemon.start()


class GnomeKeyring(RealModule):
    """It shows the user's SSH keys, which need no PIN."""

    NAME = "gnome-keyring"
    PACKAGES = ("gnome-keyring-pkcs11", "gnome-keyring")
    LOST = "gnome-keyring-daemon"

    path = gnome_keyring.MODULE

    def __init__(self, owner, folder, root):
        self._daemon = gnome_keyring.Daemon(owner, folder / "k")
        self.env = self._daemon.env
        keys = self._daemon.keys
        self.certificates = {label: root.issue(keys[label], label) for label in LABELS}

    def uri(self, label):
        return f"pkcs11:token=SSH%20Keys;object={label}"

    def leave(self):
        self._daemon.stop()

    def come_back(self):
        self._daemon.start()


class OpenSc(RealModule):
    """A PIV card, whose second key wants the PIN for each signature."""

    NAME = "OpenSC, PIV card"
    PACKAGES = ("opensc-pkcs11", "pcscd", "vsmartcard-vpcd")
    LOST = "pcscd, and with it the card"
    FOLDERS = virtual_card.FOLDERS

    path, pin = virtual_card.MODULE, virtual_card.PIN
    more_settings = {"other": {"reuse-pin": True}}

    def __init__(self, owner, folder, root):
        keys = {label: pki.make_key("RSA2048") for label in LABELS}
        self.certificates = {
            label: root.issue(key.public_key(), label) for label, key in keys.items()
        }
        card = virtual_card.Card(*({number: held[label] for number, label in enumerate(LABELS, 1)}
                                   for held in (keys, self.certificates)))
        self._reader = virtual_card.Reader(owner, folder / "reader", card)

    def uri(self, label):
        return f"pkcs11:manufacturer=piv_II;id=%0{1 + LABELS.index(label)}"

    def leave(self):
        self._reader.stop()

    def come_back(self):
        self._reader.start()


class Several(RealModule):
    """p11-kit's proxy with SoftHSM, NSS, and two that fail.

    tpm2-pkcs11 has no TPM, and another file holds no code. SoftHSM has the key `web`, NSS `other`.
    """

    NAME = "several behind p11-kit, two of which fail"
    PACKAGES = ("p11-kit-modules", "softhsm2", "libnss3", "libtpm2-pkcs11-1")
    LOST = "the folders of both tokens"

    path = p11_kit.PROXY

    def __init__(self, owner, folder, root):
        need(tpm2_pkcs11.TpmToken.module, "libtpm2-pkcs11-1")
        self._parts = {"web": SoftHsm(owner, folder, root), "other": Nss(owner, folder, root)}
        self.certificates = {label: self._parts[label].certificates[label] for label in LABELS}
        broken = folder / "broken.so"
        broken.write_text("no code")
        configuration = self._parts["other"].configuration
        configuration.add("softhsm", module=token.MODULE)
        configuration.add("chip", module=tpm2_pkcs11.TpmToken.module)
        configuration.add("broken", module=broken)
        absent = {"TPM2_PKCS11_TCTI": "device:/none", "TPM2_PKCS11_STORE": f"{folder}/none"}
        self.env = {**self._parts["web"].env, **configuration.env, **absent}
        self.wrapper = p11_kit.wrapper()

    def uri(self, label):
        return self._parts[label].uri(label)

    def pin_of(self, label):
        return self._parts[label].pin

    def leave(self):
        for part in self._parts.values():
            part.leave()

    def come_back(self):
        for part in self._parts.values():
            part.come_back()


ALL = (SoftHsm, Nss, Opencryptoki, Tpm2Pkcs11, GnomeKeyring, P11KitRemote, P11KitServer, OpenSc,
       Several)
