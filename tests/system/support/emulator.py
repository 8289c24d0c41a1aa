# SPDX-License-Identifier: Apache-2.0
"""The emulator of Roles Anywhere, running inside the test: on a port of its own, gone with it.

The emulator is a program of tests/emulator; its parts are used here directly, which saves a process
per test and gives its ledger without a detour.
"""

import datetime
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "emulator"))

import create_session  # noqa: E402
import emulator  # noqa: E402
import faults  # noqa: E402
import roles_anywhere  # noqa: E402
import tls_material  # noqa: E402

TRUST_ANCHOR_ARN = roles_anywhere.DEFAULT_TRUST_ANCHOR
PROFILE_ARN = roles_anywhere.DEFAULT_PROFILE
ACCOUNT = "111122223333"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/demo"

SESSION_FLAGS = (
    "--trust-anchor-arn",
    TRUST_ANCHOR_ARN,
    "--profile-arn",
    PROFILE_ARN,
    "--role-arn",
    ROLE_ARN,
)


class Emulator:
    """A service that trusts `anchors` (certificates). `fail` is the script of its faults.

    With `tls_folder` it speaks TLS, and `ca_bundle` is the file of the CA to trust. More keywords
    go to the emulator's Service: role_arns, accept_role_session_name, lifetime.
    """

    def __init__(
        self,
        *anchors,
        fail=(),
        tls_folder=None,
        base_path="",
        clock_offset=0,
        bind="127.0.0.1",
        **registered,
    ):
        self.ca_bundle = f"{tls_folder}/ca.pem" if tls_folder else None
        self._running = emulator.Emulator(
            create_session.Service(
                anchors=list(anchors),
                trust_anchor_arn=registered.pop("trust_anchor_arn", TRUST_ANCHOR_ARN),
                profile_arn=registered.pop("profile_arn", PROFILE_ARN),
                **registered,
            ),
            faults=_parse(fail),
            base_path=base_path,
            clock_offset=datetime.timedelta(seconds=clock_offset),
            tls=_tls_context(tls_folder),
            bind=bind,
        )
        self.port = self._running.port
        self.stop = self._running.stop
        scheme = "https" if tls_folder else "http"
        self.url = f"{scheme}://localhost:{self.port}{base_path}"

    def fail(self, *scripts):
        """The next requests meet these faults, in place of what is left of others; none: no fault."""
        self._running.set_faults(_parse(scripts))

    def requests(self):
        """The records of all requests so far, each with what was wrong with it if anything was."""
        return self._running.ledger.records()


def _parse(scripts):
    return [fault for script in scripts for fault in faults.parse_faults(script)]


def _tls_context(folder):
    if not folder:
        return None
    return tls_material.server_context(*tls_material.make_tls_material(folder))
