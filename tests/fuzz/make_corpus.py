#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the binary files of the corpora, which nobody can write by hand: make_corpus.py

The names of the folders are those of the fuzzers, whose first lines say what they are fed. All
numbers and keys are invented, or are constants of the curves. Text files are not written here.
"""

import pathlib
import re
import struct
import subprocess
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

_FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_FOLDER.parent / "system"))

from support import asn1, pki, tpm_policy, tss2  # noqa: E402

_KEY_FILE_TEST = _FOLDER.parent / "unit/providers/tpm2/keyfile/tss2_key_file_test.cc"

# The generator of P-256, and the public key of RFC 8032's first test. The RSA modulus is none.
_P256 = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_ED25519 = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
_MODULUS = b"\xc0" + bytes((i * 37 + 11) % 256 for i in range(254)) + b"\x01"


def _write(folder, name, contents):
    (_FOLDER / "corpus" / folder).mkdir(exist_ok=True)
    (_FOLDER / "corpus" / folder / name).write_bytes(contents)


# --- distinguished names --------------------------------------------------------------------------
_OIDS = {
    "C": "550406",
    "O": "55040a",
    "OU": "55040b",
    "CN": "550403",
    "serialNumber": "550405",
    "emailAddress": "2a864886f70d010901",
}
_UTF8, _PRINTABLE, _IA5, _BMP = 0x0C, 0x13, 0x16, 0x1E


def _name(*rdns):
    return asn1.element(
        0x30,
        *(
            asn1.element(
                0x31,
                *(
                    asn1.element(
                        0x30,
                        asn1.element(6, bytes.fromhex(_OIDS[kind])),
                        asn1.element(tag, value),
                    )
                    for kind, tag, value in rdn
                ),
            )
            for rdn in rdns
        ),
    )


def _selectors():
    web = _name(
        [("OU", _UTF8, b"Lab")], [("O", _UTF8, b"Example, Inc.")], [("CN", _PRINTABLE, b"web 1")]
    )
    several = _name(
        [("C", _PRINTABLE, b"DE")],
        [("OU", _UTF8, b"A"), ("OU", _UTF8, b"B")],
        [("emailAddress", _IA5, b"a@b")],
        [("serialNumber", _PRINTABLE, b"7")],
        [("CN", _BMP, b"\0w\0e")],
    )
    subject = "Key=x509Subject,Value="
    for name, text, der in (
        ("pairs", f"{subject}CN=web 1,O=Example\\, Inc.,OU=Lab Key=x509Serial,Value=0A:1b", web),
        ("json", '[{"Key": "x509Issuer", "Value": "OU=Lab,O=\\"Example, Inc.\\",CN=web 1"}]', web),
        ("slashes", "/C=DE/OU=A+OU=B/emailAddress=a@b/serialNumber=7/CN=we", several),
        ("helper", "SERIALNUMBER=7,CN=we,OU=A+OU=B,C=DE,1.2.840.113549.1.9.1=#0c03614062", several),
        ("windows", f'{subject}CN="we", SERIALNUMBER=7, E=a@b, OU=A + OU=B, C=DE', several),
    ):
        _write("certificate_selector", name, text.encode() + b"\n" + der)


# --- key processes --------------------------------------------------------------------------------
_LOAD, _SIGN, _RELEASE, _SECRET = 1, 2, 3, 4
_KEY, _CERTIFICATE, _NAME, _DONE, _ASK_SECRET, _ASK_SIGNATURE, _LOG, _LOGIN, _CALLS = range(17, 26)
_SIGNATURE, _ERROR = 32, 33


def _number(value):
    return struct.pack(">I", value)


def _text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return _number(len(value)) + value


def _key(number, kind, group="", point=b"", modulus=b"", exponent=b""):
    return _number(number) + b"".join(map(_text, (kind, group, point, modulus, exponent)))


_EC_KEY = _key(1, "EC", group="prime256v1", point=_P256)
_RSA_KEY = _key(2, "RSA", modulus=_MODULUS, exponent=b"\1\0\1")
_ED25519_KEY = _key(3, "ED25519", point=_ED25519)
_BODIES = {
    _LOAD: b"".join(
        (
            b"\2\0",  # version, form of the place
            _text("pkcs11:token=prod"),
            _text(""),
            b"\0",
            _text("provider=credmint-pkcs11"),
            _number(1) + _text("a") + _text("b"),
            _number(1) + _text("pin") + _text("1234"),
            _number(1) + _text("keys") + _text(b"\1\2"),
            _number(1) + _text("legacy"),
            b"\1\1",  # the sandbox: no network, programs
            _number(1) + _text("/var/lib/token"),
            _number(1) + _text("/home/web/pin"),
            _text("/home/web"),
            _text("signer"),
            _EC_KEY[4:],
        )
    ),
    _SIGN: b"".join(
        (
            _number(1),
            b"\1",  # RSA-PSS
            _text("SHA256") + _text(bytes(32)),
            _text("SHA256") + _number(32),
            b"\1" + _text("message"),
        )
    ),
    _RELEASE: _number(1),
    _SECRET: _text("1234"),
    _KEY: _EC_KEY,
    _CERTIFICATE: _text("der"),
    _NAME: _text("pkcs11:object=a") + _text('{"label":"a"}'),
    _DONE: b"",
    _ASK_SECRET: b"\1" + _text("token 'prod'"),
    _LOG: b"\1" + _text("line"),
    _LOGIN: _number(1),
    _CALLS: _text("C_Sign"),
    _SIGNATURE: _text(bytes.fromhex("3006020101020101")),
    _ERROR: _number(9) + _text("failed") + _text("hint") + _number(100) + _number(3),
}
_BODIES[_ASK_SIGNATURE] = _BODIES[_SIGN]


def _framed(call, kind, body=None):
    body = _BODIES[kind] if body is None else body
    return _number(5 + len(body)) + _number(call) + bytes([kind]) + body


def _said(kind, body=None, call=1):
    body = _BODIES[kind] if body is None else body
    return struct.pack(">H", len(body) + 2) + bytes([call, kind]) + body


def _key_processes():
    for kind, body in _BODIES.items():
        _write("key_process_messages", f"kind_{kind}", bytes([kind]) + body)
    _write("key_process_messages", "rsa", bytes([_KEY]) + _RSA_KEY)
    cut = _BODIES[_LOAD].index(_number(1) + _text("a"))
    many = bytes([_LOAD]) + _BODIES[_LOAD][:cut] + b"\xff" * 4
    _write("key_process_messages", "many_parameters", many)

    asks, answers = b"\0", b"\1"
    _write("channel", "asks", asks + _framed(1, _SIGNATURE) + _framed(0, _LOG) + _framed(2, _DONE))
    _write("channel", "nobody_asked", asks + _framed(1, _DONE) + _framed(7, _DONE))
    asked = _framed(1, _LOAD) + _framed(2, _SIGN) + _framed(1, _SECRET)
    _write("channel", "answers", answers + asked)
    _write("channel", "cut_off", answers + _framed(1, _DONE) + _framed(2, _SIGN)[:-1])
    _write("channel", "too_long", asks + b"\x7f\xff\xff\xff" + bytes(9))
    _write("channel", "too_short", asks + _number(4) + _number(1))

    no_policy, policy = b"\0", b"\1"
    for name, key, signature in (
        ("ec", _EC_KEY, bytes.fromhex("3006020101020101")),
        ("rsa", _RSA_KEY, bytes(256)),
        ("ed25519", _ED25519_KEY, bytes(64)),
    ):
        loaded = no_policy + _said(_KEY, key) + _said(_DONE)
        _write("key_process", name, loaded + _said(_SIGNATURE, _text(signature), call=2))
    _write("key_process", "names", no_policy + _said(_NAME) + _said(_CERTIFICATE) + _said(_DONE))
    _write("key_process", "error", no_policy + _said(_ERROR))
    _write("key_process", "ends_in_login", no_policy + _said(_LOGIN))
    _write(
        "key_process",
        "questions",
        policy
        + _said(_LOGIN)
        + _said(_ASK_SECRET)
        + _said(_LOGIN, _number(2))
        + _said(_LOG, call=0)
        + _said(_KEY)
        + _said(_DONE)
        + _said(_ASK_SIGNATURE, call=2)
        + _said(_ERROR, call=2),
    )


# --- PKCS#11 modules ------------------------------------------------------------------------------
def _pkcs11_modules():
    """Honest tokens, and one that lies about everything a little."""
    ec, rsa, ed25519 = range(3)
    key, certificate, listing, listing_all = 0, 1, 2, 0x12
    for name, choice in (
        ("ec_key", (0, ec, key)),
        ("rsa_key", (0, rsa, key)),
        ("ed25519_key", (0, ed25519, key)),
        ("certificate", (1, ec, certificate)),
        ("listing", (0, ec, listing)),
        ("listing_all", (1, rsa, listing_all)),
        ("named", (2, ec, 0xE0)),
    ):
        _write("pkcs11_module", name, bytes(choice))
    lies = bytes(0xFF if i % 7 == 6 else 0 for i in range(256))
    for kind in (key, certificate, listing):
        _write("pkcs11_module", f"lies_{kind}", bytes((0, ec, kind)) + lies)


# --- certificates and keys in files ---------------------------------------------------------------
_ONE = ec.derive_private_key(1, ec.SECP256R1())  # everybody's
_PASSPHRASE = "secret"


def _openssl(*arguments, contents):
    return subprocess.run(
        ["openssl", *arguments], input=contents, stdout=subprocess.PIPE, check=True
    ).stdout


def _certificates():
    root = pki.make_root()
    below = root.make_intermediate("below")
    leaf = below.issue(_ONE.public_key())
    all_pem = pki.pem(leaf, below.certificate, root.certificate)
    bundle = _openssl("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", contents=all_pem)
    trusted = _openssl("x509", "-trustout", "-addtrust", "clientAuth", contents=pki.pem(leaf))
    # The characters after `everything` are the numbers of the certificates in MakePki().
    everything = "".join(map(str, range(9)))
    for name, chosen, contents in (
        ("chain.pem", "", all_pem),
        ("pkcs7.pem", "", bundle),
        ("pkcs7.der", "", _openssl("pkcs7", "-outform", "DER", contents=bundle)),
        ("trusted.pem", "", trusted),
        ("cross_signed", everything, b""),
        ("twice", "88776655", b""),
        ("cut_off.pem", "", all_pem[:-40]),
        ("label.pem", "", b"-----BEGIN \x1b[2J-----\n" + all_pem),
    ):
        _write("certificates", name, f"{chosen}\n".encode() + contents)
    return leaf


def _key_files(leaf):
    plain = pki.pkcs8_pem(_ONE)
    rsa_key = _openssl("genrsa", "-traditional", "512", contents=b"")
    once = ("-iter", "1")
    hidden = ("-passout", f"pass:{_PASSPHRASE}")
    to_pkcs8 = ("pkcs8", "-topk8", *hidden)
    scrypt = ("-scrypt", "-scrypt_N", "2", "-scrypt_r", "1", "-scrypt_p", "1")
    pbe = ("-v1", "PBE-SHA1-3DES")
    to_request = ("req", "-new", "-key", "/dev/stdin", "-subj", "/CN=a")
    openssh = "-----{} OPENSSH PRIVATE KEY-----\n"
    both = plain + pki.pem(leaf)
    for name, contents in (
        ("pkcs8.pem", plain),
        ("pkcs8.der", pki.pkcs8_der(_ONE)),
        ("sec1.pem", pki.traditional_pem(_ONE)),
        ("sec1.der", pki.traditional_der(_ONE)),
        ("pkcs1.der", _openssl("rsa", "-traditional", "-outform", "DER", contents=rsa_key)),
        ("pbkdf2.pem", _openssl(*to_pkcs8, *once, contents=plain)),
        ("pbkdf2.der", _openssl(*to_pkcs8, *once, "-outform", "DER", contents=plain)),
        ("pbe.der", _openssl(*to_pkcs8, *once, *pbe, "-outform", "DER", contents=plain)),
        ("scrypt.der", _openssl(*to_pkcs8, *scrypt, "-outform", "DER", contents=plain)),
        ("old_encryption.pem", _openssl("ec", "-aes128", *hidden, contents=plain)),
        ("pkcs12.der", _pkcs12(leaf, _PASSPHRASE.encode())),
        ("pkcs12_plain.der", _pkcs12(leaf, None)),
        ("both.pem", both),
        ("escaped.pem", plain.replace(b"\n", b"\\n")),
        ("utf16.pem", plain.decode().encode("utf-16")),
        ("public.pem", _openssl("ec", "-pubout", contents=plain)),
        ("request.pem", _openssl(*to_request, contents=plain)),
        ("jks", b"\xfe\xed\xfe\xed\0\0\0\2" + bytes(16)),
        (
            "openssh",
            f"{openssh.format('BEGIN')}b3BlbnNzaC1rZXktdjEA\n{openssh.format('END')}".encode(),
        ),
        ("putty", b"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\n"),
    ):
        _write("key_file", name, contents)


def _pkcs12(leaf, passphrase):
    encryption = serialization.NoEncryption()
    if passphrase:
        encryption = (
            serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(passphrase)
        )
    return pkcs12.serialize_key_and_certificates(b"web", _ONE, leaf, [leaf], encryption)


# --- TPM key files --------------------------------------------------------------------------------
def _tss2_key_files():
    """The key file of the unit test, with every field and policy."""
    lines = re.search(r'kPem =\n((?: +"[^"]*"\n?)+)', _KEY_FILE_TEST.read_text()).group(1)
    pem = "".join(f"{line}\n" for line in re.findall(r'"([^"]*)\\n"', lines)).encode()
    _write("tss2_key_file", "loadable.pem", pem)
    der = tss2.to_der(pem)
    _write("tss2_key_file", "loadable.der", der)
    public, private = tss2.parts(der)
    policy = tpm_policy.Policy()
    policy.auth_value().password().command_code(tpm_policy.SIGN)
    policy.secret(tpm_policy.OWNER).signed(public, b"ref").any_of(tpm_policy.Policy())
    pcrs = tpm_policy.sized(bytes(32)) + b"\0\0\0\1\0\x0b\3\x81\0\1"
    policy.commands.append((tpm_policy.POLICY_PCR, pcrs))
    signature = b"\0\x18\0\x0b" + 2 * tpm_policy.sized(bytes(32))
    authorize = (tpm_policy.POLICY_AUTHORIZE, public + tpm_policy.sized(b"") + signature)
    files = {
        "policy": tss2.KeyFile(public, private, policy=policy.commands),
        "signed_policy": tss2.KeyFile(
            public,
            private,
            policy=tpm_policy.Policy().authorize(public).commands,
            auth_policy=[("now", [*policy.commands, authorize]), (None, [authorize])],
        ),
        "importable": tss2.KeyFile(
            public,
            private,
            parent=tss2.old_integer(0x81000001),
            kind=tss2.IMPORTABLE,
            secret=tpm_policy.sized(bytes(34)),
            description="web",
            rsa_parent=True,
        ),
        "later_fields": tss2.KeyFile(
            public,
            private,
            parent=0,
            empty_auth=tss2.TRUE_OF_OLD_WRITERS,
            later=((7, tss2.utf8("x")),),
        ),
        "sealed": tss2.KeyFile(public, private, kind=tss2.SEALED),
    }
    for name, file in files.items():
        _write("tss2_key_file", f"{name}.der", file.der())


# --- message bus ----------------------------------------------------------------------------------
def _dbus_message(kind, serial, fields, body=b""):
    """A message in the byte order of most machines. `fields` are (code, type, value)."""
    marshalled = b""
    for code, signature, value in fields:
        marshalled += bytes(-len(marshalled) % 8) + bytes([code, 1]) + signature.encode() + b"\0"
        if signature == "u":
            marshalled += struct.pack("<I", value)
        else:
            marshalled += struct.pack("<I", len(value)) + value.encode() + b"\0"
    header = b"l" + bytes([kind, 0, 1]) + struct.pack("<III", len(body), serial, len(marshalled))
    return header + marshalled + bytes(-len(marshalled) % 8) + body


def _dbus_answers():
    answer, error, signal = 2, 3, 4
    serial_answered, error_name, unique_name = 5, 4, 6
    hello = _dbus_message(answer, 1, [(serial_answered, "u", 1), (unique_name, "s", ":1.2")])
    acquired = _dbus_message(signal, 2, [(2, "s", "a.b"), (1, "o", "/a")])
    created = _dbus_message(answer, 3, [(serial_answered, "u", 2)])
    text = struct.pack("<I", 9) + b"not there\0"
    refused = _dbus_message(
        error, 3, [(error_name, "s", "a.b.ServiceUnknown"), (serial_answered, "u", 2)], text
    )
    response = b"\x80\x01" + struct.pack(">II", 14, 0) + b"good"

    def write(name, choice, *records):
        sized = (struct.pack(">H", len(record)) + record for record in records)
        _write("dbus_answers", name, bytes([choice]) + b"".join(sized))

    write("created", 0, hello + acquired, created, response + response[:-1])
    write("refused", 2, hello, refused)
    write("no_greeting", 1, b"REJECTED EXTERNAL\r\n")
    write("no_descriptors", 1, b"OK 0\r\nERROR\r\n")


if __name__ == "__main__":
    _selectors()
    _key_processes()
    _pkcs11_modules()
    _key_files(_certificates())
    _tss2_key_files()
    _dbus_answers()
