#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Parsing of requests, and messages that are refused before they are judged."""

import io
import unittest

from http_wire import RequestReader, WireError
from judge_case import request_of


class WireTest(unittest.TestCase):
    """Messages that are refused before they are judged."""

    def assert_wire_error(self, raw, status):
        with self.assertRaises(WireError) as caught:
            request_of(raw)
        self.assertEqual(caught.exception.status, status, caught.exception)

    def test_nothing_is_tidied_up(self):
        request = request_of(b"POST /a%2fb?x=%41+ HTTP/1.1\r\nB:  1  2 \r\na:\r\nb: 3\r\nContent-Length: 2\r\n\r\nhi")
        self.assertEqual((request.path, request.query, request.body), (b"/a%2fb", b"x=%41+", b"hi"))
        self.assertEqual(request.headers[:3], ((b"B", b"  1  2 "), (b"a", b""), (b"b", b" 3")))

    def test_requests_follow_each_other(self):
        raw = b"POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.0\r\n\r\n"
        reader = RequestReader(io.BytesIO(raw).read1)
        self.assertEqual([reader.read().target, reader.read().target, reader.read()], [b"/1", b"/2", None])

    def test_malformed(self):
        for raw in (
            b"POST  / HTTP/1.1\r\n\r\n",
            b"POST / HTTP/2\r\n\r\n",
            b"POST /%4 HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\nHost: x\n\n",
            b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: x\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: x\ny\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx",
            b"POST / HT",
        ):
            with self.subTest(raw):
                self.assert_wire_error(raw, 400)

    def test_time_runs_out(self):
        for received, expected in (([], None), ([b"POST / HT"], 408)):
            with self.subTest(received):
                reader = RequestReader(receive_then_time_out(received))
                if expected is None:
                    self.assertIsNone(reader.read())
                    continue
                with self.assertRaises(WireError) as caught:
                    reader.read()
                self.assertEqual(caught.exception.status, expected)

    def test_limits(self):
        self.assert_wire_error(b"POST / HTTP/1.1\r\n\r\n", 411)
        self.assert_wire_error(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501)
        self.assert_wire_error(b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413)
        self.assert_wire_error(b"GET / HTTP/1.1\r\nA: " + b"x" * 65536 + b"\r\n\r\n", 431)


def receive_then_time_out(pieces):
    remaining = iter(pieces)

    def receive(limit):
        for piece in remaining:
            return piece
        raise TimeoutError

    return receive


if __name__ == "__main__":
    unittest.main()
