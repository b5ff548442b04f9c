"""No cell is a formula, in whatever way a spreadsheet cuts the table, and what is read back is what was written."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.csv_cells import neutral, plain

SIGNS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        (";=1+1", ";'=1+1"),
        ("a;b; @x", "a;b; '@x"),
        ("a\n+1", "a\n'+1"),
        ("＝1+1", "'＝1+1"),
        (" =1", " '=1"),
        (';"=1"', ';"\'=1"'),
        ("\t=1", "'\t'=1"),
        ("-", "'-"),
        ("a=1", "a=1"),
        ("it's", "it's"),
        ("'tis", "'tis"),
        ("", ""),
        (-5, -5),
        (-0.5, -0.5),
        (None, None),
    ],
)
def test_what_would_be_calculated_begins_with_an_apostrophe(value: object, cell: object) -> None:
    assert neutral(value) == cell
    if isinstance(value, str):
        assert plain(str(cell)) == value


@given(st.text(alphabet="a'\";, " + SIGNS) | st.text())
def test_what_is_read_back_is_what_was_written(value: str) -> None:
    assert plain(str(neutral(value))) == value


@given(st.lists(st.text(alphabet="a'\";, " + SIGNS), min_size=1), st.sampled_from([";", "\t", ","]))
def test_no_cell_is_a_formula_whatever_separates_the_cells(values: list[str], separator: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow([neutral(value) for value in values])
    if separator == ",":
        cells = next(csv.reader(io.StringIO(text.getvalue(), newline="")))
    else:
        # The worst that a program can do: it heeds no quotes at all, and cuts at every separator and end of a line.
        cells = text.getvalue().replace("\r", "\n").replace("\n", separator).split(separator)
    for cell in cells:
        assert not cell.lstrip(' "').startswith(tuple(SIGNS)), cell
