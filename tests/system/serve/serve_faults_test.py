#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""serve while the service fails during a refresh: responses to clients, and calls to the service.

CREDMINT_OUTAGE_SECONDS is the length of an outage and the lifetime of a session. With 600 the test
takes 14 minutes.
"""

import bisect
import collections
import concurrent.futures
import dataclasses
import datetime
import itertools
import json
import os
import signal
import threading
import time
import unittest

from cryptography import x509

from support import emulator, pki, program
from support.cases import each, expand
from support.serve import Server, wait_until
from support.system_test import MintTest, make_folder

OUTAGE_SECONDS = float(os.environ.get("CREDMINT_OUTAGE_SECONDS", "8"))
POLL_SECONDS = 0.05

# No client waits for the service, so 99 % of the responses must take less than USUAL_SECONDS, not
# counting pauses of this process. On a busy machine a few may take longer, up to half of what SDKs
# wait.
USUAL_SECONDS = 0.05
LONGEST_SECONDS = 0.5

# By how much two calls may arrive closer together than they were sent.
JITTER_SECONDS = 0.2

# The longest time from the end of an outage to the next call: the pause that has begun by then.
RECOVERY_SECONDS = min(60, OUTAGE_SECONDS * 2) + program.TIME_LIMIT_SECONDS

# {name: (fault, status once the credentials have expired)}
FAULTS = {
    "refuses": ("403:AccessDeniedException", 502),
    "has_a_fault": ("500", 503),
    "is_unavailable": ("503", 503),
    "throttles": ("throttle:5", 503),
    "stalls": ("stall:60", 503),
    "resets": ("reset", 503),
    "answers_nonsense": ("garbage", 502),
    "sends_no_credentials": ("nullcreds", 502),
}


@dataclasses.dataclass(frozen=True)
class Answer:
    begun: float  # seconds since 1970, like `ended`
    ended: float
    status: int
    key: str  # the access key ID, or None
    is_error: bool  # whether the body is exactly an error as SDKs read it


class Pauses:
    """The times when this process did not run, measured by a thread that keeps waking up."""

    STEP_SECONDS = 0.002

    def __init__(self, owner):
        self._pauses = []  # (begun, ended), in order
        ending = threading.Event()
        thread = threading.Thread(target=self._watch, args=(ending,))
        thread.start()
        owner.addClassCleanup(thread.join)
        owner.addClassCleanup(ending.set)

    def _watch(self, ending):
        begun = time.time()
        while not ending.wait(self.STEP_SECONDS):
            ended = time.time()
            if ended - begun > 3 * self.STEP_SECONDS:
                self._pauses.append((begun + self.STEP_SECONDS, ended))
            begun = time.time()

    def during(self, answer):
        """The seconds of pauses while the client waited for a response."""
        first = bisect.bisect_left(self._pauses, answer.begun, key=lambda pause: pause[1])
        shared = 0
        for begun, ended in itertools.islice(self._pauses, first, None):
            if begun >= answer.ended:
                break
            shared += min(ended, answer.ended) - max(begun, answer.begun)
        return shared


class Programs:
    """A client of each interface; they get credentials in turn."""

    def __init__(self, server, folder):
        self._server = server
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
        token = server.request("PUT", "/latest/api/token", ttl).body.decode()
        self._requests = collections.deque(
            (
                ("/role/demo", {"Authorization": (folder / "token").read_text()}),
                (
                    "/latest/meta-data/iam/security-credentials/demo",
                    {"X-aws-ec2-metadata-token": token},
                ),
            )
        )

    def get(self):
        self._requests.rotate()
        path, headers = self._requests[0]
        begun = time.time()
        answer = self._server.request("GET", path, headers)
        members = json.loads(answer.body)
        return Answer(
            begun,
            time.time(),
            answer.status,
            members.get("AccessKeyId"),
            set(members) == {"Code", "Message"} and all(members.values()),
        )


class Outage:
    """One serve and its service, which fails from 25 % to 125 % of a session's lifetime."""

    def __init__(self, owner, fault):
        self.folder = make_folder(owner)
        self.env = {}
        self.addCleanup = owner.addClassCleanup
        # Each service needs its own object: two threads may not use one certificate.
        anchor = x509.load_pem_x509_certificate(pki.pem(owner.root.certificate))
        self.service = emulator.Emulator(anchor, lifetime=int(OUTAGE_SECONDS))
        owner.addClassCleanup(self.service.stop)
        self._fault = fault
        self.answers = []
        self.recovery_began = None
        for name, contents in (("web.key", owner.key_pem), ("web.pem", owner.leaf_pem)):
            (self.folder / name).write_bytes(contents)
            (self.folder / name).chmod(0o600)

    def run(self):
        flags = ("--certificate", "web.pem", "--private-key", "web.key", "--token-file", "token")
        where = ("--endpoint", self.service.url, "--timeout", "2", "--port", "0")
        server = Server(self, *flags, *where, *emulator.SESSION_FLAGS)
        self._programs = Programs(server, self.folder)
        self.expiry = self._expiration(server)
        begun = time.monotonic()
        self._poll_until(begun + OUTAGE_SECONDS / 4)
        self.service.fail(f"{self._fault}x9999")
        self._poll_until(begun + OUTAGE_SECONDS * 5 / 4)
        self.service.fail()
        self.recovery_began = time.time()
        self._poll_until(time.monotonic() + RECOVERY_SECONDS, lambda: self.answers[-1].key)
        self._poll_until(time.monotonic() + 0.5)
        self.run_ended = server.end(signal.SIGTERM)
        return self

    def seconds(self, pauses=None):
        """The durations of the responses, sorted, without the pauses if they are given."""
        return sorted(
            answer.ended - answer.begun - (pauses.during(answer) if pauses else 0)
            for answer in self.answers
        )

    def calls(self):
        """The times of the calls to the service, in seconds, and their records."""
        records = self.service.requests()
        return [record["arrived"] for record in records], records

    def _expiration(self, server):
        text = json.loads(server.container().body)["Expiration"]
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

    def _poll_until(self, end, condition=lambda: False):
        while time.monotonic() < end and not (self.answers and condition()):
            self.answers.append(self._programs.get())
            time.sleep(POLL_SECONDS)


