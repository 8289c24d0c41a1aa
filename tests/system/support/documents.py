# SPDX-License-Identifier: Apache-2.0
"""What the documents in docs/ claim, taken out of them so that it can be run."""

import dataclasses
import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[3]

_CODE = re.compile(r"`([^`]*)`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of a table: the section it is in, the heads of its columns, its cells."""

    section: str
    heads: tuple
    cells: tuple

    @property
    def typed(self):
        """The code in the first column."""
        return code(self.cells[0])

    @property
    def name(self):
        return f"{self.section}: {self.typed}"


@dataclasses.dataclass(frozen=True)
class Section:
    title: str
    text: str

    def blocks(self):
        """(language, contents) of its fenced blocks, in order."""
        return _FENCE.findall(self.text)


def read(name):
    return (SOURCE / "docs" / name).read_text()


def code(cell):
    """The only code of a cell."""
    found = _CODE.fullmatch(cell.strip())
    if not found:
        raise AssertionError(f"{cell!r} is not a piece of code and nothing else")
    return found[1]


def sections(text):
    """The sections, each without those below it; what stands before the first one is left out."""
    headings = list(_SECTION.finditer(_FENCE.sub(lambda fence: " " * len(fence[0]), text)))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return [
        Section(heading[1], text[heading.end() : end]) for heading, end in zip(headings, ends)
    ]


def rows(text, *first_heads):
    """The lines of all tables whose first column is headed so."""
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
