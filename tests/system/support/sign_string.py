# SPDX-License-Identifier: Apache-2.0
"""The text that sign-string signs, built from its documentation."""

import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def message_for(public_key):
    """The text for an RSA or EC public key of python3-cryptography."""
    if isinstance(public_key, rsa.RSAPublicKey):
        encoded = public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.PKCS1
        )
    else:
        encoded = public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
    return message(encoded)


def message(encoded_public_key):
    digest = hashlib.sha256(b"IAM RA" + encoded_public_key).digest()
    return b"AWS Roles Anywhere Credential Helper Signing Test" + b"1" + digest