class Outages(MintTest):
    """All outages run at the same time; each test examines one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key = pki.make_key()
        cls.key_pem = pki.pkcs8_pem(key)
        cls.leaf_pem = pki.pem(cls.root.issue(key.public_key()))
        cls.pauses = Pauses(cls)
        pool = concurrent.futures.ThreadPoolExecutor(len(FAULTS))
        cls.addClassCleanup(pool.shutdown)
        outages = {name: Outage(cls, fault) for name, (fault, _) in FAULTS.items()}
        cls.running = {name: pool.submit(outage.run) for name, outage in outages.items()}

    def outage(self, name):
        return self.running[name].result()


@expand
class WhenTheService(Outages):
    @each(*FAULTS)
    def test(self, name):
        outage = self.outage(name)
        _, status = FAULTS[name]
        self.check_answers(outage, status)
        self.check_seconds(outage)
        self.check_calls(outage)
        self.assertEqual(outage.run_ended.status, program.SUCCESS, str(outage.run_ended))
        self.report(name, outage)

    def check_answers(self, outage, status):
        """Old credentials until they expire, then errors, and new ones after the recovery."""
        first = outage.answers[0].key
        seen = {"old": 0, "error": 0, "new": 0}
        for answer in outage.answers:
            old = (answer.status, answer.key) == (200, first)
            error = (answer.status, answer.key, answer.is_error) == (status, None, True)
            new = answer.status == 200 and answer.key not in (None, first)
            may_be_old = answer.begun < outage.expiry
            may_be_error = answer.ended >= outage.expiry
            may_be_new = answer.ended >= outage.recovery_began
            self.assertTrue(
                (old and may_be_old) or (error and may_be_error) or (new and may_be_new), answer
            )
            seen["old" if old else "error" if error else "new"] += 1
        self.assertTrue(all(seen.values()), seen)
        self.assertEqual(outage.answers[-1].key, outage.service.requests()[-1]["access_key_id"])

    def check_seconds(self, outage):
        seconds = outage.seconds(self.pauses)
        self.assertLess(seconds[len(seconds) * 99 // 100], USUAL_SECONDS)
        self.assertLess(seconds[-1], LONGEST_SECONDS)

    def check_calls(self, outage):
        """Calls are at least a second apart, back off, and obey Retry-After."""
        times, records = outage.calls()
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        self.assertGreaterEqual(min(gaps), 1 - JITTER_SECONDS)
        throttled = [gap for gap, record in zip(gaps, records) if record["status"] == 429]
        self.assertTrue(all(gap >= 5 - JITTER_SECONDS for gap in throttled), throttled)
        failed = [record for record in records if record["fault"]]
        self.assertGreater(len(failed), 1)
        self.assertLess(len(failed), 5 + OUTAGE_SECONDS / 20)

    def report(self, name, outage):
        seconds = outage.seconds()
        middle, longest = (1000 * value for value in (seconds[len(seconds) // 2], seconds[-1]))
        print(
            f"# {name}: {len(seconds)} requests, {middle:.1f} ms in the middle, {longest:.1f} at most, "
            f"{1000 * outage.seconds(self.pauses)[-1]:.1f} without pauses of the machine, "
            f"{len(outage.calls()[0])} calls"
        )


class ManyAtOnce(MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    def serve(self):
        flags = (*self.identity, "--token-file", "token", "--port", "0", *self.arguments()[1:])
        return Server(self, *flags)

    def get_200(self, server):
        """Makes 200 requests at the same time; returns the set of (status, access key ID)."""
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda _: server.container(), range(200)))
        members = [json.loads(answer.body) for answer in answers]
        return {(answer.status, each.get("AccessKeyId")) for answer, each in zip(answers, members)}

    def test_around_a_refresh_they_cause_one_call(self):
        self.start_own_service(fail=["slow:0", "slow:3"], lifetime=10)
        server = self.serve()
        first = json.loads(server.container().body)["AccessKeyId"]
        wait_until(lambda: len(self.service.requests()) == 2)
        self.assertEqual(self.get_200(server), {(200, first)})
        wait_until(lambda: json.loads(server.container().body)["AccessKeyId"] != first)
        self.assertEqual(len(self.service.requests()), 2)
        second = self.last_request()["access_key_id"]
        self.assertEqual(self.get_200(server), {(200, second)})
        self.assertEqual(len(self.service.requests()), 2)

    def test_without_credentials_they_cause_none(self):
        self.start_own_service(fail=["throttle:60"])
        server = self.serve()
        self.assertEqual(self.get_200(server), {(503, None)})
        self.assertEqual(self.get_200(server), {(503, None)})
        self.assertEqual(len(self.service.requests()), 1)

    def test_sighup_without_end_causes_a_call_a_second(self):
        self.start_own_service()
        server = self.serve()
        begun = time.monotonic()
        while time.monotonic() - begun < 3:
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.01)
        times = [record["arrived"] for record in self.service.requests()]
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        self.assertIn(len(times), (2, 3, 4))
        self.assertGreaterEqual(min(gaps), 1 - JITTER_SECONDS)


if __name__ == "__main__":
    unittest.main()
