# SPDX-License-Identifier: Apache-2.0
"""Reads the help of the program and its commands."""

import dataclasses
import re

from support import program

_HEAD = re.compile(r"^  (\S.*?)(?:   *(\S.*))?$")
_MORE = re.compile(r"^ {10,}(\S.*)$")


@dataclasses.dataclass
class Item:
    """An option, argument or command: its names, what its value is called, and the description."""

    names: list
    value: str | None
    description: str

    @property
    def default(self):
        """The default that the program adds to the description, or None."""
        found = re.search(r" \(default: ([\w.:]+)\)$", self.description)
        return found[1] if found else None


def shown(*command, flag="--help-all"):
    return program.run((*command, flag), "/").stdout.decode()


def sections(text):
    """{heading: items} of a help; the introduction has no items."""
    found = {}
    for part in text.split("\n\n"):
        heading, _, body = part.partition(":\n")
        if heading != "Example" and re.fullmatch(r"[A-Z]\w+", heading):
            found[heading] = _items(body)
    return found


def _items(body):
    items = []
    for line in body.splitlines():
        if more := _MORE.match(line):
            items[-1].description += " " + more[1]
        else:
            head, description = _HEAD.match(line).groups()
            *names, last = head.split(", ")
            last, _, value = last.partition(" ")
            items.append(Item([*names, last], value or None, description or ""))
    for item in items:
        item.description = item.description.strip()
    return items


def commands(*command):
    """The names of the commands of the program, or of a command."""
    listed = sections(shown(*command)).get("Commands", [])
    return [item.names[0] for item in listed]


def options(*command, flag="--help-all"):
    """{name: item} of the options of a command, each by its first long name."""
    found = {}
    for heading, items in sections(shown(*command, flag=flag)).items():
        if heading not in ("Commands", "Arguments"):
            found |= {next(name for name in it.names if name.startswith("--")): it for it in items}
    return found


def arguments(*command):
    return sections(shown(*command)).get("Arguments", [])
