# SPDX-License-Identifier: Apache-2.0
"""Writes "TSS2 PRIVATE KEY" files (draft-bottomley-tpm2-keys) with any fields that a test needs.

The two parts of a key come from tpm2-tools (tpm2_create -u PUBLIC -r PRIVATE, tpm2_duplicate).
Those write them in the form of key files, each with its two size bytes. The other fields are
written as openssl_tpm2_engine and other tools do, which differ in details:

    tss2.KeyFile(public, private, parent=tss2.OWNER, empty_auth=True).pem()
"""

import base64
import dataclasses
import textwrap

from support import asn1

LOADABLE, IMPORTABLE, SEALED = 3, 4, 5

OWNER = 0x40000001
NULL = 0x40000007
ENDORSEMENT = 0x4000000B
PLATFORM = 0x4000000C

TRUE = b"\xff"  # as DER requires
TRUE_OF_OLD_WRITERS = b"\x01"
FALSE = b"\x00"

_BOOLEAN, _OCTETS, _IDENTIFIER, _UTF8, _SEQUENCE = 0x01, 0x04, 0x06, 0x0C, 0x30
_KEY_TYPES = bytes.fromhex("678105 0a01")  # 2.23.133.10.1


@dataclasses.dataclass(frozen=True)
class KeyFile:
    """The fields in the order of the file. An optional field that is None is omitted."""

    public: bytes  # a marshalled TPM2B_PUBLIC
    private: bytes  # a marshalled TPM2B_PRIVATE
    parent: int = OWNER  # may be negative: `old_integer(0x81000001)`
    kind: int = LOADABLE  # the last number of the object identifier
    empty_auth: bool | bytes | None = True  # a BOOLEAN, or its one byte
    policy: tuple | list | None = None  # of (command code, body)
    secret: bytes | None = None  # a marshalled TPM2B_ENCRYPTED_SECRET
    auth_policy: tuple | list | None = None  # of (name or None, policy)
    description: str | None = None
    rsa_parent: bool | bytes | None = None
    later: tuple = ()  # of (number of a context tag, element inside it): fields of later drafts

    def der(self):
        return asn1.element(
            _SEQUENCE,
            asn1.element(_IDENTIFIER, _KEY_TYPES + bytes([self.kind])),
            *(asn1.explicit(number, field) for number, field in self._optional() if field),
            asn1.integer(self.parent),
            asn1.element(_OCTETS, self.public),
            asn1.element(_OCTETS, self.private),
        )

    def pem(self):
        return to_pem(self.der())

    def _optional(self):
        return (
            (0, _if_any(_boolean, self.empty_auth)),
            (1, _if_any(_policy, self.policy)),
            (2, _if_any(octets, self.secret)),
            (3, _if_any(_auth_policy, self.auth_policy)),
            (4, _if_any(utf8, self.description)),
            (5, _if_any(_boolean, self.rsa_parent)),
            *self.later,
        )


def to_pem(contents):
    """Converts a key file from DER to PEM."""
    lines = textwrap.wrap(base64.b64encode(contents).decode(), 64)
    text = "\n".join(lines)
    return f"-----BEGIN TSS2 PRIVATE KEY-----\n{text}\n-----END TSS2 PRIVATE KEY-----\n".encode()


def to_der(pem):
    """Converts a key file from PEM to DER."""
    lines = pem.decode().splitlines()
    return base64.b64decode("".join(line for line in lines if not line.startswith("-----")))


def parts(contents):
    """(public part, private part) of a key file in DER."""
    ((_, fields, _),) = asn1.elements(contents)
    return tuple(value for tag, value, _ in asn1.elements(fields) if tag == _OCTETS)


def policy(contents):
    """The steps of the field `policy`, as (command code, body)."""
    return _steps(_field(contents, 1))


def auth_policy(contents):
    """The steps of each signed policy in the field `authPolicy`."""
    return [
        _steps(next(part for tag, part, _ in asn1.elements(signed) if tag == 0xA1))
        for _, signed, _ in _inside(_field(contents, 3))
    ]


def _field(contents, number):
    ((_, fields, _),) = asn1.elements(contents)
    return next(value for tag, value, _ in asn1.elements(fields) if tag == 0xA0 + number)


def _inside(element):
    ((_, contents, _),) = asn1.elements(element)
    return list(asn1.elements(contents))


def _steps(sequence):
    steps = []
    for _, step, _ in _inside(sequence):
        code, body = (inner for _, inner, _ in asn1.elements(step))
        ((_, number, _),), ((_, octets_inside, _),) = asn1.elements(code), asn1.elements(body)
        steps.append((int.from_bytes(number, "big"), octets_inside))
    return steps


def old_integer(handle):
    """A persistent handle as tools with 32-bit integers write it: as a negative number."""
    return handle - (1 << 32)


def octets(value):
    """An element for `later`, like utf8()."""
    return asn1.element(_OCTETS, value)


def utf8(text):
    return asn1.element(_UTF8, text.encode())


def _if_any(encode, value):
    return None if value is None else encode(value)


def _boolean(value):
    return asn1.element(_BOOLEAN, value if isinstance(value, bytes) else (FALSE, TRUE)[value])


def _policy(commands):
    return asn1.element(_SEQUENCE, *(_command(code, body) for code, body in commands))


def _command(code, body):
    return asn1.element(
        _SEQUENCE, asn1.explicit(0, asn1.integer(code)), asn1.explicit(1, octets(body))
    )


def _auth_policy(entries):
    return asn1.element(_SEQUENCE, *(_auth_entry(name, policy) for name, policy in entries))


def _auth_entry(name, policy):
    named = () if name is None else (asn1.explicit(0, utf8(name)),)
    return asn1.element(_SEQUENCE, *named, asn1.explicit(1, _policy(policy)))
