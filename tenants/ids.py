"""Identifiers that tell nothing about volume and sort by time: UUID version 7, RFC 9562."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """A new UUID: 48 bits of Unix milliseconds, 12 bits of parts of one, then 62 random bits.

    What a process makes one after another is in this order in every list (method 3 of section 6.2:
    a part of a millisecond takes the place of random bits; 1/4096 ms is shorter than a call).
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    part = rest * 4096 // 1_000_000
    chance = int.from_bytes(os.urandom(8), "big") >> 2
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | part << 64 | 0x2 << 62 | chance)
