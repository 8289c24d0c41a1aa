# SPDX-License-Identifier: Apache-2.0
"""The service on a socket: accepts connections, routes requests, applies faults, keeps the ledger.

Each connection has a daemon thread, so stopping is immediate. The threads share `_take_turn`, which
numbers the CreateSession requests and assigns their faults.
"""

import collections
import datetime
import json
import logging
import socket
import socketserver
import ssl
import struct
import threading
import time

import create_session
import faults
from create_session import error_response, json_response
from http_wire import RequestReader, WireError
from ledger import Ledger, record_of

REQUESTS_TARGET = b"/_emulator/requests"
SOCKET_TIMEOUT_SECONDS = 30
LINGER_SECONDS = 1

_log = logging.getLogger(__name__)
_NO_FAULT = faults.Fault(None, lambda proper: proper)
_CONNECTION_LOST = (ConnectionError, TimeoutError, ssl.SSLError)


class Emulator:
    """A running service, from construction until `stop`.

    `service` has the registered resources. `faults` are for the first CreateSession requests.
    `clock_offset` is a timedelta, `tls` an SSLContext or None. With port 0 the system chooses one;
    the attribute `port` has it.
    """

    def __init__(
        self, service, faults=(), base_path="", clock_offset=datetime.timedelta(), tls=None, bind="127.0.0.1", port=0,
        log_path=None,
    ):
        self.ledger = Ledger(log_path)
        self._service = service
        self._faults = collections.deque(faults)
        self._sessions_path = base_path.encode() + b"/sessions"
        self._clock_offset = clock_offset
        self._tls = tls
        self._stopping = threading.Event()
        self._turn_lock = threading.Lock()
        # python3-cryptography does not let two threads read the extensions of one certificate.
        self._judging = threading.Lock()
        self._attempts = 0
        self._server = _server_class(bind)((bind, port), lambda sock, peer, server: self._converse(sock))
        self.port = self._server.server_address[1]
        host = f"[{bind}]" if ":" in bind else bind
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self.ledger.close()

    def set_faults(self, faults):
        """Replaces the pending faults by these, for the next CreateSession requests."""
        with self._turn_lock:
            self._faults = collections.deque(faults)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    def _now(self):
        return datetime.datetime.now(datetime.timezone.utc) + self._clock_offset

    def _converse(self, sock):
        """Serves all requests of one connection."""
        sock.settimeout(SOCKET_TIMEOUT_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            reader = RequestReader(sock.recv, sock.sendall)
            while self._serve_one(sock, reader):
                pass
        except _CONNECTION_LOST as error:
            _log.info("connection lost: %s", error)
        finally:
            _close(sock)

    def _serve_one(self, sock, reader):
        """Serves one request; returns whether another may follow on this connection."""
        try:
            request = reader.read()
        except WireError as error:
            self.ledger.add(record_of(None, self._now(), error.status, None, str(error)))
            sock.sendall(error_response(error.status, "BadRequest", str(error)).encode(self._now(), last=True))
            return False
        if request is None:
            return False
        if request.target == REQUESTS_TARGET:
            response, fault = json_response(200, self.ledger.records()), _NO_FAULT
        elif request.method == "POST" and request.path == self._sessions_path:
            response, fault = self._create_session(request)
        else:
            response, fault = self._refuse_route(request), _NO_FAULT
        self._stopping.wait(fault.delay)
        if response is None:
            _abandon(sock, fault.reset)
            return False
        clock, last = self._now() + fault.clock_shift, not request.keeps_connection
        sock.sendall(response.encode(clock, with_body=request.method != "HEAD", last=last))
        return not last

    def _refuse_route(self, request):
        code = "UnknownOperationException"
        self.ledger.add(record_of(request, self._now(), 404, code, f"no operation {request.method} {request.path!r}"))
        return error_response(404, code, "Not found.")

    def _create_session(self, request):
        arrived = time.monotonic()
        attempt, fault = self._take_turn()
        now = self._now() + fault.clock_shift
        with self._judging:
            verdict = create_session.judge(request, self._service, now)
        response = fault.answer(verdict.response())
        self.ledger.add(
            record_of(
                request,
                now,
                *_outcome(verdict, fault, response),
                arrived=arrived,
                attempt=attempt,
                fault=fault.script,
                access_key_id=_access_key_id(response),
                **verdict.facts,
            )
        )
        return response, fault

    def _take_turn(self):
        with self._turn_lock:
            self._attempts += 1
            return self._attempts, self._faults.popleft() if self._faults else _NO_FAULT


def _outcome(verdict, fault, response):
    """The status, code and reason for the record.

    If a fault replaces the verdict's response, the reason has both.
    """
    status = response.status if response else None
    code = dict(response.headers).get("X-Amzn-ErrorType") if response else None
    if (status, code) == (verdict.status, verdict.code):
        return status, code, verdict.reason
    return status, code, f"scripted fault {fault.script}; the request itself: {verdict.reason}"


def _access_key_id(response):
    """The access key ID in the response, if any."""
    if response is None or response.status != 201:
        return None
    try:
        return json.loads(response.body)["credentialSet"][0]["credentials"]["accessKeyId"]
    except (ValueError, LookupError, TypeError):
        return None


def _server_class(bind):
    class Server(socketserver.ThreadingTCPServer):
        address_family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

    return Server


def _abandon(sock, reset):
    """Closes the connection without a response. With `reset` the peer gets an RST, not a FIN."""
    if reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _close(sock):
    """Closes the connection. First drains the peer's data briefly, so the last response arrives."""
    try:
        sock.settimeout(LINGER_SECONDS)
        if isinstance(sock, ssl.SSLSocket):
            sock = sock.unwrap()
        sock.shutdown(socket.SHUT_WR)
        for _ in range(64):
            if not sock.recv(64 * 1024):
                break
    except (OSError, ValueError):
        pass  # the peer has already closed the connection
    finally:
        sock.close()
