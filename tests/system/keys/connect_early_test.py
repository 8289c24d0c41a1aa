#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The connection to the service is made while the key works, and serves all attempts.

A relay in front of the service sees when a client connects and when it sends.
"""

import unittest

from support import misbehaving, pki, program, token
from support.relay import Relay
from support.system_test import MintTest, make_folder
from support.terminal import ENTER, Terminal

KEY = "pkcs11:token=test;object=web"
SLOW = 1.0  # seconds for a signature


class ConnectEarlyTest(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.token.generate("EC:prime256v1"))

    def setUp(self):
        super().setUp()
        self.env = dict(self.token.env)
        self.write("token.pem", pki.pem(self.leaf))

    def serve(self, round_trip=0, tls=True, **options):
        """Starts a service behind a relay; returns the relay."""
        folder = make_folder(self) if tls else None
        self.start_own_service(tls_folder=folder, **options)
        relay = Relay(self.service.port, round_trip)
        self.addCleanup(relay.stop)
        self.service.url = f"{'https' if tls else 'http'}://localhost:{relay.port}"
        self.trust = ("--ca-bundle", self.service.ca_bundle) if tls else ()
        return relay

    def of_token(self, *faults, pin=token.PIN):
        """Flags of the token's key. `faults` are those of the misbehaving module."""
        module = token.MODULE
        if faults:
            module = misbehaving.module()
            self.env = misbehaving.environment(self.token.env, *faults)
        secret = ("--passin", f"pass:{pin}") if pin else ()
        return (
            *("--certificate", "token.pem", "--private-key", KEY, "--pkcs11-lib", module),
            *secret,
            *self.trust,
        )

    def test_a_tokens_key_works_while_the_connection_is_made(self):
        relay = self.serve()
        self.mint(*self.of_token(f"slow={1000 * SLOW:.0f}"))
        [times] = relay.sent
        self.assertGreater(times[-1] - times[0], 0.9 * SLOW, "it connected when it had signed")

    def test_a_slow_connection_does_not_add_to_a_slow_key(self):
        relay = self.serve(round_trip=SLOW)
        result = self.run_program(*self.arguments(*self.of_token(f"slow={1000 * SLOW:.0f}")))
        self.assertEqual(result.status, program.SUCCESS, str(result))
        self.assertEqual(len(relay.sent), 1)
        # The handshake and the answer take a round trip each.
        self.assertLess(result.seconds, 2 * SLOW + 0.7, str(result))

    def test_nothing_connects_before_a_pin_is_typed(self):
        relay = self.serve()
        terminal = Terminal(self, self.arguments(*self.of_token(pin="")), self.folder, self.env)
        terminal.wait_for("credmint: PIN for token 'test': ")
        self.assertEqual(relay.sent, [])
        terminal.type(token.PIN + ENTER)
        result = terminal.finish()
        self.assertEqual((result.status, len(relay.sent)), (program.SUCCESS, 1), str(result))

    def test_nothing_is_sent_if_the_pin_is_wrong(self):
        self.serve()
        self.mint_fails_locally(program.KEY, "PIN", *self.of_token(pin="0000"))

    def test_a_connection_that_hangs_delays_no_failure_of_the_key(self):
        self.serve(round_trip=10)
        result = self.mint_fails(program.KEY, "PIN", *self.of_token(pin="0000"))
        self.assertLess(result.seconds, 5, str(result))

    def test_a_module_that_crashes_is_reported_as_before(self):
        self.serve()
        self.mint_fails(program.KEY, "the PKCS#11 module", *self.of_token("abort=C_Sign"))

    def test_a_cached_answer_connects_to_nothing(self):
        relay = self.serve()
        flags = (*self.of_token(), "--cache")
        self.env = self.env | {"XDG_RUNTIME_DIR": str(make_folder(self))}
        self.succeed(*self.arguments(*flags))
        self.succeed(*self.arguments(*flags))
        self.assertEqual(len(relay.sent), 1)

    def test_a_corrected_clock_uses_the_same_connection(self):
        for flags in (self.write_identity, self.of_token):
            with self.subTest(flags.__name__):
                relay = self.serve(clock_offset=-1200)
                _, records = self.mint_with_records(*flags(), *self.trust)
                self.assertEqual((len(records), len(relay.sent)), (2, 1))

    def test_a_further_attempt_uses_the_same_connection(self):
        relay = self.serve(fail=["503"])
        _, records = self.mint_with_records(*self.write_identity(), *self.trust)
        self.assertEqual((len(records), len(relay.sent)), (2, 1))

    def test_a_connection_that_the_service_closed_is_made_again(self):
        relay = self.serve(fail=["reset"])
        self.mint_with_records(*self.write_identity(), *self.trust)
        self.assertEqual(len(relay.sent), 2)

    def test_plain_http_connects_early_too(self):
        relay = self.serve(tls=False)
        self.mint(*self.of_token())
        self.assertEqual(len(relay.sent), 1)


if __name__ == "__main__":
    unittest.main()
