# SPDX-License-Identifier: Apache-2.0
"""A person who presses Tab in bash, zsh or fish, on a terminal.

The completions are at their installed places below a folder of the test, and the shell loads them
as it does for any command.
"""

import fcntl
import json
import os
import pathlib
import re
import select
import shutil
import struct
import subprocess
import termios
import time

from support import documents, program
from support.processes import die_with_parent
from support.requirements import miss, need

CTRL_A = "\x01"
TAB = "\t"

_SHELLS = {
    "bash": ("/usr/bin/bash", "--norc", "--noprofile", "-i"),
    "zsh": ("/usr/bin/zsh", "-f", "-i"),
    "fish": ("/usr/bin/fish", "-i"),
}
_BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
_START = {
    "bash": f". {_BASH_COMPLETION}; bind 'set enable-bracketed-paste off'",
    "zsh": "PROMPT='' RPROMPT=''; fpath=({share}/zsh/site-functions $fpath);"
    " autoload -Uz compinit; compinit -D -u; bindkey -e; unsetopt zle_bracketed_paste prompt_sp",
    "fish": "function fish_prompt; end; function fish_greeting; end",
}
_COLOUR = re.compile(r"\x1b\[[\d;]*m|\x1b\(B")
# The arguments that the shell gives a command, each in brackets, so that the screen's other text
# does not count.
_SHOW = "#!/bin/sh\nprintf '<%s>' \"$@\"\necho \" that's all\"\n"


def install(folder):
    """Puts the completions where Meson installs them, below `folder`; returns its share."""
    build = os.environ.get("CREDMINT_BUILD")
    if not build:
        miss("the environment variable CREDMINT_BUILD does not name the build folder")
    made = ("meson", "introspect", "--installed", build)
    listed = subprocess.run(made, capture_output=True, timeout=60, check=True).stdout
    for source, place in json.loads(listed).items():
        if pathlib.Path(source).parent == documents.SOURCE / "completions":
            target = folder / place.partition("/share/")[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return folder


class CompletingShell:
    """A shell in `folder`, which is its home; it ends with `owner`, a test."""

    def __init__(self, owner, shell, folder, env=None):
        need(_SHELLS[shell][0], shell)
        need(_BASH_COMPLETION, "bash-completion")
        share = install(folder / "share")
        tools = folder / "bin"
        if not tools.exists():
            tools.mkdir()
            (tools / "credmint").symlink_to(program.path())
        (tools / "show").write_text(_SHOW)
        (tools / "show").chmod(0o755)
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 300, 0, 0))

        def take_the_terminal():
            die_with_parent()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            _SHELLS[shell],
            cwd=folder,
            env={
                **program.environment(folder, env),
                "PATH": f"{tools}:/usr/bin:/bin",
                "XDG_DATA_DIRS": f"{share}:/usr/share",
                "TERM": "xterm",
                "LC_ALL": "C.UTF-8",
                "HISTFILE": "",
                "ZDOTDIR": str(folder),
            },
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=take_the_terminal,
        )
        os.close(slave)
        owner.addCleanup(self._end)
        self.type(f"{_START[shell].format(share=share)}\nshow ready\n")
        self.wait_for("<ready>")

    def _end(self):
        os.close(self._master)
        self.process.kill()
        self.process.wait()

    def type(self, text):
        """Types keys; from here on the output counts for `wait_for`."""
        self._screen, self.shown = "", ""
        os.write(self._master, text.encode())

    def wait_for(self, text):
        """Waits until the screen has shown `text` since the last keys; returns all it has shown."""
        deadline = time.monotonic() + program.TIME_LIMIT_SECONDS
        while text not in self.shown:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self._master], [], [], left)[0]:
                raise AssertionError(f"instead of {text!r} the terminal shows {self.shown!r}")
            self._screen += os.read(self._master, 4096).decode(errors="replace")
            self.shown = _COLOUR.sub("", self._screen)
        return self.shown

    def complete(self, line):
        """Types a line and Tab; returns the words that the shell has then."""
        self.type(f"{line}{TAB}{CTRL_A}show \n")
        screen = self.wait_for("> that's all")
        return re.findall(r"<([^<>]*)>", screen[screen.index("<credmint>") :])

    def offer(self, line, *wanted):
        """Types a line and Tab twice; waits until all of these are offered. Call it last."""
        self.type(line + TAB + TAB)
        for text in wanted:
            self.wait_for(text)
        return self.shown
