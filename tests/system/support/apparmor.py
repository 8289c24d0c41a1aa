# SPDX-License-Identifier: Apache-2.0
"""Reads an AppArmor profile as the kernel would, for tests on machines without AppArmor.

AppArmor's parser judges the syntax and resolves what is included. Only rules for files are read.
"""

import itertools
import re

from support.processes import run_tool
from support.requirements import need

PARSER = "/usr/sbin/apparmor_parser"

_VARIABLE = re.compile(r"^\s*(@\{\w+\})\s*\+?=\s*(.+?)\s*$", re.MULTILINE)
_RULE = re.compile(
    r'^\s*(?:(deny)\s+)?(?:owner\s+)?"?([/@][^"\s]*)"?\s+([rwamkixlPUCc]+),', re.MULTILINE
)
_GLOB = re.compile(r"\*\*|[*?{},]|\[[^]]*\]|[^*?{},[]+")


def parse(*arguments):
    """Runs the parser without a kernel that takes profiles; returns what it prints."""
    need(PARSER, "apparmor")
    return run_tool(PARSER, "-Q", "-K", "--skip-kernel-load", "--quiet", *arguments).decode()


class Profile:
    """The files that a profile allows. Rules of owners are taken as if the service owned all."""

    def __init__(self, path):
        self.names = parse("--names", path).split()
        text = re.sub(r"(?m)^\s*#.*$", "", parse("--preprocess", path))
        variables = {}
        for name, values in _VARIABLE.findall(text):
            variables.setdefault(name, []).extend(value.strip('"') for value in values.split())
        self._rules = [
            (_pattern(path), set(access), bool(denied))
            for denied, written, access in _RULE.findall(text)
            for path in _expand(written, variables)
        ]

    def allows(self, path, access):
        """Whether each letter of `access` (r, w, m, k, x) is allowed for the path."""
        found = [(letters, no) for rule, letters, no in self._rules if rule.fullmatch(path)]
        allowed = set().union(*(letters for letters, no in found if not no))
        denied = set().union(*(letters for letters, no in found if no))
        return set(access) <= allowed - denied


def _expand(written, variables):
    """The paths of a rule, with each value of its variables."""
    name = re.search(r"@\{\w+\}", written)
    if not name:
        return [re.sub(r"//+", "/", written)]
    if name[0] not in variables:  # such as @{profile_name}
        return []
    values = [written.replace(name[0], value, 1) for value in variables[name[0]]]
    return list(itertools.chain.from_iterable(_expand(value, variables) for value in values))


def _pattern(glob):
    """A regular expression with the meaning of a glob of AppArmor (apparmor.d(5))."""
    depth, expression = 0, ""
    for part in _GLOB.findall(glob):
        if part == "**":
            expression += "[^/].*" if expression.endswith("/") else ".*"
        elif part == "*":
            expression += "[^/]+" if expression.endswith("/") else "[^/]*"
        elif part == "?":
            expression += "[^/]"
        elif part == "{":
            depth, expression = depth + 1, expression + "(?:"
        elif part == "}":
            depth, expression = depth - 1, expression + ")"
        elif part == "," and depth:
            expression += "|"
        elif part.startswith("["):
            expression += part.replace("[^", "[^/") if part.startswith("[^") else part
        else:
            expression += re.escape(part)
    return re.compile(expression, re.DOTALL)
