#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that are too weak are refused before anything is sent."""

import unittest

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support import pki, program
from support.cases import each, expand
from support.system_test import MintTest

HINT = "use another key; for tests only, --allow-weak-key accepts this one"
RSA = "the key is too weak: RSA with {} bits, 2048 are the least"
CURVE = "the key is on the curve {}, not on P-256, P-384 or P-521"
WEAK = {
    "rsa_1024": (lambda: rsa.generate_private_key(65537, 1024), RSA.format(1024)),
    "rsa_2040": (lambda: rsa.generate_private_key(65537, 2040), RSA.format(2040)),
    "p_224": (lambda: ec.generate_private_key(ec.SECP224R1()), CURVE.format("secp224r1")),
    "secp256k1": (lambda: ec.generate_private_key(ec.SECP256K1()), CURVE.format("secp256k1")),
    "brainpool": (
        lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
        CURVE.format("brainpoolP256r1"),
    ),
}


@expand
class WeakKeys(MintTest):
    def setUp(self):
        super().setUp()
        self.start_own_service()

    @each(**WEAK)
    def test_is_refused_before_it_is_sent(self, weak):
        make, reason = weak
        flags = self.write_identity(make())
        clause = f"certificate CN=web: {reason}"
        self.fail_with(program.KEY, clause, *self.arguments(*flags), hint=HINT)
        self.fail_with(program.KEY, reason, "sign-string", *flags, hint=HINT)
        self.assertEqual(self.service.requests(), [])
        text = self.succeed("read-certificate-data", "--format", "text", *flags[:2]).decode()
        self.assertIn(f"as leaf  refused: {reason}\n", text)

    @each(rsa_1024=WEAK["rsa_1024"], secp256k1=WEAK["secp256k1"])
    def test_is_used_where_that_is_allowed(self, weak):
        make, _ = weak
        flags = self.write_identity(make())
        self.mint(*flags, "--allow-weak-key")
        self.succeed("sign-string", *flags, "--allow-weak-key")

    @each("P256", "P384", "P521", "RSA2048", "RSA3072")
    def test_is_no_key_of(self, kind):
        self.mint(*self.write_identity(pki.make_key(kind)))

    def test_what_a_weak_key_has_put_into_the_cache_is_for_those_who_allow_it(self):
        make, reason = WEAK["rsa_1024"]
        arguments = self.arguments(*self.write_identity(make()), "--cache")
        (self.folder / "run").mkdir(mode=0o700)
        self.env["XDG_RUNTIME_DIR"] = str(self.folder / "run")
        self.succeed(*arguments, "--allow-weak-key")
        self.fail_with(program.KEY, reason, *arguments)


if __name__ == "__main__":
    unittest.main()
