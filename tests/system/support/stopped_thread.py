# SPDX-License-Identifier: Apache-2.0
"""Stops one thread of a child process, as a debugger does, while the others keep running."""

import contextlib
import ctypes
import os
import pathlib

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17  # linux/ptrace.h
_WALL = 0x40000000  # wait(2): for threads as well

_libc = ctypes.CDLL(None, use_errno=True)


def _ptrace(request, thread):
    _libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    if _libc.ptrace(request, thread, None, None) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x})")


def find(pid, name):
    """The ID of the thread with this name (pthread_setname_np)."""
    for folder in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (folder / "comm").read_text().strip() == name:
            return int(folder.name)
    raise AssertionError(f"there is no thread {name}")


@contextlib.contextmanager
def stopped(pid, name):
    thread = find(pid, name)
    _ptrace(_SEIZE, thread)
    _ptrace(_INTERRUPT, thread)
    os.waitpid(thread, _WALL)
    try:
        yield
    finally:
        _ptrace(_DETACH, thread)
