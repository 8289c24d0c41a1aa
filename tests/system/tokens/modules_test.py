#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real PKCS#11 modules: list, mint, `openssl req`, `serve` with two roles, and a restart.

scripts/test-modules tries the same with further modules.
"""

import unittest

from support import real_modules
from support.module_trials import ModuleTrials


class SoftHsm(ModuleTrials):
    MODULE = real_modules.SoftHsm


class Nss(ModuleTrials):
    MODULE = real_modules.Nss


class Tpm2Pkcs11(ModuleTrials):
    MODULE = real_modules.Tpm2Pkcs11


class OpenSc(ModuleTrials):
    MODULE = real_modules.OpenSc


class P11KitRemote(ModuleTrials):
    MODULE = real_modules.P11KitRemote


class P11KitServer(ModuleTrials):
    MODULE = real_modules.P11KitServer


class Several(ModuleTrials):
    MODULE = real_modules.Several


del ModuleTrials  # which is no test by itself

if __name__ == "__main__":
    unittest.main()
