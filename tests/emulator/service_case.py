# SPDX-License-Identifier: Apache-2.0
"""The base of tests of the running service: starts one, and sends drafts to it."""

import http.client
import unittest

import faults
from create_session import Service
from emulator import Emulator
from mini_client import PROFILE, TRUST_ANCHOR, Draft, Identity


class ServiceCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Identity("root", ca=True)
        cls.leaf = Identity("leaf", cls.root)

    def start(self, *scripts, **settings):
        service = Service([self.root.certificate], TRUST_ANCHOR, PROFILE)
        scripted = [fault for script in scripts for fault in faults.parse_faults(script)]
        emulator = Emulator(service, faults=scripted, **settings)
        self.addCleanup(emulator.stop)
        return emulator

    def connect(self, emulator, context=None):
        if context:
            connection = http.client.HTTPSConnection("localhost", emulator.port, timeout=10, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
        self.addCleanup(connection.close)
        return connection

    def ask(self, emulator, draft=None, context=None):
        """Sends a CreateSession on a new connection; returns status, headers and body (bytes)."""
        return send(self.connect(emulator, context), draft or Draft(self.leaf))


def send(connection, draft):
    if not draft.authorization:
        draft.sign()
    connection.putrequest(draft.method, draft.path, skip_host=True, skip_accept_encoding=True)
    for name, value in (draft.headers | {"Authorization": draft.authorization}).items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(draft.body)))
    connection.endheaders(draft.body.encode())
    response = connection.getresponse()
    return response.status, response.headers, response.read()
