#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The running service over real sockets: routes, the ledger, connections, TLS.

Run as a program, this file runs all tests of its folder and accepts options of `unittest discover`.
"""

import datetime
import email.utils
import json
import os
import pathlib
import socket
import ssl
import sys
import tempfile
import unittest
import warnings

import tls_material
from mini_client import Draft
from service_case import ServiceCase, send

HERE = pathlib.Path(__file__).resolve().parent


class ServiceTest(ServiceCase):
    def test_session_is_granted_and_recorded(self):
        emulator = self.start()
        draft = Draft(self.leaf)
        status, headers, body = self.ask(emulator, draft)
        self.assertEqual((status, headers["Content-Type"]), (201, "application/json"))
        (record,) = emulator.ledger.records()
        credentials = json.loads(body)["credentialSet"][0]["credentials"]
        self.assertEqual(record["access_key_id"], credentials["accessKeyId"])
        self.assertNotIn(credentials["secretAccessKey"], json.dumps(record))
        expected = {
            "method": "POST",
            "target": "/sessions",
            "status": 201,
            "code": None,
            "reason": "accepted",
            "attempt": 1,
            "fault": None,
            "signed_headers": ["content-type", "host", "x-amz-date", "x-amz-x509"],
            "chain_length": 0,
            "chain_notes": [],
            "serial": draft.serial,
            "region": "us-east-1",
            "body": draft.body,
        }
        self.assertEqual({name: record[name] for name in expected}, expected)
        self.assertEqual(record["headers"]["x-amz-date"], draft.headers["X-Amz-Date"])

    def test_refusal_has_the_services_shape(self):
        emulator = self.start()
        draft = Draft(self.leaf).sign()
        draft.body = draft.body.replace("3600", "3601")
        status, headers, body = self.ask(emulator, draft)
        self.assertEqual((status, headers["X-Amzn-ErrorType"]), (403, "AccessDeniedException"))
        self.assertEqual(json.loads(body), {"message": "Invalid signature"})
        (record,) = emulator.ledger.records()
        self.assertEqual((record["status"], record["code"]), (403, "AccessDeniedException"))
        self.assertEqual(record["reason"], "the signature does not verify over the string to sign")
        self.assertIsNone(record["access_key_id"])

    def test_other_routes_are_not_found(self):
        emulator = self.start()
        for method, path in (("GET", "/"), ("GET", "/sessions"), ("HEAD", "/"), ("POST", "/sessions/"), ("POST", "/")):
            with self.subTest(method=method, path=path):
                connection = self.connect(emulator)
                connection.request(method, path)
                response = connection.getresponse()
                self.assertEqual((response.status, bool(response.read())), (404, method != "HEAD"))
        self.assertEqual([record["attempt"] for record in emulator.ledger.records()], [None] * 5)

    def test_base_path(self):
        emulator = self.start(base_path="/x")
        draft = Draft(self.leaf)
        draft.path = "/x/sessions"
        self.assertEqual(self.ask(emulator, draft)[0], 201)
        self.assertEqual(self.ask(emulator)[0], 404)

    def test_base_path_is_encoded_twice_for_the_signature(self):
        emulator = self.start(base_path="/a%20b")
        draft = Draft(self.leaf)
        draft.path = "/a%2520b/sessions"
        draft.sign()
        draft.path = "/a%20b/sessions"
        self.assertEqual(self.ask(emulator, draft)[0], 201)

    def test_ledger_is_served(self):
        emulator = self.start()
        self.ask(emulator)
        connection = self.connect(emulator)
        for _ in range(2):
            connection.request("GET", "/_emulator/requests")
            self.assertEqual(json.loads(connection.getresponse().read()), emulator.ledger.records())
        self.assertEqual(len(emulator.ledger.records()), 1)

    def test_requests_share_a_connection(self):
        emulator = self.start()
        connection = self.connect(emulator)
        self.assertEqual([send(connection, Draft(self.leaf))[0] for _ in range(3)], [201, 201, 201])
        self.assertEqual([record["attempt"] for record in emulator.ledger.records()], [1, 2, 3])

    def test_connections_are_served_side_by_side(self):
        emulator = self.start()
        with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as idle:
            idle.sendall(b"POST /sess")
            self.assertEqual(self.ask(emulator)[0], 201)

    def test_malformed_request_is_answered_and_recorded(self):
        emulator = self.start()
        with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as sock:
            sock.sendall(b"POST /sessions HTTP/1.1\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000)
            answer = sock.makefile("rb").read()
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        (record,) = emulator.ledger.records()
        self.assertEqual((record["status"], record["method"]), (413, None))
        self.assertRegex(record["reason"], "a body of 70000 bytes")

    def test_expect_continue(self):
        emulator = self.start()
        wire = Draft(self.leaf).sign().wire()
        head, body = wire.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n").split(b"\r\n\r\n")
        with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as sock:
            sock.sendall(head + b"\r\n\r\n")
            self.assertEqual(sock.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(body)
            self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 201 Created\r\n"))

    def test_clock_offset(self):
        offset = datetime.timedelta(hours=2)
        emulator = self.start(clock_offset=offset)
        status, headers, body = self.ask(emulator)
        self.assertEqual(status, 403)
        self.assertRegex(json.loads(body)["message"], "^Signature expired: ")
        clock = email.utils.parsedate_to_datetime(headers["Date"])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(abs(clock - now - offset), datetime.timedelta(seconds=30))
        self.assertEqual(self.ask(emulator, Draft(self.leaf, now=clock))[0], 201)


class TlsTest(ServiceCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        certificate, key = tls_material.make_tls_material(directory.name)
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        self.client = ssl.create_default_context(cafile=os.path.join(directory.name, "ca.pem"))
        self.server = tls_material.server_context(certificate, key)

    def test_verified_client(self):
        emulator = self.start(tls=self.server)
        self.assertEqual(emulator.url, f"https://127.0.0.1:{emulator.port}")
        self.assertEqual(self.ask(emulator, context=self.client)[0], 201)

    def test_client_that_does_not_trust_it(self):
        emulator = self.start(tls=self.server)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(emulator, context=ssl.create_default_context())
        self.assertEqual(emulator.ledger.records(), [])

    def test_tls_one_one_is_refused(self):
        emulator = self.start(tls=self.server)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.client.minimum_version = self.client.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.ask(emulator, context=self.client)

    def test_reset(self):
        emulator = self.start("reset", tls=self.server)
        with self.assertRaises(ConnectionResetError):
            self.ask(emulator, context=self.client)
        self.assertEqual(self.ask(emulator, context=self.client)[0], 201)


if __name__ == "__main__":
    unittest.main(module=None, argv=[sys.argv[0], "discover", "-s", str(HERE), "-p", "*_test.py", *sys.argv[1:]])
