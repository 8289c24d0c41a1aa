# SPDX-License-Identifier: Apache-2.0
"""An installation of the build folder that CREDMINT_BUILD names."""

import os

from support.processes import run_tool
from support.requirements import miss
from support.system_test import make_folder


def install(owner):
    """Runs `meson install` into a new root; returns the root."""
    build = os.environ.get("CREDMINT_BUILD") or miss("CREDMINT_BUILD does not name the build folder")
    root = make_folder(owner)
    run_tool("meson", "install", "--no-rebuild", "--quiet", "-C", build, "--destdir", root)
    return root
