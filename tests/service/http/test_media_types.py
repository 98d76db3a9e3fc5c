"""Media types and Accept headers: weights, specificity, malformed headers."""

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.media_types import CSV, JSON, choose, parse_media_type, plain_media_type

STREAM = "text/event-stream"
OFFERED = (JSON, CSV, "application/x-npz")
WEIGHTS = ("0", "0.0", "0.001", "0.5", "0.50", "1", "1.000")

FEW = settings(max_examples=50)

ranges = st.sampled_from([*OFFERED, "text/*", "application/*", "*/*", "image/png", "TEXT/CSV"])
parameters = st.sampled_from(["", ";header=present", ';x="a,b;q=0"', "; ;"])
media_ranges = st.builds(
    lambda name, parameter, weight: f"{name}{parameter}{weight}",
    ranges,
    parameters,
    st.sampled_from(["", *(f";q={weight}" for weight in WEIGHTS)]),
)
# Characters that the grammar gives a meaning to, and others.
texts = st.text(max_size=20) | st.text(alphabet=',;"\\ \t=/*q01.atextcsv', max_size=40)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("text/csv", CSV),
        ("Text/CSV; Q=0.9, text/plain", CSV),
        ("text/csv;q=0.5, application/json", JSON),
        ("application/json;q=0.2, text/csv;q=0.3", CSV),
        ("application/json;q=0, */*", CSV),
        ("text/*", CSV),
        ("text/csv, */*", CSV),
        ("*/*, text/csv;q=0.1", JSON),
        ("text/*;q=0.1, text/csv;q=0.7, application/*;q=0.6", CSV),
        ('text/csv;note="q=0, text/html";q=0.5, application/json;q=0.4', CSV),
        ("application/json; charset=utf-8", JSON),
        ("image/png", None),
        ("*/*;q=0", None),
    ],
)
def test_heaviest_then_most_specific_range_wins(accept: str, chosen: str | None) -> None:
    assert choose(accept, (JSON, CSV)) == chosen


@pytest.mark.parametrize("accept", ["", " ", "*/*", "text/csv, application/json", "*/*;q=0.1"])
def test_first_offered_representation_wins_a_tie(accept: str) -> None:
    assert choose(accept, (JSON, CSV)) == JSON
    assert choose(accept, (CSV, JSON)) == CSV


@pytest.mark.parametrize(
    "accept", [",", "nonsense", "a/b/c", "text/csv;q=2", "text/csv;q=x", "te xt/csv", ";text/csv"]
)
def test_malformed_ranges_are_ignored(accept: str) -> None:
    assert choose(accept, (JSON, CSV)) == JSON
    assert choose(f"{accept}, text/csv", (JSON, CSV)) == CSV


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("text/event-stream", STREAM),
        ("application/json, text/event-stream", STREAM),
        ("application/json;q=0, text/event-stream", STREAM),
        ("text/event-stream, */*", STREAM),
        ("text/event-stream;q=0.5, application/json", JSON),
        ("*/*", JSON),
        ("", JSON),
        ("text/*", None),
    ],
)
def test_wildcards_do_not_select_a_type_that_must_be_named(accept: str, chosen: str | None) -> None:
    assert choose(accept, (STREAM, JSON), only_named=(STREAM,)) == chosen


@FEW
@given(texts)
def test_no_header_raises(text: str) -> None:
    assert choose(text, OFFERED) in {*OFFERED, None}
    parsed = parse_media_type(text)
    assert parsed is None or parsed.essence == plain_media_type(text)


@FEW
@given(st.lists(media_ranges, min_size=1, max_size=5), st.randoms())
def test_order_of_the_ranges_does_not_matter(names: list[str], random: Random) -> None:
    shuffled = random.sample(names, len(names))
    assert choose(",".join(names), OFFERED) == choose(", ".join(shuffled), OFFERED)


@FEW
@given(st.lists(media_ranges, max_size=5), st.sampled_from(OFFERED))
def test_weight_of_zero_excludes_a_media_type(names: list[str], refused: str) -> None:
    others = [name for name in names if not name.lower().startswith(refused)]
    assert choose(",".join([*others, f"{refused};q=0"]), OFFERED) != refused


@FEW
@given(st.sampled_from(OFFERED), st.lists(st.sampled_from(OFFERED), max_size=4))
def test_only_range_without_a_lower_weight_wins(named: str, others: list[str]) -> None:
    lower = [f"{other};q=0.9" for other in others if other != named]
    assert choose(",".join([*lower, named]), OFFERED) == named


def test_parameters_may_be_quoted() -> None:
    parsed = parse_media_type('Multipart/Form-Data; Boundary="a \\"b\\";c" ; x=1; x=2')
    assert parsed is not None
    assert parsed.essence == "multipart/form-data"
    assert parsed.parameters == {"boundary": 'a "b";c', "x": "1"}


@pytest.mark.parametrize("text", ["", "text", "text/", "/csv", "a/b/c", "text /csv", "text/csv x"])
def test_malformed_media_type_is_none(text: str) -> None:
    assert parse_media_type(text) is None


@pytest.mark.parametrize("text", ['"\\' * 40_000, '"' * 80_001, "," * 80_000, 'a/b;c="' * 11_000])
def test_hostile_header_is_parsed_in_linear_time(text: str) -> None:
    start = time.process_time()
    choose(text, OFFERED)
    parse_media_type(text)
    # Reading the rest again at every quote takes ten seconds.
    assert time.process_time() - start < 1
