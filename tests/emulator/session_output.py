# SPDX-License-Identifier: Apache-2.0
"""The body of the 201 response for a granted session. Its credentials are random and worthless."""

import base64
import datetime
import secrets
import string
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

_KEY_ID_ALPHABET = string.ascii_uppercase + "234567"


def session_output(session, leaf, now, lifetime_seconds):
    """The body for `session` (a SessionInput), requested with the certificate `leaf`."""
    partition, account = session.role_arn.split(":")[1], session.role_arn.split(":")[4]
    role_name = session.role_arn.rpartition("/")[2]
    session_name = session.role_session_name or f"{leaf.serial_number:x}"
    return {
        "credentialSet": [
            {
                "assumedRoleUser": {
                    "arn": f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}",
                    "assumedRoleId": f"AROA{_key_id_part()}:{session_name}",
                },
                "credentials": random_credentials(now + datetime.timedelta(seconds=lifetime_seconds)),
                "packedPolicySize": 6,
                "roleArn": session.role_arn,
                "sourceIdentity": source_identity(leaf),
            }
        ],
        "subjectArn": subject_arn(session.trust_anchor_arn, leaf),
    }


def random_credentials(expiration):
    return {
        "accessKeyId": f"ASIA{_key_id_part()}",
        "secretAccessKey": base64.b64encode(secrets.token_bytes(30)).decode(),
        "sessionToken": base64.b64encode(secrets.token_bytes(600)).decode(),
        "expiration": expiration.strftime(TIMESTAMP_FORMAT),
    }


def source_identity(leaf):
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        digits = f"{leaf.serial_number:X}"
        return "ID=" + digits.zfill(len(digits) + len(digits) % 2)
    common_name = names[0].value
    return common_name if len(common_name) > 61 else f"CN={common_name}"


def subject_arn(trust_anchor_arn, leaf):
    """The subject's ARN. A certificate always has the same one."""
    subject = uuid.UUID(bytes=leaf.fingerprint(hashes.SHA256())[:16], version=4)
    return f"{trust_anchor_arn.rpartition(':')[0]}:subject/{subject}"


def _key_id_part():
    return "".join(secrets.choice(_KEY_ID_ALPHABET) for _ in range(16))
