"""Feature hashing of free text (Weinberger et al. 2009)."""

import math
import re
import zlib

_WORD = re.compile(r"[^\W_]+")


def hash_words(text: str, buckets: int) -> dict[int, float]:
    """Return the nonzero buckets and their values: signed word counts scaled to unit length.

    A word is a run of letters and digits, in lower case. The lower 31 bits of its CRC-32 select its
    bucket, and the highest bit selects its sign, so that collisions cancel out on average.
    """
    counts: dict[int, int] = {}
    for word in _WORD.findall(text.lower()):
        checksum = zlib.crc32(word.encode())
        bucket = (checksum & 0x7FFF_FFFF) % buckets
        counts[bucket] = counts.get(bucket, 0) + (-1 if checksum >> 31 else 1)
    length = math.hypot(*counts.values())
    return {bucket: count / length for bucket, count in counts.items() if count}
