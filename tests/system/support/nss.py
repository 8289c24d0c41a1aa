# SPDX-License-Identifier: Apache-2.0
"""NSS's software token, known from Firefox and Thunderbird: a PKCS#11 module other than SoftHSM.

It keeps keys and certificates in a database. A string in the reserved argument of C_Initialize
names the database; p11-kit passes it on from its configuration.
"""

import pathlib

from support import openssl, pki
from support.processes import run_tool
from support.requirements import in_library_folder, need

MODULE = in_library_folder("libsoftokn3.so")
CERTUTIL = "/usr/bin/certutil"
PK12UTIL = "/usr/bin/pk12util"

TOKEN = "NSS Certificate DB"
PIN = "nss-pin-2357"

_PASSPHRASE = "transport"


class Database:
    """A database in `folder`. Without a `pin` it needs no login."""

    def __init__(self, folder, pin=PIN):
        need(MODULE, "libnss3")
        need(CERTUTIL, "libnss3-tools")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        # NSS checks its files by access(2), which ignores the capabilities of p11_kit.wrapper().
        for each in (self.folder, self.folder.parent):
            each.chmod(0o711)
        self._pin_file = self.folder / "pin"
        self._pin_file.write_text(f"{pin or ''}\n")
        self._at = ("-d", f"sql:{self.folder}")
        login = ("-f", self._pin_file) if pin else ("--empty-password",)
        run_tool(CERTUTIL, "-N", *self._at, *login)

    def add(self, label, key, certificate):
        """Imports a key and its certificate, both with this label."""
        path = self.folder / "transport.p12"
        path.write_bytes(
            # NSS 3.110 does not accept the PKCS#12 files of python3-cryptography 43.
            openssl.rewrite(
                pki.pkcs8_pem(key) + pki.pem(certificate),
                *("pkcs12", "-export", "-name", label, "-passout", f"pass:{_PASSPHRASE}"),
            )
        )
        run_tool(PK12UTIL, "-i", path, *self._at, "-k", self._pin_file, "-W", _PASSPHRASE)

    def add_certificate(self, label, certificate):
        path = self.folder / "certificate.pem"
        path.write_bytes(pki.pem(certificate))
        trust = ("-t", ",,")
        run_tool(CERTUTIL, "-A", *self._at, "-n", label, *trust, "-i", path, "-f", self._pin_file)

    @property
    def module(self):
        """The entry for p11_kit.Configuration. Read-only, as when several programs share it."""
        return MODULE, f"configdir='sql:{self.folder}' flags=readOnly"
