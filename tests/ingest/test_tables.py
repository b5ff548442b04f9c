"""Tables: what is written is read back, and a line that is no row costs no other line."""

import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.csv_cells import plain
from tracker.ingest.tables import LONGEST_ROW, read_table, write_table


def read(text: str) -> list[tuple[int, list[str] | None]]:
    return [(entry.number, entry.cells) for entry in read_table(io.BytesIO(text.encode()))]


def test_text_is_quoted_numbers_are_numbers_and_the_file_begins_with_a_mark() -> None:
    out = io.BytesIO()
    write_table(out, ["name", "times"], [("=1+1", -5), ('a "b", c', 0.5), (None, 0)])
    assert out.getvalue() == b'\xef\xbb\xbf"name","times"\r\n"\'=1+1",-5\r\n"a ""b"", c",0.5\r\n"",0\r\n'


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2).filter(any), min_size=1))
def test_what_was_written_is_read_back(rows: list[list[str]]) -> None:
    out = io.BytesIO()
    write_table(out, ["a", "b"], rows)
    out.seek(0)
    names, *found = read_table(out)
    assert names.cells == ["a", "b"]
    assert [[plain(cell) for cell in entry.cells or ()] for entry in found] == rows


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_rows_may_go_over_lines_and_are_numbered_by_the_line_they_begin_in(ending: str) -> None:
    text = ending.join(["a,b", '1,"two', 'lines"', "", "3,4"])
    assert read(text) == [(1, ["a", "b"]), (2, ["1", f"two{ending}lines"]), (5, ["3", "4"])]


@pytest.mark.parametrize(
    "bad",
    ['1,"not closed', '1,5" wide', '1,"a"b', '1,"a" ', '"', '1,"""', 'a "quoted" word,2'],
)
@pytest.mark.parametrize(
    "after", [["3,4"] * 400, ['3,"quoted"'] * 400, ['3,""'], ['3,",4"'], ['",3",4', "5,6"], ['"3"",",4'], []]
)
def test_a_line_that_is_no_row_costs_none_of_those_after_it(bad: str, after: list[str]) -> None:
    rows = read("\n".join(["a,b", bad, *after]) + "\n")
    assert rows[:2] == [(1, ["a", "b"]), (2, None)]
    assert [cells for _, cells in rows[2:]] == list(csv.reader(after))
    assert [number for number, _ in rows[2:]] == list(range(3, 3 + len(after)))


def test_a_quote_that_is_never_closed_takes_time_by_the_length_of_the_file() -> None:
    lines = ["a,b", *('1,"x' if n % 3 == 0 else "1,2" for n in range(30_000))]
    started = time.process_time()
    rows = read("\n".join(lines))
    assert len(rows) == 30_001
    assert time.process_time() - started < 10
    assert [cells for _, cells in read('"' + "x" * LONGEST_ROW + "\n1,2\n")] == [None, ["1", "2"]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_first_row_says_what_separates_cells(separator: str) -> None:
    rows = [['"a,;\tb"', "b", "c"], ["1", '"2,;\t"', "3"], ["x y", "", "z"]]
    found = read("\n\n".join(map(separator.join, rows)))
    assert found == [(1, ["a,;\tb", "b", "c"]), (3, ["1", "2,;\t", "3"]), (5, ["x y", "", "z"])]


def test_a_cell_that_is_too_long_is_told_in_plain_words() -> None:
    _, entry, after = read_table(io.BytesIO(b"a,b\n1," + b"x" * 131_073 + b"\n3,4\n"))
    assert (entry.cells, after.cells) == (None, ["3", "4"])
    assert entry.problem == "A cell has more than 131,072 characters, which is more than an event may."
