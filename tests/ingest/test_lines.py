"""From a row of a table to the JSON object that it stands for."""

import orjson
import pytest

from tracker.ingest.lines import BadLine, from_row


@pytest.mark.parametrize("column", ["time", "received_at"])
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1577836800", 1577836800),
        ("9" * 18, 10**18 - 1),
        *((text, text) for text in ("9" * 19, "9" * 5_000, "\u0661\u0662", "\u00b2", "-1", "1.5", "2020-01-01")),
    ],
    ids=lambda value: ascii(value)[:12],
)
def test_a_time_is_a_number_where_it_can_be_one(column: str, cell: str, said: int | str) -> None:
    assert orjson.loads(from_row([column], [cell])) == {column: said}


def test_a_time_is_given_in_one_way() -> None:
    with pytest.raises(BadLine, match="time: is given as a whole and in parts"):
        from_row(["time", "time.insert"], ["2020-01-01", "2020-01-01"])
