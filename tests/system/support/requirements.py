# SPDX-License-Identifier: Apache-2.0
"""Requirements of tests.

One that this machine lacks skips a developer's test and fails CI's. A part that the build omits on
purpose (-Dserve=disabled) skips the test everywhere. Meson names those in CREDMINT_LEFT_OUT.
"""

import glob
import os
import unittest


def miss(reason):
    """Skips the test, or fails it if CI or CREDMINT_REQUIRE_DEVICES is set."""
    if os.environ.get("CI") or os.environ.get("CREDMINT_REQUIRE_DEVICES"):
        raise AssertionError(f"{reason}, and this run must not skip for it")
    raise unittest.SkipTest(reason)


def need(path, package):
    if not os.path.exists(path):
        miss(f"{path} is missing (Debian package {package})")


def has_part(part):
    """Whether the build has a part: pkcs11, tpm2 or serve."""
    return part not in os.environ.get("CREDMINT_LEFT_OUT", "").split()


def need_part(part):
    if not has_part(part):
        raise unittest.SkipTest(f"this build was made with -D{part}=disabled")


def provider_modules():
    """The folder of credmint-pkcs11.so and credmint-tpm2.so, from CREDMINT_MODULES."""
    modules = os.environ.get("CREDMINT_MODULES")
    if not modules:
        miss("the environment variable CREDMINT_MODULES does not name the provider modules")
    return os.path.abspath(modules)


def in_library_folder(name):
    """The path of a file in the library folder of this machine's architecture."""
    found = glob.glob(f"/usr/lib/*-linux-gnu*/{name}")
    return found[0] if found else f"/usr/lib/{name}"
