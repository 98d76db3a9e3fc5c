"""The known words that a misspelt one may mean."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

# Comparing two words takes quadratic time: longer ones are shortened.
_MAX_COMPARED = 256
_MAX_WORDS = 1000


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
    return [by_text[found] for found in get_close_matches(text, by_text, n=count)]
