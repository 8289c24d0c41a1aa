# SPDX-License-Identifier: Apache-2.0
"""The parts of the man pages in docs/man that tests run or compare with the program."""

import re

from support.documents import SOURCE

FOLDER = SOURCE / "docs" / "man"

_PART = r"(?ms)^\.{macro} (?P<name>.+?)\n(?P<text>.*?)(?=^\.(?:{ends})|\Z)"
_EXAMPLE = re.compile(r"^\.Bd -literal -offset indent\n(.*?)^\.Ed$", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^\.It Fl (.*)$", re.MULTILINE)


def _parts(macro, text, ends):
    found = re.finditer(_PART.format(macro=macro, ends=ends), text)
    return {part["name"].strip('"'): part["text"] for part in found}


class Page:
    def __init__(self, name):
        self.path = FOLDER / name
        self.text = self.path.read_text()
        self.sections = _parts("Sh", self.text, "Sh ")

    def subsections(self):
        return _parts("Ss", self.text, "S[hs] ")

    def own_options(self):
        """Its options without the shared ones, in the form of options()."""
        return options(self.sections["OPTIONS"].partition("\n.Ss ")[0])

    def shared(self):
        """The sections of credmint-options(7) that it takes, each with the names of its options."""
        items = self.subsections().get("Shared options", "").split(".It ")[1:]
        named = (item.partition("\n") for item in items)
        return {name: re.findall(r"(?<= )-[\w-]+", text) for name, _, text in named}

    def examples(self):
        """The code blocks of its examples, as typed in a shell."""
        blocks = _EXAMPLE.findall(self.sections.get("EXAMPLES", ""))
        return [block.replace("\\e\n", "\\\n") for block in blocks]


def options(text):
    """{name: description} of the long options that a text describes."""
    described = {}
    items = list(_ITEM.finditer(text))
    ends = [item.start() for item in items[1:]] + [len(text)]
    for item, end in zip(items, ends):
        name = re.search(r"-([\w-]{2,})", item[1])[1]
        described[f"--{name}"] = text[item.start() : end]
    return described
