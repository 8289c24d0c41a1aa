# SPDX-License-Identifier: Apache-2.0
"""docs/reference/errors.md, and what it says about a message of the program.

A message is one or more clauses that the page lists, then a listed cause, or words of the system or
of a library. The texts that the page lists as following a message may follow. `…` is any text.
"""

import dataclasses
import functools
import os
import re

from support import documents

HOLE = "…"
DEPENDS = "it depends on the cause"
_STATUS = re.compile(r"## Status (\d)")
_OTHER_STATUS = re.compile(r".*`\w+` and the status (\d)\.")

# Causes that the system and libraries word.
_FOREIGN = {
    *(os.strerror(number) for number in range(1, 134)),
    "URI encoding invalid or corrupted",  # p11-kit
    "unsupported",  # OpenSSL
    "file too short",  # the loader of libraries
    "invalid ELF header",
}

# These may be in front, too: an option, a variable, a path, a line of it, a section of a file.
_PLACES = r"--[a-z-]+|[A-Z_]+|(?:\S*/)?\S+?(?::\d+)?|\[[^]]*\]"


@dataclasses.dataclass
class Entry:
    """A listed message."""

    statuses: set  #: the second one is for what the heading's text says
    code: str
    text: str
    hints: list


@dataclasses.dataclass
class Page:
    entries: list
    before: list  #: clauses
    behind: list
    hints: list  #: of several messages

    @functools.cached_property
    def _before(self):
        clauses = "|".join(map(pattern, self.before))
        return re.compile(f"(?:(?:{_PLACES}|{clauses}): )*", re.DOTALL)

    @functools.cached_property
    def _causes(self):
        behind = f"(?:{'|'.join(map(pattern, self.behind))})*"
        return [(re.compile(pattern(one.text) + behind, re.DOTALL), one) for one in self.entries]

    def causes(self, message):
        """The entries that a message can be."""
        starts = [0, *(found.end() for found in re.finditer(": ", message))]
        return [
            entry
            for start in starts
            if self._before.fullmatch(message[:start])
            for cause, entry in self._causes
            if cause.fullmatch(message[start:])
        ]

    def has_foreign_cause(self, message):
        """Whether it ends with words that are not ours, behind a listed clause."""
        before, _, cause = message.rpartition(": ")
        return cause in _FOREIGN and bool(before)

    def has_hint(self, hint, entry):
        """Whether an entry, or the list of hints that several have, has this hint."""
        if DEPENDS in entry.hints:
            return True
        rest, _, doubt = hint.rpartition("; ")
        if rest and self.causes(doubt):  # such as what the service may not like about an issuer
            hint = rest
        parts = "|".join(pattern(one) for one in (*self.hints, *entry.hints))
        return re.fullmatch(f"(?:{parts})(?:(?:; | )(?:{parts}))*", hint, re.DOTALL) is not None


def pattern(text):
    return re.escape(text).replace(HOLE, ".*")


@functools.cache
def read():
    page = Page([], [], [], [])
    lists = {
        "Before the cause": page.before,
        "Behind the cause": page.behind,
        "Hints of several messages": page.hints,
    }
    status, others, code, listed = 0, set(), "", []
    for line in documents.read("reference/errors.md").splitlines():
        if found := _STATUS.match(line):
            status = int(found[1])
        elif line.startswith("## "):
            listed = lists[line[3:]]
        elif line.startswith("### "):
            code, listed, others = line[4:].strip("`"), page.entries, set()
        elif found := _OTHER_STATUS.match(line):
            others = {int(found[1])}
        elif line.startswith("* ") and listed is page.entries:
            page.entries.append(Entry({status} | others, code, text_of(line[2:]), []))
        elif line.startswith("* "):
            listed.append(text_of(line[2:]))
        elif line.startswith("  * hint: "):
            page.entries[-1].hints.append(text_of(line[10:]))
    return page


def text_of(shown):
    """The text of a code span. A span that begins with two marks has blanks inside."""
    if shown.startswith("``"):
        return shown[3:-3]
    return shown[1:-1] if shown.startswith("`") else shown


def why_unlisted(status, message, hint):
    """A text if the page lacks the message, its status or its hint; otherwise an empty one."""
    page = read()
    if page.has_foreign_cause(message):
        return ""
    causes = page.causes(message)
    if not causes:
        return f"docs/reference/errors.md does not list: {message}"
    causes = [one for one in causes if status in one.statuses]
    if not causes:
        return f"docs/reference/errors.md has another status than {status} for: {message}"
    if hint and not any(page.has_hint(hint, one) for one in causes):
        return f"docs/reference/errors.md does not list this hint of {causes[0].text!r}: {hint}"
    return ""
