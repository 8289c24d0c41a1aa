# SPDX-License-Identifier: Apache-2.0
"""Pages with the results of a script: a section for each release of Debian."""

import pathlib
import re
import subprocess

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_SECTION = re.compile("^### ", re.MULTILINE)


def release():
    """The release of this system: ("Debian 12", "12.11") or ("Debian sid", "forky/sid")."""
    version = pathlib.Path("/etc/debian_version").read_text().strip()
    number = version.partition(".")[0]
    return f"Debian {number if number.isdigit() else 'sid'}", version


def versions(packages):
    """Those packages that are installed, each with its upstream version."""
    for package in packages:
        found = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True
        )
        if found.stdout:
            yield f"{package} {re.sub('^[0-9]+:|[+-].*', '', found.stdout)}"


def table(header, rows):
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace(" --- ", "---")


def page(name, results):
    """The text of docs/NAME, with these results for this release, and no other change."""
    text = (_ROOT / "docs" / name).read_text()
    head, *sections = _SECTION.split(text)
    if not head.endswith("## Results\n\n"):
        raise AssertionError(f"{name} has no heading Results in front of its sections")
    by_release = dict(section.split("\n", 1) for section in sections)
    by_release[release()[0]] = f"\n{results}\n"
    ordered = sorted(by_release.items(), key=lambda each: (each[0].endswith("sid"), each[0]))
    return head + "\n\n".join(f"### {title}\n\n{body.strip()}" for title, body in ordered) + "\n"
