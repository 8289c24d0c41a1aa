# SPDX-License-Identifier: Apache-2.0
"""Applies the system call sandbox of a systemd unit, without systemd.

The kernel kills a process that makes a forbidden call. Under systemd the call would fail, and a
program might ignore that silently.
"""

import ctypes
import re
import socket

from support.processes import die_with_parent, run_tool
from support.requirements import need

ANALYZE = "/usr/bin/systemd-analyze"

_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_EQUAL, _MASKED_EQUAL = 4, 7
_WRITE, _EXECUTE = 2, 4  # PROT_WRITE, PROT_EXEC


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


def settings(unit, name):
    """The values of a setting in a unit's text, in order."""
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


def _calls(group):
    """The system calls of a group such as @system-service; any other name is a single call."""
    if not group.startswith("@"):
        return {group}
    lines = run_tool(ANALYZE, "syscall-filter", group).decode().splitlines()[1:]
    names = [line.strip() for line in lines]
    return set().union(*(_calls(name) for name in names if name and not name.startswith("#")))


def allowed_calls(unit):
    """The calls that SystemCallFilter= allows. Each line adds calls, or removes them with ~."""
    allowed = _calls("@default")
    for value in settings(unit, "SystemCallFilter"):
        calls = set().union(*(_calls(group) for group in value.lstrip("~").split()))
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def _comparisons(unit):
    """{call: alternatives} of the calls that are allowed only with certain arguments."""
    (families,) = settings(unit, "RestrictAddressFamilies")
    conditions = {
        "socket": [(0, _EQUAL, getattr(socket, family), 0) for family in families.split()]
    }
    if settings(unit, "MemoryDenyWriteExecute") == ["yes"]:
        both = _WRITE | _EXECUTE
        conditions["mmap"] = [(2, _MASKED_EQUAL, both, some) for some in (0, _WRITE, _EXECUTE)]
        for name in ("mprotect", "pkey_mprotect"):
            conditions[name] = [(2, _MASKED_EQUAL, _EXECUTE, 0)]
    return conditions


def confine(unit):
    """For preexec_fn: restricts the child to the calls that this unit's text allows."""
    need(ANALYZE, "systemd")
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_rule_add_array.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint),
        ctypes.POINTER(_Comparison),
    ]
    context = library.seccomp_init(_KILL_PROCESS)
    conditions = _comparisons(unit)
    for name in sorted(allowed_calls(unit)):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue  # a call of another architecture
        for condition in conditions.get(name, [None]):
            comparison = _Comparison(*condition) if condition else None
            added = library.seccomp_rule_add_array(
                context, _ALLOW, number, 1 if condition else 0, comparison
            )
            if added != 0:
                raise AssertionError(f"no rule for {name}: error {-added}")

    def load():
        die_with_parent()
        if library.seccomp_load(context) != 0:
            raise AssertionError("the kernel takes no filter")

    return load
