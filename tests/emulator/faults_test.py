#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every scripted fault, as a client sees it and as the ledger records it."""

import datetime
import email.utils
import http.client
import json
import socket
import time
import unittest

import faults
from mini_client import Draft, default_members
from service_case import ServiceCase


class FaultTest(ServiceCase):
    """Each test ends with a granted request, which shows that the fault is used up."""

    def ask_under(self, *scripts, draft=None):
        emulator = self.start(*scripts)
        answer = self.ask(emulator, draft)
        self.record = emulator.ledger.records()[-1]
        self.assertEqual(self.record["fault"], scripts[0])
        self.assertEqual(self.ask(emulator)[0], 201)
        return answer

    def test_status_alone(self):
        status, headers, body = self.ask_under("503")
        self.assertEqual((status, headers["X-Amzn-ErrorType"], body), (503, None, b""))
        self.assertEqual(self.record["status"], 503)
        self.assertEqual(self.record["reason"], "scripted fault 503; the request itself: accepted")
        self.assertIsNone(self.record["access_key_id"])

    def test_status_with_code(self):
        status, headers, body = self.ask_under("429:ThrottlingException")
        self.assertEqual((status, headers["X-Amzn-ErrorType"]), (429, "ThrottlingException"))
        self.assertEqual(json.loads(body), {"message": "Scripted fault."})
        self.assertEqual((self.record["status"], self.record["code"]), (429, "ThrottlingException"))

    def test_status_with_message(self):
        status, _, body = self.ask_under("403:AccessDeniedException:Unable: no")
        self.assertEqual((status, json.loads(body)), (403, {"message": "Unable: no"}))

    def test_what_the_fault_hides_is_recorded(self):
        draft = Draft(self.leaf, members=default_members(durationSeconds=1))
        self.ask_under("503", draft=draft)
        self.assertRegex(self.record["reason"], "^scripted fault 503; the request itself: 1 validation error detected")

    def test_repetition_and_order(self):
        emulator = self.start("503x3", "429:ThrottlingExceptionx2", "empty")
        statuses = [self.ask(emulator)[0] for _ in range(7)]
        self.assertEqual(statuses, [503, 503, 503, 429, 429, 201, 201])
        self.assertEqual([record["attempt"] for record in emulator.ledger.records()], list(range(1, 8)))

    def test_other_routes_consume_nothing(self):
        emulator = self.start("503")
        connection = self.connect(emulator)
        connection.request("GET", "/")
        self.assertEqual(connection.getresponse().status, 404)
        self.assertEqual(self.ask(emulator)[0], 503)

    def test_throttle(self):
        status, headers, _ = self.ask_under("throttle:7")
        self.assertEqual((status, headers["X-Amzn-ErrorType"]), (429, "ThrottlingException"))
        self.assertEqual(headers["Retry-After"], "7")

    def test_other_faults_from_here_on(self):
        emulator = self.start("503x3")
        self.assertEqual(self.ask(emulator)[0], 503)
        emulator.set_faults(faults.parse_faults("500"))
        self.assertEqual([self.ask(emulator)[0] for _ in range(2)], [500, 201])

    def test_stall(self):
        emulator = self.start("stall:0.3")
        begin = time.monotonic()
        with self.assertRaises(http.client.RemoteDisconnected):
            self.ask(emulator)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)
        self.assertIsNone(emulator.ledger.records()[0]["status"])

    def test_stopping_does_not_wait_for_a_stall(self):
        emulator = self.start("stall:60")
        with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as sock:
            sock.sendall(Draft(self.leaf).sign().wire())
            while not emulator.ledger.records():
                time.sleep(0.01)
            emulator.stop()
            self.assertEqual(sock.recv(1), b"")

    def test_slow(self):
        begin = time.monotonic()
        self.assertEqual(self.ask_under("slow:0.3")[0], 201)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_reset(self):
        emulator = self.start("reset")
        with self.assertRaises(ConnectionResetError) as caught:
            self.ask(emulator)
        self.assertNotIsInstance(caught.exception, http.client.RemoteDisconnected)
        self.assertEqual(self.ask(emulator)[0], 201)

    def test_answers_that_are_no_session(self):
        for script, status, content_type, expected in (
            ("garbage", 200, "text/html", rb"<html>"),
            ("html502", 502, "text/html", rb"502 Bad Gateway"),
            ("empty", 201, "application/json", rb'"credentialSet": \[\]'),
            ("nullcreds", 201, "application/json", rb'"credentials": null'),
            ("nojson", 201, "application/json", rb'^{"credentialSet": \[$'),
        ):
            with self.subTest(script):
                answer = self.ask_under(script)
                self.assertEqual((answer[0], answer[1]["Content-Type"]), (status, content_type))
                self.assertRegex(answer[2], expected)
                self.assertIsNone(self.record["access_key_id"])

    def test_big(self):
        status, _, body = self.ask_under("big")
        self.assertEqual(status, 201)
        self.assertGreater(len(body), 5 * 1024 * 1024)
        credentials = json.loads(body)["credentialSet"][0]["credentials"]
        self.assertEqual(credentials["accessKeyId"], self.record["access_key_id"])

    def test_redirect(self):
        status, headers, _ = self.ask_under("redirect")
        self.assertEqual((status, headers["Location"]), (302, "https://elsewhere.invalid/sessions"))

    def test_fraction(self):
        _, _, body = self.ask_under("fraction")
        expiration = json.loads(body)["credentialSet"][0]["credentials"]["expiration"]
        self.assertRegex(expiration, r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.250Z\Z")

    def test_expires(self):
        _, _, body = self.ask_under("expires:7200000")
        expiration = json.loads(body)["credentialSet"][0]["credentials"]["expiration"]
        expiration = datetime.datetime.strptime(expiration, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
        left = (expiration - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        self.assertLess(abs(left - 7200000), 30)

    def test_skew(self):
        for seconds, text in ((1200, "Signature expired: "), (-1200, "Signature not yet current: ")):
            with self.subTest(seconds):
                status, headers, body = self.ask_under(f"skew:{seconds}")
                self.assertEqual((status, headers["X-Amzn-ErrorType"]), (403, "AccessDeniedException"))
                self.assertEqual(json.loads(body)["message"][: len(text)], text)
                clock = email.utils.parsedate_to_datetime(headers["Date"])
                skew = (clock - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
                self.assertLess(abs(skew - seconds), 30)

    def test_skew_that_the_client_follows(self):
        emulator = self.start("skew:1200x2")
        _, headers, _ = self.ask(emulator)
        clock = email.utils.parsedate_to_datetime(headers["Date"])
        self.assertEqual(self.ask(emulator, Draft(self.leaf, now=clock))[0], 201)

    def test_faults_that_keep_a_refusal(self):
        for script in ("slow:0", "big", "fraction", "expires:9"):
            with self.subTest(script):
                draft = Draft(self.leaf, members=default_members(durationSeconds=1))
                self.assertEqual(self.ask_under(script, draft=draft)[0], 400)
                self.assertRegex(self.record["reason"], "^1 validation error detected")

    def test_scripts_that_do_not_exist(self):
        for script in (
            "", "x3", "200", "503x0", "stall", "stall:x", "slow:-1", "throttle:-1", "skew:900", "503:", "nothing"
        ):
            with self.subTest(script), self.assertRaises(ValueError):
                faults.parse_faults(script)


if __name__ == "__main__":
    unittest.main()
