#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random AWS config files: credmint reads the same from a profile as botocore."""

import json
import os
import random
import subprocess
import unittest

from support.processes import die_with_parent
from support.requirements import need
from support.system_test import make_folder

CASES = 3000
SETTINGS = (
    *("ca_bundle", "use_fips_endpoint", "use_dualstack_endpoint", "endpoint_url", "services"),
    "ignore_configured_endpoint_urls",
)
PROFILES = {"default": "default", "web": "profile web", "a b": 'profile "a b"', "café": "profile 'café'"}


class Reader:
    """Runs credmint's parser; see tests/support/read_aws_config.cc."""

    def __init__(self, test):
        self._process = subprocess.Popen(
            [os.environ["CREDMINT_READ_AWS_CONFIG"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        test.addCleanup(self._close)

    def _close(self):
        self._process.communicate(timeout=10)

    def read(self, text, profile):
        parts = (text, profile.encode())
        self._process.stdin.write("".join(f"{len(part)}\n" for part in parts).encode() + b"".join(parts))
        self._process.stdin.flush()
        return json.loads(self._process.stdout.read(int(self._process.stdout.readline())))


class Generated:
    def __init__(self, seed):
        self._random = random.Random(seed)
        self._end = self._choose("\n", "\n", "\r\n")
        self.profile = self._choose(*PROFILES)
        sections = [*PROFILES.values(), "services s1", "services s2", 'services "s 3"', "sso-session s1"]
        lines = []
        for section in self._random.sample(sections, self._random.randrange(len(sections) + 1)):
            self._section(lines, section)
        if self._maybe(0.1):
            self._section(lines, "DEFAULT")
        self.text = (self._end.join(lines) + self._choose("", self._end)).encode()

    def _choose(self, *values):
        return self._random.choice(values)

    def _maybe(self, chance):
        return self._random.random() < chance

    def _section(self, lines, name):
        indent = self._choose("", "", "", "  ")
        lines.append(f"[{name}]")
        names = ("rolesanywhere", "s3") if name.startswith("services") else (*SETTINGS, "region", "s3")
        for key in self._random.sample(names, self._random.randrange(len(names) + 1)):
            self._noise(lines)
            if self._maybe(0.8 if name.startswith("services") else 0.1):
                lines.append(f"{indent}{key} ={self._choose('', ' ')}")
                self._nested(lines, indent)
            else:
                lines.append(indent + self._choose(key, key, key.upper()) + self._assigned(key))
        self._noise(lines)

    def _nested(self, lines, indent):
        for key in self._random.sample(("endpoint_url", "x", "ENDPOINT_URL"), self._random.randrange(4)):
            self._noise(lines)
            lines.append(indent + self._choose("  ", "\t", "    ") + key + self._assigned(key, "="))

    def _assigned(self, key, separator=None):
        value = self._choose("true", "TRUE", "false", "", "http://x:1/a=b", "a # b", "s", "é")
        if key == "services":
            value = self._choose("s1", "s2", "s 3", "s4")
        blank = self._choose("", " ", "\t")
        return blank + (separator or self._choose("=", "=", ":")) + blank + value

    def _noise(self, lines):
        while self._maybe(0.15):
            lines.append(self._choose("", "# x", "; y", "  # endpoint_url = x"))


class RandomFiles(unittest.TestCase):
    def setUp(self):
        need("/usr/lib/python3/dist-packages/botocore", "python3-botocore")
        self.path = make_folder(self) / "config"
        self.reader = Reader(self)

    def by_botocore(self, text, profile):
        """The settings as botocore reads them, or None if it refuses the file."""
        from botocore import configloader, exceptions

        self.path.write_bytes(text)
        try:
            raw = configloader.raw_config_parse(str(self.path))
            found = configloader.load_config(str(self.path))["profiles"].get(profile)
        except exceptions.ConfigParseError:
            return None
        settings = found or {}
        read = {name: settings.get(name) for name in SETTINGS}
        read = {name: None if isinstance(value, dict) else value for name, value in read.items()}
        read["there"] = found is not None
        sections = {f"services {quote}{read['services']}{quote}" for quote in ("", '"')}
        nested = [raw[name].get("rolesanywhere") for name in sections if name in raw]
        nested = nested[0] if nested and isinstance(nested[0], dict) else {}
        read["nested"] = nested.get("endpoint_url")
        return read

    def test_is_read_as_botocore_reads_it(self):
        checked = 0
        for seed in range(CASES):
            generated = Generated(seed)
            wanted = self.by_botocore(generated.text, generated.profile)
            if wanted is None:
                continue
            checked += 1
            with self.subTest(seed=seed, profile=generated.profile, text=generated.text):
                self.assertEqual(self.reader.read(generated.text, generated.profile), wanted)
        self.assertGreater(checked, CASES * 0.7)


if __name__ == "__main__":
    unittest.main()
