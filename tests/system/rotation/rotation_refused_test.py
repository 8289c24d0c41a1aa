#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""serve and update find a renewed certificate or key that is unusable, for now or for good."""

import datetime
import threading
import unittest

from support import pki, program
from support.cases import each, expand
from support.renewal import MISMATCH, FilesTest, stays


@expand
class Half(FilesTest):
    def write_half(self, name, contents):
        """Writes half of a file in place, like a program that has not finished."""
        self.write(name, contents[: len(contents) // 2])

    @each(pem=pki.pem, der=pki.der)
    def test_a_certificate_in(self, encode):
        old = self.start_with()
        key, certificate = self.pair("new")
        self.write_half("web.pem", encode(certificate))
        self.assert_uses(old)
        self.write("web.key", pki.pkcs8_pem(key))
        self.write("web.pem", encode(certificate))
        self.assert_uses(certificate)
        reason = {
            pki.pem: "its block CERTIFICATE at line 1 is cut off: its END line is missing",
            pki.der: "it is not a certificate that can be read",
        }[encode]
        self.end(stays("old", f"opening certificate web.pem: {reason}"))

    @each(pem=pki.pkcs8_pem, der=pki.pkcs8_der)
    def test_a_key_in(self, encode):
        old = self.start_with()
        key, certificate = self.pair("new")
        self.write_half("web.key", encode(key))
        self.assert_uses(old)
        self.write("web.pem", pki.pem(certificate))
        self.write("web.key", encode(key))
        self.assert_uses(certificate)
        reason = {
            pki.pkcs8_pem: "it is PEM that is cut off: an END line is missing",
            pki.pkcs8_der: "it is not a private key that can be read",
        }[encode]
        self.end(stays("old", f"opening key web.key: {reason}"))

    @each(certificate="web.pem", key="web.key")
    def test_nothing_yet_of_the(self, name):
        old = self.start_with()
        whole = (self.folder / name).read_bytes()
        self.write(name, "")
        self.assert_uses(old)
        self.write(name, whole)
        self.assert_uses(old)
        self.end(stays("old", f"opening [a-z]+ {name}: "))

    @each(certificate="web.pem", key="web.key")
    def test_deleted_for_a_moment(self, name):
        old = self.start_with()
        (self.folder / name).rename(self.folder / "away")
        self.assert_uses(old)
        (self.folder / "away").rename(self.folder / name)
        self.assert_uses(old)
        self.end(stays("old", f"opening [a-z]+ {name}: .*No such file or directory"))


@expand
class NotUsable(FilesTest):
    @each(
        expired=({"not_before": -2 * pki.DAY, "not_after": -pki.DAY}, "it expired on "),
        of_the_future=({"not_before": pki.DAY}, "it is not valid before "),
    )
    def test_a_certificate_that_is(self, case):
        changes, reason = case
        old = self.start_with()
        self.put_pair(*self.pair("new", **changes))
        self.assert_uses(old)
        key, certificate = self.pair("newer")
        self.put_pair(key, certificate)
        self.assert_uses(certificate)
        self.end(stays("old", f"certificate CN=new: {reason}"))

    def test_another_reason_is_said_too(self):
        old = self.start_with()
        _, certificate = self.pair("new")
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(old)
        self.put("web.pem", "no certificate")
        self.assert_uses(old)
        self.end(stays("old", MISMATCH), stays("old", "opening certificate web.pem: "))

    def test_after_the_earlier_one_has_expired(self):
        """The error names both problems. A later pair is used."""
        self.start_with(not_after=datetime.timedelta(seconds=3))
        self.put("web.pem", "no certificate")
        lines = []
        started = self.running["update"]
        watchdog = threading.Timer(program.TIME_LIMIT_SECONDS, started.process.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        while not lines or "the earlier one is unusable, too" not in lines[-1]:
            lines.append(started.process.stderr.readline().decode())
            self.assertTrue(lines[-1], lines)
        self.assertRegex(
            lines[-1],
            "^credmint: opening certificate web.pem: .*; the earlier one is unusable, too: "
            "certificate CN=old: it expired on ",
        )
        key, certificate = self.pair("new")
        self.put_pair(key, certificate)
        self.assert_uses(certificate)
        self.assert_answers()


if __name__ == "__main__":
    unittest.main()
