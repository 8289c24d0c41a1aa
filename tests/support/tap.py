#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of one file and prints the results as TAP: tap.py FILE.py [PATTERN].

A class whose setUpClass fails or skips reports each of its tests, so the number of tests does not
depend on the installed packages. The exit status is 1 if any test failed. private_host.py isolates
the tests from the caller's environment.
"""

import importlib.util
import pathlib
import signal
import sys
import traceback
import unittest

import private_host


class TapResult(unittest.TestResult):
    """Prints a TAP line for each test, numbered in the order in which they end."""

    def __init__(self, tests):
        super().__init__()
        self._waiting = {test.id(): test for test in tests}
        self._number = 0
        self.failed = False
        print(f"1..{len(self._waiting)}", flush=True)

    def addSuccess(self, test):
        self._report(test, "ok")

    def addError(self, test, error):
        self._report(test, "not ok", details=error)

    def addFailure(self, test, error):
        self._report(test, "not ok", details=error)

    def addSkip(self, test, reason):
        self._report(test, "ok", f" # SKIP {reason}")

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._report(test, "not ok", details=error)

    def _report(self, test, verdict, directive="", details=None):
        if details:
            self.failed = True
            print("".join(traceback.format_exception(*details)), file=sys.stderr, flush=True)
        for each in self._tests_of(test):
            self._number += 1
            name = each.id().partition(".")[2]
            print(f"{verdict} {self._number} - {name}{directive}", flush=True)

    def _tests_of(self, test):
        """The test itself if not yet reported, or all tests of a class that could not start."""
        if test.id() in self._waiting:
            return [self._waiting.pop(test.id())]
        class_name = test.id().partition("(")[2].rstrip(")")
        held = [name for name in self._waiting if name.startswith(f"{class_name}.")]
        return [self._waiting.pop(name) for name in held]


def load(path):
    # The file's folder has modules of its own suite; the parent folder has shared ones.
    sys.path[:0] = [str(path.parent), str(path.parent.parent)]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def flatten(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from flatten(each)
        else:
            yield each


def hear_signals():
    """Restores default actions: credmint keeps ignoring a signal that was ignored at its start.

    Signals are ignored when a shell starts the tests in the background, for example.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__.partition("\n")[0])
    hear_signals()
    with private_host.entered():
        return run(*arguments)


def run(path, pattern=None):
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{pattern}*"] if pattern else None
    suite = loader.loadTestsFromModule(load(pathlib.Path(path).resolve()))
    result = TapResult(list(flatten(suite)))
    suite.run(result)
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
