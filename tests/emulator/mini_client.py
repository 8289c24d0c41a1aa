# SPDX-License-Identifier: Apache-2.0
"""A client and a CA for the tests of the emulator, which share no code with it.

Every part of a Draft, a request, can be changed. A change before signing makes an invalid request
with a valid signature; one after signing makes a request that was tampered with.
"""

import base64
import datetime
import hashlib
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

REGION = "us-east-1"
PROFILE = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/00000000-0000-4000-8000-000000000001"
TRUST_ANCHOR = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000002"
ROLE = "arn:aws:iam::111122223333:role/path/demo"

DAY = datetime.timedelta(days=1)


class Identity:
    """A certificate and its key. The issuer signs it; without an issuer it is self-signed."""

    def __init__(
        self, name, issuer=None, ca=False, key=None, serial=None, begin=None, end=None, hash_algorithm=hashes.SHA256(),
        digital_signature=None, cert_sign=None, path_length=None, extensions=(), signer_key=None,
    ):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(begin or now - DAY)
            .not_valid_after(end or now + DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        )
        signs = not ca if digital_signature is None else digital_signature
        certifies = ca if cert_sign is None else cert_sign
        if signs or certifies:
            usage = x509.KeyUsage(signs, False, False, False, False, certifies, certifies, False, False)
            builder = builder.add_extension(usage, critical=True)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        signer = signer_key or (issuer.key if issuer else self.key)
        self.certificate = builder.sign(signer, hash_algorithm)

    @classmethod
    def load(cls, certificate, key):
        identity = cls.__new__(cls)
        identity.certificate, identity.key = certificate, key
        return identity

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def header(self):
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()


def default_members(**changes):
    members = {"durationSeconds": 3600, "profileArn": PROFILE, "roleArn": ROLE, "trustAnchorArn": TRUST_ANCHOR}
    return {name: value for name, value in (members | changes).items() if value is not None}


class Draft:
    """A CreateSession request by `identity`. The canonical request uses these values unchanged."""

    def __init__(self, identity, chain=(), members=None, now=None, host="localhost", region=REGION):
        now = now or datetime.datetime.now(datetime.timezone.utc)
        self.identity = identity
        self.method, self.path, self.query = "POST", "/sessions", ""
        self.headers = {
            "Content-Type": "application/json",
            "Host": host,
            "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
            "X-Amz-X509": identity.header,
        }
        if chain:
            self.headers["X-Amz-X509-Chain"] = ",".join(each.header for each in chain)
        self.unsigned_headers = {"User-Agent": "mini_client"}
        self.body = json.dumps(default_members() if members is None else members)
        is_rsa = isinstance(identity.key, rsa.RSAPrivateKey)
        self.algorithm = "AWS4-X509-RSA-SHA256" if is_rsa else "AWS4-X509-ECDSA-SHA256"
        self.serial = str(identity.certificate.serial_number)
        self.scope = f"{now:%Y%m%d}/{region}/rolesanywhere/aws4_request"
        self.canonical_query = ""
        self.authorization = None

    def canonical_request(self):
        headers = sorted((name.lower(), value) for name, value in self.headers.items())
        lines = [self.method, self.path, self.canonical_query, *(f"{name}:{value}" for name, value in headers)]
        lines += ["", self.signed_headers(), hashlib.sha256(self.body.encode()).hexdigest()]
        return "\n".join(lines)

    def signed_headers(self):
        return ";".join(sorted(name.lower() for name in self.headers))

    def string_to_sign(self):
        digest = hashlib.sha256(self.canonical_request().encode()).hexdigest()
        return "\n".join([self.algorithm, self.headers["X-Amz-Date"], self.scope, digest])

    def sign(self):
        message, key = self.string_to_sign().encode(), self.identity.key
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        else:
            signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
        self.authorization = (
            f"{self.algorithm} Credential={self.serial}/{self.scope}, "
            f"SignedHeaders={self.signed_headers()}, Signature={signature.hex()}"
        )
        return self

    def wire(self):
        """The bytes to send, without headers that are None."""
        headers = self.headers | self.unsigned_headers | {"Authorization": self.authorization}
        headers |= {"Content-Length": len(self.body.encode())}
        lines = [f"{self.method} {self.path}{'?' + self.query if self.query else ''} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join([*lines, "", self.body]).encode()
