# SPDX-License-Identifier: Apache-2.0
"""Child processes that do not outlive the test, however it ends."""

import ctypes
import os
import signal
import subprocess

# In front of a command, as die_with_parent does it. Python forks for a preexec_fn, which copies what
# a test has loaded; without one the child shares it until it is another program (vfork): 11 ms
# instead of 26 for a program that starts and ends.
ENDING_WITH_PARENT = ("/usr/bin/setpriv", "--pdeathsig", "KILL")

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_DAC_CAPABILITIES = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """For preexec_fn: the kernel kills the child when the thread that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def obey_file_modes():
    """For preexec_fn: even root may then read only what the mode of a file lets its owner read."""
    die_with_parent()
    for capability in _DAC_CAPABILITIES:
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def run_tool(*command, env=None, stdin=None):
    """Runs a program of the system that must succeed; returns what it printed, as bytes."""
    result = subprocess.run(
        [*ENDING_WITH_PARENT, *(str(part) for part in command)],
        env={"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), **(env or {})},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    if result.returncode != 0:
        raise AssertionError(f"{command} failed: {result.stderr.decode('utf-8', 'replace')}")
    return result.stdout
