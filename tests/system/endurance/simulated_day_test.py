# SPDX-License-Identifier: Apache-2.0
"""A simulated day of `serve`: eight roles, keys in a file, on tokens and in a TPM, and much trouble.

schedule.py says how time is simulated, and what happens. These variables set the day:

  CREDMINT_DAY_HOURS  simulated hours, each of a minute (1)
  CREDMINT_DAY_SEED   the seed of the events (random); it is printed first

A client of each role asks all the time, and so does one of the metadata service. Nobody may get
another role's credentials or expired ones. An error is right only if the role has no valid
credentials. At the end of each hour, each role must be served, and the server's memory, descriptors,
threads and children must be what they were. No PIN try may be lost, and no secret may be logged.
"""

import os
import random
import signal
import time
import unittest

import schedule
from house import House
from role_clients import Clients
from support import load
from support.serve import wait_until
from support.system_test import MintTest

HOURS = int(os.environ.get("CREDMINT_DAY_HOURS", "1"))
SEED = os.environ.get("CREDMINT_DAY_SEED") or str(random.SystemRandom().randrange(10**6))
WARM_SECONDS = 10
REST_SECONDS = 5.5  # after which serve has released idle memory
MOST_GROWTH_KIB = 1024  # and for each child


class SimulatedDay(MintTest):
    def test_day(self):
        print(f"# seed {SEED}, {HOURS} h", flush=True)
        self.house = House(self)
        self.clients = Clients(self.house)
        time.sleep(WARM_SECONDS)
        before = self.measure()
        for hour in range(HOURS):
            self.play(schedule.draw(SEED, hour))
            self.assertEqual(self.clients.wrong[:9], [])
            self.recover()
            now = self.measure()
            print(f"# hour {hour + 1}: {self.clients.summary()}; {now}", flush=True)
            self.assertEqual(self.clients.wrong[:9], [])
            self.check_growth(before, now)
            if hour == 0:
                before = now  # each kind of trouble has happened once
        self.end()

    def play(self, events):
        began = time.monotonic()
        for event in events:
            print(f"#   {event.at:5.2f} {event.name} {event.seconds or ''}", flush=True)
            time.sleep(max(0, began + event.at - time.monotonic()))
            self.house.happen(event.name, event.seconds)

    def recover(self):
        """Each role must get new credentials soon, and again and again."""
        self.house.happen("reload", 0)
        for _ in range(2):
            since = time.time()
            try:
                wait_until(lambda: self.clients.all_served_since(since), seconds=20)
            except AssertionError:
                self.fail(f"not served: {self.clients.unserved_since(since)}\n{self.house.log()}")

    def measure(self):
        with self.clients.paused():
            time.sleep(REST_SECONDS)
            return self.house.resources()

    def check_growth(self, before, now):
        if load.SANITIZED:
            return
        self.assertLessEqual(now.descriptors, before.descriptors, self.house.open_files())
        self.assertLessEqual(now.threads, before.threads)
        self.assertLessEqual(now.children, before.children)
        limit = MOST_GROWTH_KIB * (1 + now.children)
        self.assertLess(now.resident_kib, before.resident_kib + limit)

    def end(self):
        self.clients.end()
        run = self.house.server.end(signal.SIGTERM)
        self.assertEqual(run.status, 0, run.stderr)
        for secret in self.house.secrets | self.clients.secrets:
            self.assertNotIn(secret, run.stderr)
        self.assertEqual(self.house.lost_pin_tries(), [])


if __name__ == "__main__":
    unittest.main()
