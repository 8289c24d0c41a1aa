#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random TOML, for which credmint's parser and Python's tomllib must agree."""

import datetime
import json
import math
import os
import random
import subprocess
import unittest

from support.processes import die_with_parent
from support.requirements import miss

try:
    import tomllib
except ImportError:
    tomllib = None

CASES = 30000
NAMES = ("a", "b", "c", "a.b", "b . a", '"a"', "'b'", '"a.b"', "c.a.b", "1", "-", '""', "é", "a..b", "a b", '"\\u00e9"')
SCALARS = (
    *('"x"', "'x'", '""', '"é\\n\\t\\\\"', '"\\u00e9\\U0001F600"', "'c:\\x'", '"a\\\\"', '"\\q"', '"\\ud800"', '"\\u12"'),
    *('"""x"""', '"""\nx\n\ny"""', '"""x\\\n   y"""', '"""x""""', '"""x"""""', '"""a""b"""', "'''x\n'y''z'''", '"""x', "'''"),
    *("'''x''''", '"""\\', '"x', "x", 'x"', "'x\ny'", '"x" "y"', '"""x\\  \n\n y"""', '"""x\\  y"""'),
    *("0", "-0", "+1", "01", "1_000", "1__0", "_1", "1_", "0x1F", "0xdead_beef", "0o17", "0o8", "0b101", "0X1", "+0x1", "0x"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "+-1", "--1", "0x-1", "1e400", "0x_1", "0b_1"),
    *("1.5", "1.", ".5", "1e5", "1E-5", "-1.5e+3", "01.5", "1_0.2_5", "1._5", "1_.5", "1e0_5", "inf", "-inf", "nan", "+nan", "Inf"),
    *("true", "false", "True", "truex", "tru", "2026-01-31", "2026-01-31T07:32:00Z", "2026-01-31 07:32:00", "07:32:00.5"),
)
BETWEEN = ("", "", "", " ", "\t", " # x", "\n", "\r\n", "# x\n")


class Reader:
    """Runs credmint's parser; see tests/support/read_toml.cc."""

    def __init__(self, test):
        self._process = subprocess.Popen(
            [os.environ["CREDMINT_READ_TOML"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        test.addCleanup(self._close)

    def _close(self):
        self._process.communicate(timeout=10)

    def read(self, text):
        """Returns (contents, None), or (None, reason) if the parser refuses the text."""
        self._process.stdin.write(f"{len(text)}\n".encode() + text)
        self._process.stdin.flush()
        word, size = self._process.stdout.readline().split()
        answer = self._process.stdout.read(int(size)).decode()
        return (json.loads(answer), None) if word == b"ok" else (None, answer)


class Generated:
    def __init__(self, seed):
        self._random = random.Random(seed)
        self._chance = self._random.choice((0, 0, 0, 0.02, 0.1))
        self.text = "".join(self._line() for _ in range(self._random.randrange(1, 7))).encode()
        if self._maybe(self._chance):
            self._spoil()

    def _choose(self, *values):
        return self._random.choice(values)

    def _maybe(self, chance):
        return self._random.random() < chance

    def _spoil(self):
        """Removes, adds or changes a byte."""
        place = self._random.randrange(len(self.text))
        byte = self._choose(b"", b"[", b"]", b'"', b"'", b"=", b",", b"{", b"}", b".", b"\\", b"\n", b"\xff", b"\x01", b"\xc3")
        self.text = self.text[:place] + byte + self.text[place + self._random.randrange(2) :]

    def _name(self):
        return self._random.choice(NAMES if self._maybe(0.3) else NAMES[:9])

    def _blank(self):
        return self._choose("", "", " ", "\t")

    def _line(self):
        end = self._blank() + self._choose("", "", "", "# é") + self._choose("\n", "\n", "\n", "\r\n")
        if self._maybe(self._chance):
            end = ""
        kind = self._random.random()
        if kind < 0.1:
            return end
        if kind < 0.4:
            return self._blank() + self._choose("[{}]", "[{}]", "[[{}]]").format(self._blank() + self._name() + self._blank()) + end
        return self._assignment(0) + end

    def _assignment(self, depth):
        return self._blank() + self._name() + self._blank() + "=" + self._blank() + self._value(depth)

    def _value(self, depth):
        kind = self._random.random()
        if kind < 0.75 or depth == 3:
            return self._choose(*SCALARS)
        count = self._random.randrange(3)
        if kind < 0.9:
            values = [self._gap() + self._value(depth + 1) + self._gap() for _ in range(count)]
            return "[" + ",".join(values) + self._choose("", "," if values else "") + self._gap() + "]"
        return "{" + ",".join(self._assignment(depth + 1) for _ in range(count)) + self._blank() + "}"

    def _gap(self):
        gap = self._choose(*BETWEEN)
        return gap + "\n" if gap == " # x" else gap


def is_time(value):
    return isinstance(value, (datetime.date, datetime.time))


def has_large_numbers(value):
    if isinstance(value, (dict, list)):
        return any(map(has_large_numbers, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


class RandomToml(unittest.TestCase):
    def setUp(self):
        if tomllib is None:
            miss("this Python has no tomllib")
        self.reader = Reader(self)

    def by_tomllib(self, text):
        """The contents, or None if tomllib refuses them or a number does not fit into 64 bits."""
        try:
            read = tomllib.loads(text.decode())
        except ValueError:
            return None
        return None if has_large_numbers(read) else read

    def compare(self, ours, theirs):
        if isinstance(theirs, dict):
            self.assertEqual(set(ours), set(theirs))
            for name, value in theirs.items():
                self.compare(ours[name], value)
        elif isinstance(theirs, list):
            self.assertEqual(len(ours), len(theirs))
            for our, their in zip(ours, theirs):
                self.compare(our, their)
        elif isinstance(theirs, bool):
            self.assertEqual(ours, {"flag": "true" if theirs else "false"})
        elif isinstance(theirs, int):
            self.assertEqual(ours, {"number": str(theirs)})
        elif isinstance(theirs, float) and not math.isnan(theirs):
            self.assertEqual(float(ours["number"]), theirs)
        elif isinstance(theirs, float):
            self.assertTrue(math.isnan(float(ours["number"])))
        elif is_time(theirs):
            self.assertEqual(list(ours), ["time"])
        else:
            self.assertEqual(ours, theirs)

    def test_is_read_as_tomllib_reads_it(self):
        read = 0
        for seed in range(CASES):
            text = Generated(seed).text
            with self.subTest(seed=seed, text=text):
                ours, reason = self.reader.read(text)
                theirs = self.by_tomllib(text)
                read += theirs is not None
                if ours is None or theirs is None:
                    self.assertEqual((ours, theirs), (None, None), reason)
                else:
                    self.compare(ours, theirs)
        self.assertGreater(read, CASES * 0.2)

    def test_bytes_of_all_kinds_end_in_an_answer(self):
        for seed in range(20000):
            chance = random.Random(seed)
            text = bytes(chance.choice(b"ab01.=[]{}\"'\\#\n\r\t ,_-+eux:T\xc3\xa9\xff\x00\x7f") for _ in range(chance.randrange(40)))
            with self.subTest(text=text):
                ours, _ = self.reader.read(text)
                self.assertEqual(ours is None, self.by_tomllib(text) is None)


if __name__ == "__main__":
    unittest.main()
