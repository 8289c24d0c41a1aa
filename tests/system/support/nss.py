# SPDX-License-Identifier: Apache-2.0
"""NSS's software token, the one of Firefox and Thunderbird: a PKCS#11 module other than SoftHSM.

It keeps keys and certificates in a database and learns which one from a text in the reserved
argument of C_Initialize, which p11-kit passes on from its configuration.
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
    """A database in `folder`; without `pin` it is one that needs no login."""

    def __init__(self, folder, pin=PIN):
        need(MODULE, "libnss3")
        need(CERTUTIL, "libnss3-tools")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        # NSS asks access(2) for the files, which for p11_kit.wrapper() is without capabilities.
        for each in (self.folder, self.folder.parent):
            each.chmod(0o711)
        self._pin_file = self.folder / "pin"
        self._pin_file.write_text(f"{pin or ''}\n")
        self._at = ("-d", f"sql:{self.folder}")
        login = ("-f", self._pin_file) if pin else ("--empty-password",)
        run_tool(CERTUTIL, "-N", *self._at, *login)

    def add(self, label, key, certificate):
        """Imports a key with its certificate, both under that label."""
        path = self.folder / "transport.p12"
        path.write_bytes(
            # The files of python3-cryptography 43 are not to the taste of NSS 3.110.
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
        """For p11_kit.Configuration. Read-only, as users of several programs share a database."""
        return MODULE, f"configdir='sql:{self.folder}' flags=readOnly"
