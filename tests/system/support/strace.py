# SPDX-License-Identifier: Apache-2.0
"""strace, which shows what the program asks of the kernel."""

import subprocess
import unittest

from support.requirements import need

STRACE = "/usr/bin/strace"


def need_strace():
    need(STRACE, "strace")
    traced = subprocess.run([STRACE, "true"], capture_output=True, check=False)
    if traced.returncode != 0:
        raise unittest.SkipTest("strace may not trace here")
