# SPDX-License-Identifier: Apache-2.0
"""The events of an hour of the simulated day (simulated_day_test.py), drawn from a seed.

An hour lasts a minute. Sixty times the speed of the clock is had without a false clock: the
service's sessions live for 15 seconds, as if for 15 minutes. So the program waits, polls and
measures in real time, as it does in service.
"""

import dataclasses
import random

SECONDS_OF_AN_HOUR = 60
CALM_SECONDS = 12  # at the end of each hour, to measure in
MORE_SHORT_EVENTS = 6

# Each happens at least once in an hour. A pair of numbers is the range of its seconds.
EVENTS = {
    "rotate_certificate": None,  # of the key in a file
    "rotate_pair": None,  # another key and its certificate
    "reload": None,  # SIGHUP
    "kill_key_process": None,  # as if the module crashed
    "restart_module": (0.2, 1.5),  # p11-kit's server is away
    "restart_tpm": None,  # it loses its power
    "outage": (1, 6),  # connections to the service are reset
    "long_outage": (11, 15),  # longer than the sessions
    "refusals": (1, 5),  # 503
    "slow_answers": (2, 5),
    "throttling": (1, 3),
    "broken_answers": (1, 3),
    "flood": None,  # of connections without a request
    "garbage": None,  # bytes that are no request
    "slow_readers": (1, 2),
    "foreign_tokens": None,  # a role is asked for with the token of another one
}


@dataclasses.dataclass(frozen=True)
class Event:
    at: float  # seconds since the beginning of the hour
    name: str
    seconds: float  # that it lasts


def draw(seed, hour):
    """The Events of an hour, in their order. They do not overlap."""
    source = random.Random(f"{seed}:{hour}")
    short = [name for name, lasts in EVENTS.items() if not lasts]
    names = [*EVENTS, *source.choices(short, k=MORE_SHORT_EVENTS)]
    source.shuffle(names)
    lasting = [source.uniform(*(EVENTS[name] or (0, 0))) for name in names]
    gaps = [source.random() for _ in names]
    free = SECONDS_OF_AN_HOUR - CALM_SECONDS - sum(lasting)
    events, now = [], 0
    for name, seconds, gap in zip(names, lasting, gaps):
        now += free * gap / sum(gaps)
        events.append(Event(round(now, 2), name, round(seconds, 2)))
        now += seconds
    return events
