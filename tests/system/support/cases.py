# SPDX-License-Identifier: Apache-2.0
"""Turns each case of a table into a test method, so that it is named and counted."""


def each(*names, **values):
    """Marks a method `test_x(self, value)`: @expand makes it a `test_x_NAME` for each case."""

    def mark(method):
        method.cases = {**{name: name for name in names}, **values}
        return method

    return mark


def expand(cls):
    for name, method in list(vars(cls).items()):
        for case, value in getattr(method, "cases", {}).items():
            setattr(cls, f"{name}_{case.replace(' ', '_')}", _bind(method, value))
        if hasattr(method, "cases"):
            delattr(cls, name)
    return cls


def _bind(method, value):
    def test(self):
        method(self, value)

    return test
