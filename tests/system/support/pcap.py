# SPDX-License-Identifier: Apache-2.0
"""Reads the TPM commands of a program from the pcapng file of tpm2-tss's TCTI `pcap`."""

import struct

_ENHANCED_PACKET = 6
_RETRY = 0x922
COMMANDS = {  # TPM 2.0 Part 2 section 6.5.2
    0x120: "EvictControl",
    0x131: "CreatePrimary",
    0x122: "NV_UndefineSpace",
    0x12A: "NV_DefineSpace",
    0x137: "NV_Write",
    0x14E: "NV_Read",
    0x144: "Startup",
    0x151: "PolicySecret",
    0x153: "Create",
    0x156: "Import",
    0x157: "Load",
    0x15D: "Sign",
    0x160: "PolicySigned",
    0x165: "FlushContext",
    0x167: "LoadExternal",
    0x169: "NV_ReadPublic",
    0x16A: "PolicyAuthorize",
    0x16B: "PolicyAuthValue",
    0x173: "ReadPublic",
    0x176: "StartAuthSession",
    0x177: "VerifySignature",
    0x17A: "GetCapability",
    0x17E: "PCR_Read",
    0x17F: "PolicyPCR",
    0x189: "PolicyGetDigest",
    0x18A: "TestParms",
}


def commands(path):
    """The names of the commands, in order. A code without a name here is a hexadecimal number.

    A command that the TPM answers with TPM_RC_RETRY counts once, although tpm2-tss sends it again.
    A TPM does so when it records the first use of a key that counts wrong tries.
    """
    messages = [message for message in map(_tpm_message, _packets(path.read_bytes())) if message]
    answered = zip(messages[::2], messages[1::2])
    codes = [_code(command) for command, response in answered if _code(response) != _RETRY]
    return [COMMANDS.get(code, hex(code)) for code in codes]


def _code(message):
    """The command code of a command, the response code of a response."""
    return struct.unpack_from(">I", message, 6)[0]


def _packets(capture):
    """The packets of a little-endian pcapng file."""
    while capture:
        kind, length = struct.unpack_from("<II", capture)
        if kind == _ENHANCED_PACKET:
            (size,) = struct.unpack_from("<I", capture, 20)
            yield capture[28 : 28 + size]
        capture = capture[length:]


def _tpm_message(packet):
    """The payload of an IPv4 and TCP packet; empty for handshake packets."""
    ip_header = 4 * (packet[0] & 0x0F)
    tcp_header = 4 * (packet[ip_header + 12] >> 4)
    return packet[ip_header + tcp_header :]
