# SPDX-License-Identifier: Apache-2.0
"""Runs the emulator of Roles Anywhere inside the test process, on a port of its own.

tests/emulator also has it as a program. Using its parts directly saves a process per test and gives
access to its ledger.
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

    With `tls_folder` it serves HTTPS, and `ca_bundle` is the file with the CA to trust. Other
    keywords are passed to the emulator's Service: role_arns, accept_role_session_name, lifetime.
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
        """Replaces the pending faults. Without arguments, no faults remain."""
        self._running.set_faults(_parse(scripts))

    def requests(self):
        """The records of all requests so far, each with the reason if it was refused."""
        return self._running.ledger.records()


def _parse(scripts):
    return [fault for script in scripts for fault in faults.parse_faults(script)]


def _tls_context(folder):
    if not folder:
        return None
    return tls_material.server_context(*tls_material.make_tls_material(folder))
