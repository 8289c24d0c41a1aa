# SPDX-License-Identifier: Apache-2.0
"""Clients of the simulated day: one for each role, and one of the metadata service for all."""

import collections
import contextlib
import datetime
import json
import random
import threading
import time

PAUSE_SECONDS = 0.15
MARGIN_SECONDS = 1  # credentials expire at a full second


class Clients:
    """They ask from construction on, until end(). `wrong` lists all wrong answers, in words."""

    def __init__(self, house):
        self.wrong = []
        self.secrets = set()
        self._house = house
        self._counts = collections.Counter()
        self._last = {}  # role: (access key ID, when it was first seen, its expiration)
        self._lock = threading.Lock()
        self._may_ask = threading.Event()
        self._may_ask.set()
        self._ended = False
        ways = [(self._ask_container, [role]) for role in house.roles]
        ways.append((self._ask_metadata, house.roles))
        self._threads = [threading.Thread(target=self._run, args=way) for way in ways]
        for thread in self._threads:
            thread.start()
        house.test.addCleanup(self.end)

    def end(self):
        self._ended = True
        self._may_ask.set()
        for thread in self._threads:
            thread.join()

    @contextlib.contextmanager
    def paused(self):
        self._may_ask.clear()
        yield
        self._may_ask.set()

    def summary(self):
        with self._lock:
            return ", ".join(f"{count} {name}" for name, count in sorted(self._counts.items()))

    def unserved_since(self, when):
        """The roles that have got no new credentials since then."""
        with self._lock:
            return [role for role in self._house.roles if self._last.get(role, (0, 0))[1] < when]

    def all_served_since(self, when):
        return not self.unserved_since(when)

    def _run(self, ask, roles):
        while not self._ended:
            self._may_ask.wait()
            role = random.choice(roles)
            asked = time.time()
            try:
                answer = ask(role)
                self._judge(role, asked, answer)
            except Exception as error:
                self._note_wrong(f"{role}: {error!r}")
            time.sleep(PAUSE_SECONDS)

    def _ask_container(self, role):
        return self._house.ask(role, self._house.token_of(role))

    def _ask_metadata(self, role):
        return self._house.server.metadata(f"/meta-data/iam/security-credentials/{role}")

    def _judge(self, role, asked, answer):
        if answer.status == 200:
            return self._judge_credentials(role, asked, json.loads(answer.body))
        with self._lock:
            self._counts[f"answers {answer.status}"] += 1
            _, _, expires = self._last.get(role, (None, 0, 0))
        if answer.status not in (502, 503, 504):
            self._note_wrong(f"{role}: status {answer.status}: {answer.body}")
        if asked < expires - MARGIN_SECONDS:
            self._note_wrong(f"{role}: {answer.status} though its credentials are valid")

    def _judge_credentials(self, role, asked, given):
        issued = self._house.issued(given["AccessKeyId"])
        expires = datetime.datetime.fromisoformat(given["Expiration"]).timestamp()
        if issued != (role, expires):
            return self._note_wrong(f"{role}: credentials of {issued}, expiring {expires}")
        if expires <= asked:
            return self._note_wrong(f"{role}: credentials that expired {asked - expires} s before")
        with self._lock:
            self.secrets |= {given["SecretAccessKey"], given["Token"]}
            self._counts["answers 200"] += 1
            if self._last.get(role, (None,))[0] != given["AccessKeyId"]:
                self._counts["credentials"] += 1
                self._last[role] = given["AccessKeyId"], time.time(), expires

    def _note_wrong(self, words):
        with self._lock:
            self.wrong.append(words)
