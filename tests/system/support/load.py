# SPDX-License-Identifier: Apache-2.0
"""Load from many concurrent clients, by ApacheBench, and the resources that a server uses."""

import dataclasses
import os
import pathlib
import re
import subprocess

from support import program
from support.requirements import need

AB = "/usr/bin/ab"


def _is_sanitized(path):
    """Whether a program is built with a sanitizer, whose memory does not count."""
    contents = pathlib.Path(path).read_bytes()
    return any(name in contents for name in (b"__asan_init", b"__tsan_init"))


SANITIZED = _is_sanitized(program.path())


@dataclasses.dataclass(frozen=True)
class Load:
    complete: int
    failed: int  # no response, a broken one, or one of another length
    refused: int  # responses other than 2xx
    per_second: float
    p99_milliseconds: float


def run(url, folder, headers=(), *, clients, each, keep_alive, put=False):
    """Has `clients` concurrent clients make `each` requests each; `headers` are whole lines."""
    need(AB, "apache2-utils")
    percentiles = folder / "percentiles.csv"
    command = [AB, "-q", "-r", "-n", str(clients * each), "-c", str(clients), "-e", str(percentiles)]
    if keep_alive:
        command.append("-k")
    if put:
        (folder / "empty").touch()
        command += ["-u", str(folder / "empty")]
    for header in headers:
        command += ["-H", header]
    output = subprocess.run(
        [*command, url], check=True, capture_output=True, text=True, timeout=300
    ).stdout

    def number(name):
        match = re.search(rf"^{name}:\s+([\d.]+)", output, re.MULTILINE)
        return float(match[1]) if match else 0

    p99 = re.search(r"^99,([\d.]+)", percentiles.read_text(), re.MULTILINE)
    return Load(
        int(number("Complete requests")),
        int(number("Failed requests")),
        int(number("Non-2xx responses")),
        number("Requests per second"),
        float(p99[1]),
    )


def cpu_seconds(pid):
    """The user and system time that a process has used so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """{"Rss": KiB, "Pss": KiB, "Anonymous": KiB, ...} of all mappings of a process."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return {name: int(kib) for name, kib in re.findall(r"^(\w+):\s+(\d+) kB", file.read(), re.M)}
