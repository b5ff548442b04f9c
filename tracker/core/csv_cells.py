"""Cells of a table that no spreadsheet takes for a formula, and back again."""

import re

_SIGNS = "=+\\-@\t\r\n＝＋－＠"
"""What a spreadsheet calculates begins with one of these; some of them read the wide ones as the plain ones."""
# A spreadsheet that expects semicolons or tabs between cells pays no heed to our quotes: a cell of its own may begin
# within one of ours, and a row of its own after any end of a line.
_WHERE = '(^[ "]*|[;\t\r\n][ "]*)'
_BARE = re.compile(f"{_WHERE}('*)(?=[{_SIGNS}])")
_MARKED = re.compile(f"{_WHERE}'('*)(?=[{_SIGNS}])")


def neutral(value: object) -> object:
    """Return the value of a cell with an apostrophe before what would be calculated; numbers stay numbers.

    ``plain`` takes these apostrophes away again, and leaves those that were there before.
    """
    return _BARE.sub(r"\1'\2", value) if isinstance(value, str) else value


def plain(text: str) -> str:
    """Return the text that was written as this cell."""
    return _MARKED.sub(r"\1\2", text)
