#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command isolated from this host's configuration: private_host.py COMMAND...

A test and its child processes see:

* only the environment variables that control test runs;
* an empty home directory, which is removed afterwards;
* SoftHSM as p11-kit's only module;
* no /etc/credmint.

Without this, p11-kit would load the modules that packages and administrators have installed
(tpm2-pkcs11, gnome-keyring, OpenSC) in every test with a key on a token. Such modules answer, print
and wait on their own.

p11-kit reads its configuration from compiled-in folders, and for ordinary users also from the home
directory. It ignores the latter for root, so for root the folders are hidden in a private mount
namespace. Without CAP_SYS_ADMIN, as in some containers, root cannot have one. Each test then warns
on stderr, and tests/system/program/private_host_test.py fails in CI and is skipped elsewhere.

tap.py does the same by itself, so a test file that is run by hand is isolated too.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

# The caller's environment. Only npm needs it, to reach its registry.
CALLER = dict(os.environ)

# The variable that holds the reason why the host's modules could not be hidden.
SEEN = "CREDMINT_HOST_MODULES_SEEN"

_SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
_PACKAGES_MODULES = "/usr/share/p11-kit/modules"
_ADMINISTRATORS = ("/etc/pkcs11", "/etc/credmint")

_PASSED_ON = ("CI", "MALLOC_PERTURB_", "PYTHONDONTWRITEBYTECODE", "TERM")
_PASSED_ON_FROM = ("CREDMINT", "GTEST_", "MESON_", "ASAN_", "LSAN_", "TSAN_", "UBSAN_")
_OWN = {"LANG": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

_own_mounts = False
_covered = set()


def _passed_on(name):
    return name in _PASSED_ON or name.startswith(_PASSED_ON_FROM)


def _check(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _mount(source, target, flags, kind=None):
    paths = (os.fsencode(source) if source else None, os.fsencode(target))
    _check(_libc.mount(*paths, kind, ctypes.c_ulong(flags), None))


def cover(*folders):
    """Mounts empty folders over these, once each, for daemons whose folders are compiled in.

    For root within entered(), which has given this process mounts of its own. Raises OSError
    elsewhere.
    """
    if folders and not _own_mounts:
        raise OSError("only root can have folders of its own, and only where mounts are allowed")
    for folder in folders:
        if os.path.isdir(folder) and folder not in _covered:
            _mount("tmpfs", folder, 0, b"tmpfs")
            _covered.add(folder)


def _hide(modules, empty):
    """For root: mounts `modules` over the packages' modules, `empty` over the administrator's."""
    global _own_mounts
    _check(_libc.unshare(_CLONE_NEWNS))
    _mount(None, "/", _MS_REC | _MS_PRIVATE)
    _own_mounts = True
    for folder in (_PACKAGES_MODULES, *_ADMINISTRATORS):
        if os.path.isdir(folder):
            _mount(modules if folder == _PACKAGES_MODULES else empty, folder, _MS_BIND)


def _try_to_hide(modules, empty):
    try:
        _hide(modules, empty)
    except OSError as error:
        os.environ[SEEN] = error.strerror
        print(
            "private_host: tests see this host's PKCS#11 modules: root cannot hide"
            f" {_PACKAGES_MODULES} ({error.strerror})",
            file=sys.stderr,
            flush=True,
        )


def _make_home(folder):
    """Writes a user's p11-kit configuration into a home; returns its folder of modules."""
    configuration = pathlib.Path(folder) / ".config" / "pkcs11"
    modules = configuration / "modules"
    modules.mkdir(parents=True)
    (configuration / "pkcs11.conf").write_text("user-config: only\n")
    (modules / "softhsm2.module").write_text(f"module: {_SOFTHSM}\n")
    return modules


@contextlib.contextmanager
def entered():
    """Isolates this process and its children until the block ends."""
    home = tempfile.mkdtemp(prefix="cm-home-", dir="/tmp")
    try:
        modules = _make_home(home)
        empty = pathlib.Path(home) / "empty"
        empty.mkdir()
        kept = {name: value for name, value in os.environ.items() if _passed_on(name)}
        os.environ.clear()
        os.environ.update(kept, HOME=home, **_OWN)
        tempfile.tempdir = None  # it had cached TMPDIR
        os.environ.pop(SEEN, None)
        if os.getuid() == 0:
            _try_to_hide(modules, empty)
        yield
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(command):
    if not command:
        sys.exit(__doc__.partition("\n")[0])
    with entered():
        child = subprocess.Popen(command, preexec_fn=_die_with_parent)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda received, _: child.send_signal(received))
        status = child.wait()
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
