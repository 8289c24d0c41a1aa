# SPDX-License-Identifier: Apache-2.0
"""Interleaved measurements of commands, their statistics, and tables in Markdown.

Runs of the compared commands alternate, so a change of the machine's load meets all of them. Two
commands are compared by the ratios of their runs in the same round.
"""

import collections.abc
import dataclasses
import math
import os
import statistics
import subprocess


@dataclasses.dataclass(frozen=True)
class Command:
    """A program with its arguments. `before` is called before each run."""

    arguments: tuple
    folder: os.PathLike
    env: dict
    before: collections.abc.Callable = lambda: None


@dataclasses.dataclass(frozen=True)
class Figures:
    """One run. Times are in milliseconds, memory is in KiB (measured_run.c)."""

    wall: float
    processor: float
    resident: int  # peak of the largest process
    proportional: int  # peak of all processes; 0 if it was not sampled


class Failed(Exception):
    """A command that did not succeed; the text is the end of what it wrote to stderr."""


def launcher():
    """The path of measured_run."""
    return os.path.join(os.environ["CREDMINT_BUILD"], "tests", "measured_run")


def run_once(command, memory=False):
    command.before()
    ran = subprocess.run(
        [launcher(), *(["--memory"] if memory else []), *map(str, command.arguments)],
        cwd=command.folder,
        env=command.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=True,
    )
    wall, processor, resident, proportional, status = map(int, ran.stdout.split())
    if status != 0:
        last = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise Failed(f"status {status}: {''.join(last)}")
    return Figures(wall / 1000, processor / 1000, resident, proportional)


def interleaved(commands, rounds):
    """{name: [Figures of each round]} of {name: Command}."""
    figures = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            figures[name].append(run_once(command))
    return figures


def proportional_size(command, runs):
    """The median of the peaks of some runs, in KiB."""
    return statistics.median(run_once(command, memory=True).proportional for _ in range(runs))


def median(figures, name):
    """The median of one figure (a field of Figures)."""
    return statistics.median(getattr(each, name) for each in figures)


def interval(values, confidence=0.95):
    """An interval that holds the median of what `values` are samples of.

    Its ends are order statistics, so nothing is assumed about the distribution: each value lies
    below the median with probability 1/2. With fewer than six values the confidence is lower.
    """
    ordered = sorted(values)
    below, chance = 0, 0.5 ** len(ordered)
    while chance <= (1 - confidence) / 2:
        below += 1
        chance += math.comb(len(ordered), below) * 0.5 ** len(ordered)
    lowest = max(below - 1, 0)
    return ordered[lowest], ordered[-1 - lowest]


@dataclasses.dataclass(frozen=True)
class Ratio:
    """The median of the ratios of two commands, and its interval of 95 % confidence."""

    median: float
    low: float
    high: float

    def __str__(self):
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio_of(values, others):
    """The ratio of values to those of the same rounds."""
    ratios = [one / other for one, other in zip(values, others)]
    return Ratio(statistics.median(ratios), *interval(ratios))


def ratio(figures, others, name="wall"):
    """The same for one figure (a field of Figures)."""
    return ratio_of(*([getattr(each, name) for each in runs] for runs in (figures, others)))


def table(header, rows):
    """Prints a table in Markdown. Numbers are given as text."""
    print(f"| {' | '.join(header)} |")
    print("|---" * len(header) + "|")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(flush=True)


def compare(commands, limits, rounds):
    """Measures commands and prints a table of ratios; returns whether one is above its limit.

    `limits` has the most that the wall time of the first of two commands may be beside the second's.
    """
    figures = interleaved(commands, rounds)
    ratios = {pair: ratio(*(figures[name] for name in pair)) for pair in limits}
    table(
        ("run", "wall, ms", "processor, ms", "compared with", "wall, ms", "processor, ms", "ratio", "limit"),
        [
            (*_times(figures, one), *_times(figures, other), ratios[one, other], limit)
            for (one, other), limit in limits.items()
        ],
    )
    return any(ratios[pair].median > limit for pair, limit in limits.items())


def _times(figures, name):
    return name, f"{median(figures[name], 'wall'):.2f}", f"{median(figures[name], 'processor'):.2f}"
