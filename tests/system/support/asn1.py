# SPDX-License-Identifier: Apache-2.0
"""A DER reader and writer for tests. Tags have one byte."""


def element(tag, *parts):
    contents = b"".join(parts)
    size = len(contents)
    if size < 0x80:
        return bytes([tag, size]) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + contents


def elements(data):
    """Yields (tag, contents, whole element) for each of the consecutive elements in `data`."""
    while data:
        start, size = 2, data[1]
        if size >= 0x80:
            start += size - 0x80
            size = int.from_bytes(data[2:start], "big")
        yield data[0], data[start : start + size], data[: start + size]
        data = data[start + size :]


def integer(value):
    """The shortest INTEGER encoding of a number, which may be negative."""
    bits = (value if value >= 0 else ~value).bit_length()
    return element(0x02, value.to_bytes(bits // 8 + 1, "big", signed=True))


def explicit(number, contents):
    """Wraps an element in the context tag [number] EXPLICIT."""
    return element(0xA0 + number, contents)
