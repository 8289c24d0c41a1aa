# SPDX-License-Identifier: Apache-2.0
"""The service's records of its requests: in memory for tests, in a file for after the test."""

import json
import threading

from create_session import NO_FACTS
from sigv4_x509 import DATE_FORMAT


class Ledger:
    """Records requests, in memory and in the file, before their responses are sent."""

    def __init__(self, path=None):
        self._lock = threading.Lock()
        self._records = []
        self._file = open(path, "a", encoding="utf-8") if path else None

    def add(self, record):
        with self._lock:
            self._records.append(record)
            if self._file:
                self._file.write(json.dumps(record) + "\n")
                self._file.flush()

    def records(self):
        with self._lock:
            return list(self._records)

    def close(self):
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None


def record_of(request, clock, status, code, reason, **more):
    """The record of a request, or of bytes that were not one (`request` is None).

    Header names are in lower case. `more` has the facts of a CreateSession request; `arrived` is its
    time by the monotonic clock.
    """
    return {
        "time": clock.strftime(DATE_FORMAT),
        "method": request.method if request else None,
        "target": request.target.decode() if request else None,
        "status": status,
        "code": code,
        "reason": reason,
        "arrived": None,
        "attempt": None,
        "fault": None,
        "access_key_id": None,
        **NO_FACTS,
        "headers": _headers(request) if request else {},
        "body": request.body.decode("utf-8", "replace") if request else None,
        **more,
    }


def _headers(request):
    return {name: b", ".join(request.values(name)).decode("latin-1") for name in sorted(request.names())}
