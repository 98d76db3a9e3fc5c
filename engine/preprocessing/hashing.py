"""Free text as counts of its words, hashed into buckets (Weinberger et al. 2009)."""

import math
import re
import zlib

_WORD = re.compile(r"[^\W_]+")


def hash_words(text: str, buckets: int) -> dict[int, float]:
    """The buckets that are not 0, and their values: counts of words, scaled to unit length.

    A word is a run of letters and digits, in lower case. Its CRC-32 tells its bucket by the lower
    31 bits, and by the highest whether it is added or subtracted, so that words which meet in a
    bucket cancel out on average.
    """
    counts: dict[int, int] = {}
    for word in _WORD.findall(text.lower()):
        checksum = zlib.crc32(word.encode())
        bucket = (checksum & 0x7FFF_FFFF) % buckets
        counts[bucket] = counts.get(bucket, 0) + (-1 if checksum >> 31 else 1)
    length = math.hypot(*counts.values())
    return {bucket: count / length for bucket, count in counts.items() if count}
