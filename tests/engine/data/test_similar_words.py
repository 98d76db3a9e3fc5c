"""The known words that a misspelt one may mean."""

import time

from engine.data.similar_words import find_similar


def test_the_most_similar_words_come_first_in_any_case() -> None:
    known = ["petal_width", "Petal_Length", "sepal_length", "kind"]
    assert find_similar(" petal_lenght", known) == ["Petal_Length"]
    assert find_similar("PETAL_LENGTH", known, 2) == ["Petal_Length", "sepal_length"]


def test_unlike_words_are_not_suggested() -> None:
    assert find_similar("colour", ["width", "height"]) == []
    assert find_similar("", ["width"]) == []
    assert find_similar("width", []) == []


def test_time_is_bounded() -> None:
    before = time.process_time()
    find_similar("ab" * 10**6, ("ba" * 10**4 + str(n) for n in range(10**4)))
    assert time.process_time() - before < 2
