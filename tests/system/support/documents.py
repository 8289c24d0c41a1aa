# SPDX-License-Identifier: Apache-2.0
"""Extracts tables and code blocks from the documents in docs/, so that tests can run them."""

import dataclasses
import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[3]

_CODE = re.compile(r"`([^`]*)`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table: its section, the headers of its columns, and its cells."""

    section: str
    heads: tuple
    cells: tuple

    @property
    def typed(self):
        """The code span in the first column."""
        return code(self.cells[0])

    @property
    def name(self):
        return f"{self.section}: {self.typed}"


@dataclasses.dataclass(frozen=True)
class Section:
    title: str
    text: str

    def blocks(self):
        """The (language, contents) of its fenced blocks, in order."""
        return _FENCE.findall(self.text)


def read(name):
    return (SOURCE / "docs" / name).read_text()


def code(cell):
    """The contents of a cell that is a single code span."""
    found = _CODE.fullmatch(cell.strip())
    if not found:
        raise AssertionError(f"{cell!r} is not a piece of code and nothing else")
    return found[1]


def sections(text):
    """The sections, each without its subsections. Text before the first heading is ignored."""
    headings = list(_SECTION.finditer(_FENCE.sub(lambda fence: " " * len(fence[0]), text)))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return [
        Section(heading[1], text[heading.end() : end]) for heading, end in zip(headings, ends)
    ]


def rows(text, *first_heads):
    """The rows of all tables whose first column has one of these headers."""
    found = []
    for section in sections(text):
        heads = ()
        for line in section.text.splitlines():
            cells = tuple(cell.strip() for cell in line.split("|")[1:-1])
            if not line.startswith("|"):
                heads = ()
            elif not heads:
                heads = cells
            elif heads[0] in first_heads and not set(line) <= set("|-"):
                found.append(Row(section.title, heads, cells))
    return found
