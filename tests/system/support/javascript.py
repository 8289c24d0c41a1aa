# SPDX-License-Identifier: Apache-2.0
"""The AWS SDK for JavaScript, as tests/system/javascript/ pins it, and a program that uses it.

The SDK is no Debian package. Where node and npm are there, it is installed once, from the registry
that npm is set up for, into the caller's $XDG_CACHE_HOME/credmint-javascript (~/.cache), and used from
there by all later runs. Where they are not, or no registry answers, tests skip, in CI too; any other failure
fails them.
"""

import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import private_host
from support import program
from support.processes import die_with_parent

_SOURCE = pathlib.Path(__file__).resolve().parents[1] / "javascript"
_PINNED = ("package.json", "package-lock.json")
_INSTALL = (
    *("npm", "ci", "--json", "--ignore-scripts", "--no-audit", "--no-fund"),
    *("--fetch-timeout=20000", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
)
_INSTALL_TIME_LIMIT_SECONDS = 240

# How npm says that it reached no registry.
_NO_REGISTRY = {
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTCACHED",
    "ENOTFOUND",
    "ERR_SOCKET_TIMEOUT",
    "ETIMEDOUT",
}


def sdk():
    """The folder that node finds the SDK in."""
    folder, missing = _installed()
    if missing:
        raise unittest.SkipTest(missing)
    return folder


@functools.cache
def _installed():
    """The folder, and None or what is missing."""
    for tool in ("node", "npm"):
        if not _which(tool):
            return None, f"{tool} is missing"
    caller = private_host.CALLER
    cache = pathlib.Path(caller.get("XDG_CACHE_HOME") or pathlib.Path(caller["HOME"], ".cache"))
    digest = hashlib.sha256(b"".join((_SOURCE / name).read_bytes() for name in _PINNED))
    folder = cache / "credmint-javascript" / digest.hexdigest()[:16]
    missing = None if folder.exists() else _install(folder)
    return folder / "node_modules", missing


def _which(tool):
    return shutil.which(tool, path=private_host.CALLER["PATH"])


def _install(folder):
    """Installs elsewhere and moves, so that what is there is complete. Returns what is missing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        for name in _PINNED:
            shutil.copy(_SOURCE / name, temporary)
        result = subprocess.run(
            _INSTALL,
            cwd=temporary,
            env=private_host.CALLER,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIME_LIMIT_SECONDS,
            preexec_fn=die_with_parent,
            check=False,
        )
        if result.returncode != 0:
            return _no_registry(result)
        (pathlib.Path(temporary) / "done").mkdir()
        for name in ("node_modules", *_PINNED):
            os.rename(f"{temporary}/{name}", f"{temporary}/done/{name}")
        if not folder.exists():
            os.rename(f"{temporary}/done", folder)
    return None


def _no_registry(result):
    try:
        code = json.loads(result.stdout)["error"]["code"]
    except (ValueError, LookupError, TypeError):
        code = None
    if code in _NO_REGISTRY:
        return f"npm reaches no registry ({code})"
    raise AssertionError(f"npm ci failed:\n{result.stdout}\n{result.stderr}")


class Client:
    """client.cjs with these arguments, running; it ends with the test.

    It has no environment but `env` and its home, which is the test's folder. Node does not warn, as it
    would of its age; the SDK does.
    """

    def __init__(self, test, *arguments, env=None):
        self._process = subprocess.Popen(
            [_which("node"), str(_SOURCE / "client.cjs"), *arguments],
            cwd="/",
            env=program.environment(
                test.folder, {"NODE_PATH": str(sdk()), "NODE_NO_WARNINGS": "1", **(env or {})}
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        test.addCleanup(self._process.communicate)
        test.addCleanup(self._process.kill)

    def call(self):
        """Calls STS; returns the line that it answers with, as a dictionary."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the client has ended: {self._process.stderr.read()}")
        return json.loads(line)

    def end(self):
        """Ends it; returns what it wrote to stderr, where the SDK's warnings go."""
        _, stderr = self._process.communicate(timeout=program.TIME_LIMIT_SECONDS)
        return stderr
