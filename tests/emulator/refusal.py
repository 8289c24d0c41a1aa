# SPDX-License-Identifier: Apache-2.0
"""The refusals of the service.

A Refusal has two texts. The client gets `message`, in the words of the real service if they are
known. The log gets `reason`, the exact cause, which tests assert.
"""


class Refusal(Exception):
    """Raised for a request that gets an error response."""

    def __init__(self, status, code, message, reason):
        super().__init__(reason)
        self.status = status
        self.code = code
        self.message = message
        self.reason = reason


def access_denied(message, reason):
    return Refusal(403, "AccessDeniedException", message, reason)


def invalid_signature(reason):
    return access_denied("Invalid signature", reason)


def insufficient_certificate(reason):
    return access_denied("Untrusted certificate. Insufficient certificate", reason)


def untrusted_certificate(reason):
    return access_denied("Untrusted signing certificate", reason)


def not_found(message, reason):
    return Refusal(404, "ResourceNotFoundException", message, reason)


def invalid_input(message, reason=None):
    return Refusal(400, "ValidationException", message, reason or message)


def unreadable_input(reason):
    return Refusal(400, "SerializationException", "The request body could not be read.", reason)


def constraint_violations(violations):
    """A refusal with all (field, value, constraint) in one sentence, as the service writes it."""
    found = "; ".join(
        f"Value {'null' if value is None else repr(str(value))} at '{field}' failed to satisfy constraint: {constraint}"
        for field, value, constraint in violations
    )
    plural = "error" if len(violations) == 1 else "errors"
    return invalid_input(f"{len(violations)} validation {plural} detected: {found}")
