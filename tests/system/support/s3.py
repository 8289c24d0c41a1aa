# SPDX-License-Identifier: Apache-2.0
"""S3 in memory, for programs that copy, back up and list. It records who signed each request.

It also answers every POST without a path as STS answers GetCallerIdentity. It does not check
signatures, and refuses unsigned requests as S3 does.
"""

import hashlib
import http.server
import io
import re
import threading
import urllib.parse
from xml.sax.saxutils import escape

from support.sts import ANSWER as CALLER_IDENTITY

_TIME = "2026-01-01T00:00:00.000Z"
_HTTP_TIME = "Thu, 01 Jan 2026 00:00:00 GMT"


class S3:
    """Every bucket exists. `callers` has the access key ID of each request, None if unsigned.

    A request whose credentials lack their session token counts as unsigned.
    """

    def __init__(self):
        self.callers = []
        self.objects = {}  # by path
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(s3):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in one piece, for which no client waits

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def handle_expect_100(self):
                super().handle_expect_100()
                self.wfile.flush()
                return True

            def do_GET(self):
                self.body = _body(self)
                url = urllib.parse.urlsplit(self.path)
                self.place = urllib.parse.unquote(url.path)
                self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
                caller = _caller(self.headers, self.query)
                s3.callers.append(caller)
                if caller is None:
                    return self.answer(403, _error("AccessDenied"))
                _, _, key = self.place.strip("/").partition("/")
                (self.object if key else self.bucket)()

            do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

            def bucket(self):
                if self.command == "POST" and "delete" in self.query:
                    return self.answer(200, b"<DeleteResult></DeleteResult>")
                if self.command == "POST":
                    return self.answer(200, CALLER_IDENTITY)
                if self.command == "GET" and "location" in self.query:
                    return self.answer(200, b"<LocationConstraint>us-east-1</LocationConstraint>")
                if self.command == "GET" and self.place.strip("/"):
                    return self.answer(200, _listing(s3.objects, self.place, self.query))
                return self.answer(200, b"")

            def object(self):
                if self.command == "PUT":
                    s3.objects[self.place] = self.body
                    return self.answer(200, b"", ETag=_etag(self.body))
                if self.command == "DELETE":
                    s3.objects.pop(self.place, None)
                    return self.answer(204, b"")
                contents = s3.objects.get(self.place)
                if contents is None:
                    return self.answer(404, _error("NoSuchKey"))
                return self.contents(contents)

            def contents(self, contents):
                fields = {"ETag": _etag(contents), "Accept-Ranges": "bytes"}
                wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                if not wanted:
                    return self.answer(200, contents, **fields)
                first, last = int(wanted[1]), int(wanted[2] or len(contents) - 1)
                if first >= len(contents):
                    return self.answer(416, _error("InvalidRange"))
                last = min(last, len(contents) - 1)
                fields["Content-Range"] = f"bytes {first}-{last}/{len(contents)}"
                return self.answer(206, contents[first : last + 1], **fields)

            def answer(self, status, body, **fields):
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name.replace("_", "-"), value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "application/xml")
                self.send_header("Last-Modified", _HTTP_TIME)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        return Handler


def _body(request):
    if request.headers.get("Transfer-Encoding", "").lower() == "chunked":
        raw = _chunks(request.rfile)
    else:
        raw = request.rfile.read(int(request.headers.get("Content-Length") or 0))
    signed_chunks = "aws-chunked" in request.headers.get("Content-Encoding", "")
    return _chunks(io.BytesIO(raw)) if signed_chunks else raw


def _chunks(stream):
    parts = []
    while True:
        count = int(stream.readline().partition(b";")[0], 16)
        parts.append(stream.read(count))
        stream.readline()
        if count == 0:
            return b"".join(parts)


def _caller(headers, query):
    found = re.search(r"Credential=([^/]+)/", headers.get("Authorization", ""))
    if found and headers.get("X-Amz-Security-Token"):
        return found[1]
    if query.get("X-Amz-Credential") and query.get("X-Amz-Security-Token"):
        return query["X-Amz-Credential"].partition("/")[0]
    return None


def _etag(contents):
    return f'"{hashlib.md5(contents, usedforsecurity=False).hexdigest()}"'


def _error(code):
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _listing(objects, place, query):
    bucket = place.strip("/")
    prefix = query.get("prefix", "")
    found = []
    for path, contents in sorted(objects.items()):
        of, _, key = path.lstrip("/").partition("/")
        if of == bucket and key.startswith(prefix):
            found.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{_TIME}</LastModified>"
                f"<ETag>{_etag(contents)}</ETag><Size>{len(contents)}</Size>"
                "<StorageClass>STANDARD</StorageClass></Contents>"
            )
    return (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount>"
        f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{''.join(found)}"
        "</ListBucketResult>"
    ).encode()
