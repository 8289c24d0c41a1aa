# SPDX-License-Identifier: Apache-2.0
"""A token of tpm2-pkcs11: a PKCS#11 module in front of a TPM, known from Debian's packages."""

import pathlib

from support import token
from support.processes import run_tool
from support.requirements import in_library_folder, need


class TpmToken(token.Token):
    """A token in the database in `folder`. `tcti` names the TPM, as tpm2-tss reads it."""

    module = in_library_folder("pkcs11/libtpm2_pkcs11.so")

    def __init__(self, folder, tcti, env=None):
        need(self.module, "libtpm2-pkcs11-1")
        need(token.PKCS11_TOOL, "opensc")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.label = "test"
        self.pin = token.PIN
        self.env = {
            **(env or {}),
            "TPM2_PKCS11_STORE": str(self.folder),
            "TPM2_PKCS11_TCTI": tcti,
        }
        self._tool_of_officer("--init-token", "--slot-index", "0", "--label", self.label)
        as_officer = ("--login", "--login-type", "so", "--token-label", self.label)
        self._tool_of_officer("--init-pin", *as_officer, "--pin", self.pin)

    def _tool_of_officer(self, *arguments):
        command = (token.PKCS11_TOOL, "--module", self.module, "--so-pin", token.SO_PIN)
        run_tool(*command, *arguments, env=self.env)
