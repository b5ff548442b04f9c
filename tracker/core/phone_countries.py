"""The country in front of a phone number, and the zero behind it (ITU-T E.164)."""

import re

# No country's code begins as another one's, so that whatever matches first is it.
_COUNTRY = r"\+(?>[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[12469]|9[0-58]|[2-689]\d\d)"
# There a zero is part of the number: Italy and whom it surrounds, the Ivory Coast, Benin, Congo, Norway, and numbers of
# no country.
_KEEPS_ZERO = ("+39", "+378", "+225", "+229", "+242", "+47", "+800", "+870", "+878", "+881", "+882", "+883", "+979")
_TRUNK = re.compile(rf"\A({_COUNTRY})0+")
# North America dials 011 for the plus. Turin, Delhi and São Paulo have numbers that begin so, of 12 digits at the most.
_FROM_AMERICA = re.compile(r"\A011(?=[1-9]\d{9})")


def international(number: str) -> str:
    """Return a number, given as digits with or without a plus, as it is dialled from abroad where it says its country.

    ``00`` and ``011`` become the plus, and the trunk zero, which is dialled within the country alone, is left out. One
    that says no country stays as it is.
    """
    number = _FROM_AMERICA.sub("+", f"+{number[2:]}" if number.startswith("00") else number)
    return number if number.startswith(_KEEPS_ZERO) else _TRUNK.sub(r"\1", number)
