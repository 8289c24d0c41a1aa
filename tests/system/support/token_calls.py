# SPDX-License-Identifier: Apache-2.0
"""The PKCS#11 calls of a mint, by what they are for, as functions' names in order."""

START = ["C_GetFunctionList", "C_Initialize"]
SEARCH = ["C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal"]
READ = ["C_GetAttributeValue"]
SIGN = ["C_SignInit", "C_Sign"]
END = ["C_Finalize"]
# RSA keys hold their public half. For an EC key, the public key object has it.
KEY = {"RSA": [*SEARCH, *READ], "EC": [*SEARCH, *READ, *SEARCH, *READ]}


def look_at_tokens(count=1):
    """The calls that find a token among `count` and the blank one that SoftHSM always shows."""
    return ["C_GetSlotList", *["C_GetTokenInfo"] * (count + 1)]


def cold(kind, tokens=1):
    """The calls of a mint whose certificate is in a file."""
    log_in = ["C_OpenSession", "C_Login"]
    return [*START, *look_at_tokens(tokens), *log_in, *KEY[kind], *SIGN, *END]


def cold_with_certificate(kind, tokens=1):
    """The same with the certificate on the token, and a search for issuers beside it."""
    find = [*START, *look_at_tokens(tokens), "C_OpenSession", *SEARCH, *READ]
    log_in = ["C_GetSessionInfo", "C_GetTokenInfo", "C_Login"]  # the PIN's state, just before
    return [*find, *log_in, *KEY[kind], *SEARCH, *READ, *SIGN, *END]
