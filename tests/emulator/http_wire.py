# SPDX-License-Identifier: Apache-2.0
"""Reads HTTP/1.1 requests exactly as received, and writes responses.

Signatures cover the bytes that were sent, so nothing is normalised here. Header names keep their
case, headers their order and duplicates, and values their blanks; the target stays percent-encoded.
Malformed messages and those above the limits raise a WireError with the status of the response.
"""

import dataclasses
import email.utils
import http
import re

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024

_REQUEST_LINE = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.([01])")
_HEADER_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t -~\x80-\xff]*)")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class WireError(Exception):
    """Raised for a message that is not a request. `status` is the response's status.

    The connection cannot be used afterwards.
    """

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


@dataclasses.dataclass(frozen=True)
class Request:
    """One request. `headers` has each (name, value) as received.

    A value is all bytes between the colon and CRLF.
    """

    method: str
    target: bytes
    minor_version: int
    headers: tuple
    body: bytes = b""

    @property
    def path(self):
        return self.target.partition(b"?")[0]

    @property
    def query(self):
        return self.target.partition(b"?")[2]

    def raw_values(self, name):
        """The unmodified values of the header `name` (in lower case), in order."""
        return [value for each, value in self.headers if each.lower() == name.encode()]

    def values(self, name):
        return [value.strip(b" \t") for value in self.raw_values(name)]

    def names(self):
        """The set of header names, in lower case."""
        return {name.lower().decode() for name, _ in self.headers}

    @property
    def keeps_connection(self):
        return self.minor_version == 1 and b"close" not in b",".join(self.values("connection")).lower()


@dataclasses.dataclass(frozen=True)
class Response:
    status: int
    headers: tuple = ()
    body: bytes = b""

    def encode(self, clock, with_body=True, last=False):
        """The bytes of the response, with `clock` (an aware datetime) as its Date.

        `last` adds "Connection: close".
        """
        try:
            phrase = http.HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", f"Date: {email.utils.format_datetime(clock, usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += ["Connection: close"] if last else []
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + (self.body if with_body else b"")


def parse_head(head):
    """Parses the bytes before the blank line into a Request without a body."""
    request_line, *header_lines = head.split(b"\r\n")
    parts = _REQUEST_LINE.fullmatch(request_line)
    if not parts:
        raise WireError(400, f"malformed request line {request_line[:100]!r}")
    method, target, minor_version = parts.groups()
    if _BROKEN_ESCAPE.search(target):
        raise WireError(400, f"broken percent escape in the target {target[:100]!r}")
    headers = []
    for line in header_lines:
        parts = _HEADER_LINE.fullmatch(line)
        if not parts:
            raise WireError(400, f"malformed header line {line[:100]!r}")
        headers.append(parts.groups())
    return Request(method.decode(), target, int(minor_version), tuple(headers))


def body_length(request):
    if request.values("transfer-encoding"):
        raise WireError(501, "Transfer-Encoding is not supported; send Content-Length")
    lengths = request.values("content-length")
    if not lengths:
        if request.method == "POST":
            raise WireError(411, "POST without Content-Length")
        return 0
    if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,9}", lengths[0]):
        raise WireError(400, f"Content-Length is {lengths!r}")
    if int(lengths[0]) > MAX_BODY_BYTES:
        raise WireError(413, f"a body of {int(lengths[0])} bytes, more than {MAX_BODY_BYTES}")
    return int(lengths[0])


class RequestReader:
    """Reads the requests of one connection.

    `receive(limit)` returns up to `limit` bytes, or none at the end of the stream, or raises
    TimeoutError. `send(data)` is used only for `100 Continue`.
    """

    def __init__(self, receive, send=lambda data: None):
        self._receive = receive
        self._send = send
        self._buffer = b""

    def read(self):
        """The next Request, or None if the client has closed the connection."""
        head = self._read_head()
        if head is None:
            return None
        request = parse_head(head)
        length = body_length(request)
        if b"100-continue" in [value.lower() for value in request.values("expect")]:
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return dataclasses.replace(request, body=self._read_body(length))

    def _read_head(self):
        while b"\r\n\r\n" not in self._buffer[: MAX_HEAD_BYTES + 4]:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise WireError(431, f"a request head of more than {MAX_HEAD_BYTES} bytes")
            if not self._fill():
                if not self._buffer:
                    return None
                raise WireError(400, "the connection ended inside the request head")
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    def _read_body(self, length):
        while len(self._buffer) < length:
            if not self._fill():
                raise WireError(400, f"the body ended after {len(self._buffer)} of {length} bytes")
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _fill(self):
        try:
            data = self._receive(16 * 1024)
        except TimeoutError:
            if not self._buffer:
                return False
            raise WireError(408, "the request did not arrive in time") from None
        self._buffer += data
        return bool(data)
