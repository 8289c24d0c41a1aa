# SPDX-License-Identifier: Apache-2.0
"""Policies of TPM keys: their digests (TPM 2.0 Part 3 section 23), and their form in key files
(draft-bottomley-tpm2-keys). Digests are computed here, independently; the TPM verifies them.

    policy = Policy().pcr(tpm, 16).auth_value()
    tpm.make_policy_key(policy.digest) ... tss2.KeyFile(..., policy=policy.commands)
"""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

COMMAND_CODES = range(0x11F, 0x19F)  # all, TPM 2.0 Part 2 section 6.5.2

SIGN = 0x15D

POLICY_NV = 0x149
POLICY_SECRET = 0x151
POLICY_SIGNED = 0x160
POLICY_AUTHORIZE = 0x16A
POLICY_AUTH_VALUE = 0x16B
POLICY_COMMAND_CODE = 0x16C
POLICY_LOCALITY = 0x16F
POLICY_OR = 0x171
POLICY_PCR = 0x17F
POLICY_PASSWORD = 0x18C

_SHA256 = b"\x00\x0b"
_NULL = b"\x00\x10"
_ECDSA = b"\x00\x18"
_NOTHING_YET = bytes(32)
OWNER = 0x40000001


def sized(contents):
    """The contents as a TPM2B."""
    return len(contents).to_bytes(2, "big") + contents


def name_of(public):
    """The name of an object, from its marshalled TPM2B_PUBLIC."""
    return _SHA256 + _hash(public[2:])


class Policy:
    """A SHA-256 policy digest, extended step by step, and the steps as (command code, body)."""

    def __init__(self):
        self.digest = _NOTHING_YET
        self.commands = []

    def pcr(self, tpm, *numbers):
        """Requires the current values of these PCRs in the SHA-256 bank."""
        bits = sum(1 << number for number in numbers)
        selection = _number(1) + _SHA256 + b"\x03" + bits.to_bytes(3, "little")
        values = _hash(tpm.pcr_values(*numbers))
        return self._extend(POLICY_PCR, selection + values, sized(values) + selection)

    def auth_value(self):
        return self._extend(POLICY_AUTH_VALUE, b"", b"")

    def password(self):
        """Has the same digest as auth_value()."""
        self._extend(POLICY_AUTH_VALUE, b"", b"")
        self.commands[-1] = (POLICY_PASSWORD, b"")
        return self

    def command_code(self, code):
        return self._extend(POLICY_COMMAND_CODE, _number(code), _number(code))

    def secret(self, handle, name=None, reference=b"", hint=None):
        name = name or _number(handle)
        body = _number(handle if hint is None else hint) + sized(name) + sized(reference)
        return self._extend_twice(POLICY_SECRET, name, reference, body)

    def signed(self, public, reference=b""):
        body = public + sized(reference)
        return self._extend_twice(POLICY_SIGNED, name_of(public), reference, body)

    def any_of(self, *others):
        """Adds PolicyOR: the digest so far must be that of this policy or of one of the others."""
        digests = [self.digest, *(other.digest for other in others)]
        self.digest = _hash(_NOTHING_YET, _number(POLICY_OR), *digests)
        body = _number(len(digests)) + b"".join(sized(digest) for digest in digests)
        self.commands.append((POLICY_OR, body))
        return self

    def authorize(self, public, reference=b""):
        """Accepts any policy that the owner of the key `public` signs. Must be the first step."""
        self.digest = _NOTHING_YET
        body = public + sized(reference) + _NULL
        return self._extend_twice(POLICY_AUTHORIZE, name_of(public), reference, body)

    def signed_by(self, key, public, reference=b""):
        """Signs the steps of this policy for authorize() with the owner's EC key."""
        approved = _hash(self.digest, reference)
        signature = key.sign(approved, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        numbers = [n.to_bytes(32, "big") for n in utils.decode_dss_signature(signature)]
        ecdsa = _ECDSA + _SHA256 + b"".join(sized(number) for number in numbers)
        return [*self.commands, (POLICY_AUTHORIZE, public + sized(reference) + ecdsa)]

    def _extend(self, code, extension, body):
        self.digest = _hash(self.digest, _number(code), extension)
        self.commands.append((code, body))
        return self

    def _extend_twice(self, code, name, reference, body):
        self._extend(code, name, body)
        self.digest = _hash(self.digest, reference)
        return self


def _number(value):
    return value.to_bytes(4, "big")


def _hash(*parts):
    return hashlib.sha256(b"".join(parts)).digest()
