# SPDX-License-Identifier: Apache-2.0
"""The requirement of tests that use strace to see the program's system calls."""

import subprocess
import unittest

from support.requirements import need

STRACE = "/usr/bin/strace"


def need_strace():
    need(STRACE, "strace")
    traced = subprocess.run([STRACE, "true"], capture_output=True, check=False)
    if traced.returncode != 0:
        raise unittest.SkipTest("strace may not trace here")
