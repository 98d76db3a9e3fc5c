"""The known words that a misspelt one may mean."""

from collections.abc import Iterable
from difflib import get_close_matches
from heapq import nlargest
from itertools import islice, pairwise

# Comparing two words takes quadratic time: they are shortened, and unlikely ones are ruled out.
_MAX_COMPARED = 128
_MAX_WORDS = 1000
_MAX_LIKELY = 20


def find_similar(word: str, known: Iterable[str], count: int = 1) -> list[str]:
    """Return the known words most similar to a word in any case, the most similar one first.

    Args:
        word: the word.
        known: the known words, of which the first 1,000 are compared.
        count: number of words at most.
    """
    by_text: dict[str, str] = {}
    for one in islice(known, _MAX_WORDS):
        by_text.setdefault(one.casefold()[:_MAX_COMPARED], one)
    text = word.strip().casefold()[:_MAX_COMPARED]
    parts = _parts(text)
    likely = nlargest(_MAX_LIKELY, by_text, key=lambda other: _overlap(parts, _parts(other)))
    return [by_text[found] for found in get_close_matches(text, likely, n=count)]


def _parts(text: str) -> set[str]:
    """Return the characters of a text and its pairs of neighbouring ones."""
    return {*text, *(one + other for one, other in pairwise(text))}


def _overlap(one: set[str], other: set[str]) -> float:
    """Return the common share of two sets: 2 |A ∩ B| / (|A| + |B|)."""
    return 2 * len(one & other) / max(len(one) + len(other), 1)
