#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Edits random credentials files, and compares them by botocore before and after."""

import os
import random
import subprocess
import unittest

from support.processes import die_with_parent
from support.requirements import need
from support.system_test import make_folder

CASES = 3000
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
OLD = "aws_security_token"
VALUES = ("KEY", "SECRET", "TOKEN")
NAMES = ("default", "web", "a b", " web ", "web2", "café", "WEB", "x=y", "aws_access_key_id")
VALUES_OF_OTHERS = ("x", "", "a = b", "[web]", "x # y", "é\u00a0", "%(a)s", "; y", "a:b", "\u2003")
# Odd lines that a person in a hurry might write. The profile is [web].
LINES_OF_ALL_KINDS = (
    *("[web]", "[other]", "[web] # x", "[web]]", "[[web]]", "[default]", "[DEFAULT]", "[web] x]"),
    *("aws_access_key_id = x", "aws_secret_access_key=y", "aws_session_token: z", "region = eu"),
    *("aws_security_token = q", "s3 =", "x = y", "junk", "= x", "# c", "; c", "", " "),
)
INDENTS = ("", "", "", " ", "  ", "    ", "\t", "\u00a0", "\u2003", "\x0b")
SPACES = ("", "", "", " ", "\t", "  ", "\u00a0")


class Editor:
    """Runs credmint's editor; see tests/support/edit_credentials_file.cc."""

    def __init__(self, test):
        self._process = subprocess.Popen(
            [os.environ["CREDMINT_EDIT_CREDENTIALS_FILE"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        test.addCleanup(self._close)

    def _close(self):
        self._process.communicate(timeout=10)

    def edit(self, text, profile, number):
        """Returns (whether the text was edited, the new text or the reason)."""
        parts = (text, profile.encode(), str(number).encode())
        lengths = "".join(f"{len(part)}\n" for part in parts)
        self._process.stdin.write(lengths.encode() + b"".join(parts))
        self._process.stdin.flush()
        word, size = self._process.stdout.readline().split()
        return word == b"ok", self._process.stdout.read(int(size))


class Generated:
    """A file in bytes, as a list of (line, whether it belongs to a key of the profile `target`)."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self.target = self._choose("default", "web", "café", "a b")
        self._end = self._choose("\n", "\n", "\r\n")
        self.lines = []
        names = self._random.sample(NAMES, self._random.randrange(len(NAMES)))
        self._noise(0)
        if self._maybe(0.1):
            self._section("DEFAULT", False)
        for name in names:
            self._section(name, name == self.target)
        if self.lines and self._maybe(0.3):
            self._cut_last_end()

    def text(self):
        return b"".join(line for line, _ in self.lines)

    def others(self):
        return b"".join(line for line, ours in self.lines if not ours)

    def _choose(self, *values):
        return self._random.choice(values)

    def _maybe(self, chance):
        return self._random.random() < chance

    def _add(self, text, ours=False):
        self.lines.append(((text + self._end).encode(), ours))

    def _cut_last_end(self):
        line, ours = self.lines[-1]
        self.lines[-1] = (line[: -len(self._end)], ours)

    def _noise(self, level):
        while self._maybe(0.2):
            indent = " " * self._random.randrange(level + 2)
            comment = self._choose("# x", "; [web]", "#aws_access_key_id = x", "# [é]")
            self._add(self._choose("", indent, indent + comment))

    def _section(self, name, target):
        behind = self._choose("", "", "", " ", " # x", " x")
        self._add(f"{self._header_indent()}[{name}]{behind}")
        self._noise(2)
        level = self._choose(0, 0, 0, 0, 1, 2)
        keys = ["region", "output", "s3", "aws_account_id", "aws_access_key_id_2", "Fancy Key"]
        keys += KEYS if name == "DEFAULT" else (*KEYS, OLD)
        for key in self._random.sample(keys, self._random.randrange(len(keys))):
            self._option(key, level, target and key in (*KEYS, OLD))
            self._noise(level)

    def _header_indent(self):
        """An indented header would continue the option above, if there is one."""
        headers = [line.lstrip()[:1] == b"[" for line, _ in self.lines if line.strip()]
        return self._choose("", "", "  ") if not headers or headers[-1] else ""

    def _option(self, key, level, ours):
        key = self._choose(key, key, key.upper(), key.title())
        separator = self._choose(*SPACES) + self._choose("=", "=", ":") + self._choose(*SPACES)
        value = self._choose(*VALUES_OF_OTHERS)
        self._add(" " * level + key + separator + value, ours)
        while self._maybe(0.15):
            deeper = " " * (level + self._random.randrange(1, 3))
            inner = self._choose("x = y", "aws_access_key_id = nested", "x", "aws_security_token=n")
            self._add(deeper + inner, ours)


class RandomFiles(unittest.TestCase):
    def setUp(self):
        need("/usr/lib/python3/dist-packages/botocore", "python3-botocore")
        self.folder = make_folder(self)
        self.editor = Editor(self)

    def read(self, text):
        """The contents as botocore reads them, without nested blocks; None if it refuses them."""
        from botocore import configloader, exceptions

        path = self.folder / "credentials"
        path.write_bytes(text)
        try:
            return configloader.raw_config_parse(str(path), parse_subsections=False)
        except exceptions.ConfigParseError:
            return None

    def check(self, seed):
        """Checks one file; returns False if botocore refuses it, so that there is no comparison."""
        generated = Generated(seed)
        before = generated.text()
        profiles = self.read(before)
        if profiles is None:
            return False
        edited, after = self.editor.edit(before, generated.target, seed)
        self.assertTrue(edited, after)
        of_all = self.read(before + b"\n[one more]\n")["one more"]
        wanted = profiles.setdefault(generated.target, of_all)
        wanted.pop(OLD, None)
        wanted.update(zip(KEYS, (f"{value}{seed}" for value in VALUES)))
        self.assertEqual(self.read(after), profiles)
        self.check_bytes(generated, before, after, seed)
        return True

    def check_bytes(self, generated, before, after, seed):
        """Checks that other lines are unchanged, except that the last one may get a line end."""
        new = [f"{value}{seed}".encode() for value in VALUES]
        kept = [
            line
            for line in after.splitlines(keepends=True)
            if not line.rstrip(b"\r\n").endswith(tuple(new))
        ]
        header = f"[{generated.target}]".encode()
        if not any(line.strip().startswith(header) for line, _ in generated.lines):
            self.assertEqual(kept.pop().rstrip(b"\r\n"), header)
        kept, others = b"".join(kept), generated.others()
        if not before.endswith(b"\n"):
            kept, others = kept.rstrip(b"\r\n"), others.rstrip(b"\r\n")
        self.assertEqual(kept, others)

    def test_botocore_reads_the_new_keys_and_everything_else_as_before(self):
        checked = 0
        for seed in range(CASES):
            with self.subTest(seed=seed, target=Generated(seed).target):
                checked += self.check(seed)
        self.assertGreater(checked, CASES * 0.8)

    def test_what_an_edit_accepts_the_next_accepts_and_leaves_alike(self):
        accepted = 0
        for seed in range(20000):
            chance = random.Random(seed)
            end = chance.choice(("\n", "\r\n"))
            lines = range(chance.randrange(1, 9))
            text = end.join(chance.choice(INDENTS) + chance.choice(LINES_OF_ALL_KINDS) for _ in lines)
            text = (chance.choice(("", "", "", "\ufeff")) + text + chance.choice((end, ""))).encode()
            edited, once = self.editor.edit(text, "web", 1)
            if not edited:
                continue
            accepted += 1
            with self.subTest(text=text):
                self.assertEqual(self.editor.edit(once, "web", 1), (True, once))
                other, twice = self.editor.edit(once, "web", 22)
                self.assertTrue(other, twice)
                self.assertEqual(self.editor.edit(twice, "web", 1), (True, once))
        self.assertGreater(accepted, 5000)

    def test_an_edited_file_can_be_edited_again(self):
        for seed in range(200):
            generated = Generated(seed)
            edited, once = self.editor.edit(generated.text(), generated.target, 1)
            if not edited:
                continue
            with self.subTest(seed=seed):
                self.assertEqual(self.editor.edit(once, generated.target, 1), (True, once))
                _, other = self.editor.edit(once, generated.target, 2)
                self.assertEqual(self.editor.edit(other, generated.target, 1), (True, once))


if __name__ == "__main__":
    unittest.main()
