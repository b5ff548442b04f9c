"""One of a thing is told in the singular, any other number in the plural."""

import pytest

from tracker.core.plurals import counted, noun


@pytest.mark.parametrize(
    ("number", "nouns", "said"),
    [
        (1, ("event",), "1 event"),
        (0, ("event",), "0 events"),
        (2_000, ("event",), "2,000 events"),
        (1, ("person", "people"), "1 person"),
        (3, ("person", "people"), "3 people"),
    ],
)
def test_a_noun_goes_by_its_number(number: int, nouns: tuple[str, ...], said: str) -> None:
    assert counted(number, *nouns) == said
    assert said.endswith(noun(number, *nouns))
