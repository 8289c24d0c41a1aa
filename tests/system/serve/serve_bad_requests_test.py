#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credmint serve refuses malformed and unusual requests, keeps running, and leaks no memory."""

import concurrent.futures
import os
import random
import re
import socket
import unittest

from support import load
from support.cases import each, expand
from support.serve import Server, wait_until
from support.system_test import MintTest

TTL = b"X-aws-ec2-metadata-token-ttl-seconds: 60\r\n"
HOST = b"Host: 127.0.0.1\r\n"
PUT = b"PUT /latest/api/token HTTP/1.1\r\n" + HOST + TTL
GET = b"GET /latest/meta-data/iam/info HTTP/1.1\r\n" + HOST
SILENCE_SECONDS = 0.7
MANY = int(os.environ.get("CREDMINT_BAD_REQUESTS", "1500"))

# The start of a refusal. The connection may then be closed or stay open.
REFUSED = re.compile(rb"\AHTTP/1\.[01] (4\d\d|501|505) ")


@expand
class BadRequests(MintTest):
    def setUp(self):
        super().setUp()
        self.server = Server(
            self,
            *self.write_identity(),
            *("--port", "0", "--status-port", "0", "--token-file", "token"),
            *self.arguments()[1:],
        )
        self.token = (self.folder / "token").read_bytes()
        self.secrets.add(self.server.container().body.decode())
        self.addCleanup(self.check_it_lives)

    def check_it_lives(self):
        self.assertIsNone(self.server.process.poll())
        self.assertEqual(self.server.container().status, 200)
        self.assertEqual(len(self.server.token()), 64)

    def send(self, data, then_end=True):
        """Sends bytes; returns the response until the server closes or is silent for a moment."""
        address = (self.server.host, self.server.port)
        answer = b""
        with socket.create_connection(address, timeout=5) as client:
            try:
                client.sendall(data)
                if then_end:
                    client.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before everything was sent
            client.settimeout(SILENCE_SECONDS)
            try:
                while part := client.recv(65536):
                    answer += part
            except OSError:
                pass
        return answer

    def statuses(self, data):
        return [int(s) for s in re.findall(rb"HTTP/1\.[01] (\d{3}) ", self.send(data))]

    @each(
        garbage=b"\x00\x01\x02\xff\xfe\r\n\r\n",
        tls=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 600,
        http2=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        truncated_line=b"GET /role/de",
        truncated_fields=b"GET /role/demo HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthoriz",
        nothing=b"",
        newlines=b"\r\n" * 5000,
        http_0_9=b"GET /latest/meta-data/iam/info\r\n",
        http_9=b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
        no_host=b"PUT /latest/api/token HTTP/1.1\r\n" + TTL + b"\r\n",
        no_host_1_0=b"PUT /latest/api/token HTTP/1.0\r\n" + TTL + b"\r\n",
        two_hosts=PUT + b"Host: evil.example\r\n\r\n",
        megabyte_field=PUT + b"X: " + b"x" * (1 << 20) + b"\r\n\r\n",
        megabyte_of_fields=PUT + b"X: y\r\n" * (1 << 17) + b"\r\n",
        megabyte_path=b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        megabyte_method=b"A" * (1 << 20) + b" / HTTP/1.1\r\n" + HOST + b"\r\n",
        body=PUT + b"Content-Length: 5\r\n\r\nhello",
        huge_length=PUT + b"Content-Length: 99999999999999999999999999\r\n\r\n",
        length_of_2_63=PUT + b"Content-Length: 9223372036854775808\r\n\r\n",
        negative_length=PUT + b"Content-Length: -1\r\n\r\n",
        length_of_letters=PUT + b"Content-Length: abc\r\n\r\n",
        two_lengths=PUT + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
        chunked=PUT + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        broken_chunks=PUT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        chunked_and_length=PUT
        + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
        unknown_coding=PUT + b"Transfer-Encoding: x\r\n\r\n",
        nul_in_the_path=b"GET /role/demo\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
        nul_in_a_field=GET + b"X: a\x00b\r\n\r\n",
        nul_in_a_name=GET + b"X\x00Y: a\r\n\r\n",
        absolute_form=b"GET http://127.0.0.1/role/demo HTTP/1.1\r\n" + HOST + b"\r\n",
        absolute_form_elsewhere=b"GET http://evil.example/role/demo HTTP/1.1\r\n" + HOST + b"\r\n",
        asterisk=b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        connect=b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\n",
        trace=b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
        field_without_colon=GET + b"nonsense\r\n\r\n",
        folded_field=GET + b"X: a\r\n b\r\n\r\n",
        blank_before_colon=GET + b"X-aws-ec2-metadata-token : a\r\n\r\n",
        bad_escape=b"GET /role/%zz%%%0 HTTP/1.1\r\n" + HOST + b"\r\n",
        escaped_nul=b"GET /role/demo%00 HTTP/1.1\r\n" + HOST + b"\r\n",
        dots=b"GET /role/../role/demo HTTP/1.1\r\n" + HOST + b"\r\n",
        long_query=b"GET /role/demo?" + b"a=b&" * 3000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        expect=PUT + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    )
    def test_refuses(self, data):
        """The server sends an error, or closes the connection without a response."""
        answer = self.send(data)
        for secret in self.secrets:
            self.assertNotIn(secret.encode(), answer)
        self.assertNotIn(b" 200 ", answer)
        if answer:
            self.assertRegex(answer, REFUSED)

    def test_takes_lone_line_feeds_for_line_ends_or_refuses_them(self):
        for end in (b"\n", b"\r"):
            request = PUT.replace(b"\r\n", end) + end
            answer = self.send(request)
            self.assertTrue(not answer or answer.startswith(b"HTTP/1.1 "), answer)

    def test_pipelined_requests_are_answered_in_order(self):
        known = GET + b"X-aws-ec2-metadata-token: %s\r\n" % self.server.token().encode()
        answer = self.send((PUT + b"\r\n" + known + b"\r\n") * 50)
        bodies = re.findall(rb"\r\n\r\n([0-9a-f]{64}|\{)", answer)
        self.assertEqual([len(body) for body in bodies], [64, 1] * 50)

    def test_nothing_is_smuggled_behind_a_body(self):
        """Bytes after a refused body's headers are not read as a request."""
        inner = PUT + b"\r\n"
        length = b"Content-Length: %d\r\n\r\n" % len(inner)
        self.assertEqual(self.statuses(PUT + length + inner), [413])
        chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
        self.assertEqual(self.statuses(PUT + chunks), [413])

    def test_byte_for_byte(self):
        request = GET + b"Connection: close\r\n\r\n"
        with socket.create_connection((self.server.host, self.server.port), timeout=5) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for place in range(len(request)):
                client.sendall(request[place : place + 1])
            self.assertIn(b" 401 ", client.recv(4096))

    def mutated(self, chance):
        """A request with some bytes changed, repeated, inserted or removed."""
        token = b"Authorization: %s\r\n" % self.token
        wholes = [
            PUT + b"\r\n",
            GET + b"\r\n",
            b"GET /role/demo HTTP/1.1\r\n" + HOST + token + b"\r\n",
            PUT + b"Content-Length: 0\r\n\r\n",
            PUT + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ]
        data = bytearray(chance.choice(wholes))
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(data) or 1)
            match chance.randrange(5):
                case 0:
                    data[place : place + 1] = bytes([chance.randrange(256)])
                case 1:
                    data[place:place] = data[place : place + chance.randrange(40)]
                case 2:
                    del data[place : place + chance.randrange(20)]
                case 3:
                    data[place:place] = chance.choice([b"\r", b"\n", b"\0", b" ", b":", b"%", b"\r\n"])
                case 4:
                    data[place:place] = bytes([chance.randrange(256)]) * chance.randrange(3000)
        return bytes(data)

    def resident_after(self, requests):
        """Sends requests; returns the resident memory in KiB once their connections are closed."""
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            list(pool.map(lambda data: self.send(data, then_end=False), requests))
        wait_until(lambda: self.server.metrics().get("http_connections") == 0)
        return load.memory(self.server.process.pid)["Rss"]

    def test_thousands_of_mutated_requests_leave_nothing_behind(self):
        chance = random.Random(1)
        requests = [self.mutated(chance) for _ in range(MANY)]
        before = self.resident_after(requests[: MANY // 3])
        grown = self.resident_after(requests[MANY // 3 :]) - before
        if not load.SANITIZED:
            self.assertLess(grown, 512)
        seen = set(self.server.metrics().requests("container"))
        self.assertLessEqual(seen, {200, 400, 401, 404, 405})


if __name__ == "__main__":
    unittest.main()
