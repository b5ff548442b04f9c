"""Numbers with their nouns, as people are told them."""


def noun(number: int, one: str, many: str = "") -> str:
    """Return the noun as it stands after a number; one that takes more than an s in the plural has ``many`` given."""
    return one if number == 1 else many or f"{one}s"


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number and its noun: ``1 visit``, ``2,000 visits``."""
    return f"{number:,} {noun(number, one, many)}"
