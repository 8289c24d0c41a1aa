#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mints with a slow key over a slow network: what they take beyond the delays that nobody can avoid.

A misbehaving module makes a signature of the token take 100 ms. A relay makes each round trip to the
service take 50 ms. So TCP and TLS 1.3 take 100 ms, and the request another 50 ms. A mint cannot take
less than the longer one of key and handshake, and the request.

Each round has a run with the delays and one without them. Prints the medians. Their difference is
what the delays cost, and is compared with the least that they can cost. Fails above the limit.

    slow_mint.py [--rounds N]
"""

import argparse
import pathlib
import statistics
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import emulator, misbehaving, program, token  # noqa: E402
from support.relay import Relay  # noqa: E402
from support.system_test import make_folder  # noqa: E402

import cold_mint  # noqa: E402

KEY = 100  # ms
ROUND_TRIP = 0.050  # s
LEAST = 150  # ms: TCP and TLS take as long as the key, and the request a round trip
LIMIT = 1.05


class World(cold_mint.World):
    """The service behind two relays, a token and a key file."""

    def prepare(self):
        super().prepare()
        self.relays = {}
        for pace, slow in (("slow", 1), ("quick", 0)):
            self.relays[pace] = Relay(self.ports["https"], slow * ROUND_TRIP, slow * ROUND_TRIP)
            self.addCleanup(self.relays[pace].stop)
        made = token.Token(make_folder(self) / "t")
        self.issue("token", made.generate("EC:prime256v1"))
        self.env |= made.env
        pin = self.write("pin", token.PIN)
        url = "pkcs11:token=test;object=web"
        of_token = ("--certificate", "token.pem", "--pkcs11-lib", misbehaving.module())
        self.cases = {
            "token, --passin": (*of_token, "--private-key", url, "--passin", f"file:{pin}"),
            "token, pin-source": (*of_token, "--private-key", f"{url}?pin-source=file:{pin}"),
            "file": (*self.add_file("file", "P256"), "--certificate", "file.pem"),
        }

    def mint(self, case, pace):
        """The wall time of a mint, in ms."""
        slow_key = (f"slow={KEY}",) if pace == "slow" else ()
        env = misbehaving.environment(self.env, *slow_key)
        endpoint = ("--endpoint", f"https://localhost:{self.relays[pace].port}")
        flags = (*self.cases[case], "--ca-bundle", self.ca, *endpoint, *emulator.SESSION_FLAGS)
        wall, _ = cold_mint.once((program.path(), "credential-process", *flags), self.folder, env)
        return wall


def measure(world, rounds):
    """The medians, in ms, by case and pace."""
    times = {(case, pace): [] for case in world.cases for pace in world.relays}
    for _ in range(rounds):
        for run, taken in times.items():
            taken.append(world.mint(*run))
    return {run: statistics.median(taken) for run, taken in times.items()}


def report(world, medians):
    """Prints a line for each case; returns the largest ratio."""
    worst = 0
    for case in world.cases:
        slow, quick = medians[case, "slow"], medians[case, "quick"]
        ratio = (slow - quick) / LEAST
        worst = max(worst, ratio)
        print(
            f"{case:18} {slow:6.1f} ms with delays, {quick:5.1f} ms without: {slow - quick:6.1f} ms"
            f" for delays of {LEAST} ms, ratio {ratio:.3f} (limit {LIMIT}); all of it {slow / LEAST:.3f}"
        )
    return worst


def main():
    parser = argparse.ArgumentParser(description="Mints with a slow key over a slow network.")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    world = World()
    World.setUpClass()
    world.setUp()
    try:
        world.prepare()
        worst = report(world, measure(world, options.rounds))
    finally:
        world.doCleanups()
        World.doClassCleanups()
    return 1 if worst > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
