# SPDX-License-Identifier: Apache-2.0
"""The AWS SDK for JavaScript, as pinned in tests/system/javascript/, and a program that uses it.

Debian does not package the SDK. npm installs it once, from its configured registry, into the
caller's $XDG_CACHE_HOME/credmint-javascript (~/.cache by default). Later runs use that copy.

Tests are skipped, even in CI, if node or npm is missing or no registry answers. Any other failure
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

# The npm error codes that mean that no registry could be reached.
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

# A program that prints the ID of the access key that the SDK finds by itself.
SHOW_KEY_ID = (
    *("node", "-e"),
    "require('@aws-sdk/credential-providers').fromNodeProviderChain()()"
    ".then((found) => console.log(found.accessKeyId))",
)


def sdk():
    """The folder where node finds the SDK."""
    folder, missing = _installed()
    if missing:
        raise unittest.SkipTest(missing)
    return folder


@functools.cache
def _installed():
    """The folder, and the reason if the SDK is missing, otherwise None."""
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
    """Installs into a temporary folder and renames it. Returns the reason if that is impossible."""
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
    """A running client.cjs with these arguments, which ends with the test.

    Its environment is `env` and its home, the test's folder. Node's warnings about old versions are
    off; the SDK's are on.
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
        """Calls STS; returns the client's line of JSON as a dictionary."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the client has ended: {self._process.stderr.read()}")
        return json.loads(line)

    def end(self):
        """Ends the client; returns its stderr, which has the SDK's warnings."""
        _, stderr = self._process.communicate(timeout=program.TIME_LIMIT_SECONDS)
        return stderr
